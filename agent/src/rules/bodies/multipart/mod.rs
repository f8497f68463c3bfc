//! `multipart/form-data` (RFC 7578, RFC 2046), read as ModSecurity does, with its strict flags.
//!
//! Line by line: a line that begins with two dashes and the boundary ends a part, the header of a part
//! ends with an empty line, its content is a piece of the body as it stands there. What ModSecurity
//! refuses is noted and read as a lenient server would.

mod content_type;
mod disposition;
mod flags;
mod lines;
mod part;
mod reader;
#[cfg(test)]
mod tests;

pub use flags::{Flags, Unmatched};
pub(super) use part::Part;

use super::{Buffers, Kind, Outcome, Sink};
use crate::limits;
use reader::Reader;

/// How a body is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Files before `MULTIPART_FILE_LIMIT_EXCEEDED` is set (`SecUploadFileLimit`). They are told all the
    /// same.
    pub files: usize,
    /// Only the beginning of the body is here: its end is no error.
    pub cut: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { files: limits::BODY_FILES, cut: false }
    }
}

/// What the flags need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Multipart {
    /// Errors and bounds.
    pub outcome: Outcome,
    /// Flags.
    pub flags: Flags,
    /// Files.
    pub files: usize,
    /// Bytes of all files: `FILES_COMBINED_SIZE`.
    pub files_size: usize,
}

impl Multipart {
    fn wrong(&mut self, what: &'static str, at: usize) {
        self.outcome.wrong(Kind::Multipart, what, at);
    }
}

/// Tells the parts of a body; `content_type` is the field of the request's header.
pub fn read(
    content_type: &[u8],
    body: &[u8],
    settings: Settings,
    buffers: &mut Buffers,
    sink: &mut impl Sink,
) -> Multipart {
    let mut read = Multipart::default();
    let field = content_type::read(content_type);
    read.flags.boundary_quoted = field.quoted;
    read.flags.boundary_whitespace = field.whitespace;
    read.flags.missing_semicolon = field.missing_semicolon;
    if let Some(what) = field.error {
        read.wrong(what, 0);
    }
    let Some(boundary) = field.boundary else { return read };
    if body.is_empty() {
        return read;
    }
    let mut delimiter = std::mem::take(&mut buffers.delimiter);
    delimiter.clear();
    delimiter.extend_from_slice(b"--");
    delimiter.extend_from_slice(boundary);
    let read = Reader::new(body, &delimiter, settings, &mut buffers.part, read, sink).run();
    buffers.delimiter = delimiter;
    read
}
