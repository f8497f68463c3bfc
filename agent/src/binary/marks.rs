//! What the constants of a file say: versions, and TLS code whose symbols were removed.
//!
//! Constants are in segments that are neither code nor data that changes; older linkers put them beside the code.

use std::sync::LazyLock;

use super::{
    found::{Found, Runtime, Unseen},
    image::{Image, Segment, until_nul},
    search::Search,
};

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks<'a> {
    /// `3.0.19` of libcrypto's `OpenSSL 3.0.19 27 Jan 2026`. A program that only was compiled with OpenSSL may have it too.
    pub openssl: Option<&'a str>,
    /// The same for LibreSSL.
    pub libressl: Option<&'a str>,
    /// BoringSSL names itself.
    pub boringssl: bool,
    /// There is code of libssl: the path of its source file, which errors carry, BoringSSL's included.
    pub ssl_code: bool,
    /// `0.23.35` of the path of rustls' sources, which panics carry.
    pub rustls: Option<&'a str>,
}

const PATTERNS: [&str; 6] =
    ["OpenSSL ", "LibreSSL ", "BoringSSL", "ssl/ssl_lib.c", "/rustls-0.", "\\rustls-0."];
static SEARCH: LazyLock<Search> = LazyLock::new(|| Search::new(&PATTERNS));

/// Reads the constants, the first time; up to [`crate::limits::BINARY_SEARCHED`] bytes.
pub(super) fn read<'a>(image: &Image<'a>) -> Marks<'a> {
    image.marks(|| {
        let constant = |segment: &Segment<'a>| !segment.writable && !segment.executable;
        // The first segment has the headers, and constants only in a file of old linkers.
        let apart = image.segments().iter().any(|segment| constant(segment) && segment.offset != 0);
        let mut marks = Marks::default();
        for segment in image.spans(|segment| constant(segment) || (!apart && !segment.writable)) {
            of_segment(segment.bytes, &mut marks);
        }
        marks
    })
}

fn of_segment<'a>(bytes: &'a [u8], marks: &mut Marks<'a>) {
    SEARCH.each(bytes, |pattern, found| {
        let after = || bytes.get(found.end..).unwrap_or_default();
        match pattern {
            0 if marks.openssl.is_none() => marks.openssl = dated(after()),
            1 if marks.libressl.is_none() => marks.libressl = version(after()),
            2 => marks.boringssl = true,
            3 => marks.ssl_code = true,
            4 | 5 if marks.rustls.is_none() => {
                marks.rustls = bytes.get(found.end - 2..).and_then(version);
            }
            _ => {}
        }
        true
    });
}

/// Digits, dots and, for OpenSSL up to 1.1, a letter: `1.1.1w`. It begins with a digit and has a dot.
fn version(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.get(..32.min(bytes.len()))?;
    let end = bytes
        .iter()
        .position(|byte| !(byte.is_ascii_digit() || *byte == b'.' || byte.is_ascii_lowercase()))
        .unwrap_or(bytes.len());
    let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
    (text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('.')).then_some(text)
}

/// A version that a date follows.
fn dated(bytes: &[u8]) -> Option<&str> {
    let version = version(bytes)?;
    let rest = until_nul(bytes)?.get(version.len()..)?;
    let mut words = rest.split_ascii_whitespace().skip_while(|word| word.starts_with('-'));
    let day = words.next().is_some_and(|day| day.len() <= 2 && day.bytes().all(|byte| byte.is_ascii_digit()));
    let month = words.next().is_some_and(|month| month.len() == 3);
    (day && month).then_some(version)
}

/// Adds code whose functions have no names.
pub(super) fn look(image: &Image<'_>, runtimes: &mut Vec<Found>) {
    let known = |runtime: &[Runtime]| runtimes.iter().any(|found| runtime.contains(&found.runtime));
    if known(&[Runtime::OpenSsl, Runtime::BoringSsl, Runtime::LibreSsl])
        || image.needed().any(|library| library.starts_with("libssl.so"))
        || image.soname().is_some_and(|soname| soname.starts_with("libcrypto.so"))
    {
        return;
    }
    let marks = read(image);
    if !marks.ssl_code {
        return;
    }
    let (runtime, version) = match (marks.boringssl, marks.libressl, marks.openssl) {
        (true, ..) => (Runtime::BoringSsl, None),
        (_, Some(version), _) => (Runtime::LibreSsl, Some(version)),
        (.., version) => (Runtime::OpenSsl, version),
    };
    let mut found = Found::new(runtime, version.map(Into::into));
    found.unseen = Some(Unseen {
        why: "libssl is linked statically and its symbols were removed, so its functions can't be found",
        advice: "keep the symbol table of the program (no strip, no -s), or terminate TLS in a proxy in front of it",
        partly: false,
    });
    runtimes.push(found);
}
