//! What the constants of a file say: versions, and TLS code whose symbols were removed.
//!
//! They are asked last, because they are the largest part of many a file.

use std::sync::LazyLock;

use super::{
    found::{Found, Runtime, Unseen},
    image::Image,
    search::Search,
};
use crate::limits;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// `3.0.19` of libcrypto's `OpenSSL 3.0.19 27 Jan 2026`. A program that only was compiled with OpenSSL may have it too.
    pub openssl: Option<Box<str>>,
    /// The same for LibreSSL.
    pub libressl: Option<Box<str>>,
    /// BoringSSL names itself.
    pub boringssl: bool,
    /// There is code of libssl: the path of its source file, which errors carry, BoringSSL's included.
    pub ssl_code: bool,
    /// `0.23.35` of the path of rustls' sources, which panics carry.
    pub rustls: Option<Box<str>>,
}

const PATTERNS: [&str; 6] =
    ["OpenSSL ", "LibreSSL ", "BoringSSL", "ssl/ssl_lib.c", "/rustls-0.", "\\rustls-0."];
static SEARCH: LazyLock<Search> = LazyLock::new(|| Search::new(&PATTERNS));

/// Bytes behind a mark that are looked at: a version and a date.
const BEHIND: u64 = 64;

/// Reads the constants, the first time; up to [`limits::BINARY_SEARCHED`] bytes.
pub(super) fn read<'i>(image: &'i Image<'_>) -> &'i Marks {
    image.marks(|| {
        let (mut marks, mut looks) = (Marks::default(), 0);
        for constants in image.constants() {
            SEARCH.each(constants, |pattern, found| {
                let mut behind = |at| {
                    looks += 1;
                    let near = if looks <= limits::BINARY_SYMBOLS { BEHIND } else { 0 };
                    constants.from(at).and_then(|rest| rest.first(near).bytes())
                };
                match pattern {
                    0 if marks.openssl.is_none() => {
                        marks.openssl = behind(found.end).as_deref().and_then(dated)
                    }
                    1 if marks.libressl.is_none() => {
                        marks.libressl = behind(found.end).as_deref().and_then(version).map(Into::into);
                    }
                    2 => marks.boringssl = true,
                    3 => marks.ssl_code = true,
                    4 | 5 if marks.rustls.is_none() => {
                        marks.rustls = behind(found.end - 2).as_deref().and_then(version).map(Into::into);
                    }
                    _ => {}
                }
                true
            });
        }
        marks
    })
}

impl Marks {
    /// What a text says that a library gives out as its version.
    pub fn of_text(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        let mut marks = Self::default();
        match name {
            "OpenSSL" => marks.openssl = Some(dated(rest.as_bytes())?),
            "LibreSSL" => marks.libressl = Some(version(rest.as_bytes())?.into()),
            "BoringSSL" => marks.boringssl = true,
            _ => return None,
        }
        Some(marks)
    }
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
fn dated(bytes: &[u8]) -> Option<Box<str>> {
    let version = version(bytes)?;
    let rest = bytes.get(version.len()..)?.split(|byte| *byte == 0).next()?;
    let words = rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut words = words.skip_while(|word| word.starts_with(b"-"));
    let day = words.next().is_some_and(|day| day.len() <= 2 && day.iter().all(u8::is_ascii_digit));
    let month = words.next().is_some_and(|month| month.len() == 3);
    (day && month).then(|| version.into())
}

/// Adds code whose functions have no names. Where there can't be any, constants are not read.
pub(super) fn look(image: &Image<'_>, runtimes: &mut Vec<Found>) {
    let known = |runtime: &[Runtime]| runtimes.iter().any(|found| runtime.contains(&found.runtime));
    if known(&[Runtime::OpenSsl, Runtime::BoringSsl, Runtime::LibreSsl])
        || !image.may_hide_tls()
        || image.needed().any(|library| library.starts_with("libssl.so"))
        || image.soname().is_some_and(|soname| soname.starts_with("libcrypto.so"))
    {
        return;
    }
    let marks = read(image);
    if !marks.ssl_code {
        return;
    }
    let (runtime, version) = match (marks.boringssl, marks.libressl.as_ref(), marks.openssl.as_ref()) {
        (true, ..) => (Runtime::BoringSsl, None),
        (_, Some(version), _) => (Runtime::LibreSsl, Some(version)),
        (.., version) => (Runtime::OpenSsl, version),
    };
    let mut found = Found::new(runtime, version.cloned());
    found.unseen = Some(Unseen {
        why: "libssl is linked statically and its symbols were removed, so its functions can't be found",
        advice: "keep the symbol table of the program (no strip, no -s), or terminate TLS in a proxy in front of it",
        partly: false,
    });
    runtimes.push(found);
}
