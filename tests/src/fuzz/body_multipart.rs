//! Multipart bodies.

use picket::rules::bodies::{Over, multipart};

use super::Told;

/// Input: the Content-Type field, a line feed, the body. It is read to its end or to a bound; no piece of it
/// is told more than a few times.
pub fn run(data: &[u8]) {
    let at = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (content_type, body) = (&data[..at], data.get(at + 1..).unwrap_or_default());
    for cut in [false, true] {
        let settings = multipart::Settings { files: 2, cut };
        let (told, read) =
            Told::twice(|buffers, sink| multipart::read(content_type, body, settings, buffers, sink));
        assert!(read.outcome.error.is_none_or(|error| error.at <= body.len()));
        assert!(read.outcome.over.is_none_or(|over| matches!(over, Over::Parts | Over::PartHeaders)));
        assert_eq!(read.flags.file_limit_exceeded, read.files > 2);
        assert!(read.files_size <= body.len());
        assert!(read.outcome.error.is_none() || read.strict_error());
        let contents: usize = told.0.iter().map(Vec::len).max().unwrap_or(0);
        assert!(contents <= body.len());
    }
}
