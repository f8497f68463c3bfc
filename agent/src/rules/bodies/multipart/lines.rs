//! Lines of a body.

/// A line and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'b> {
    /// Without its end.
    pub text: &'b [u8],
    /// How it ends.
    pub end: LineEnd,
    /// Where it begins in the body.
    pub start: usize,
    /// Where the next one begins.
    pub next: usize,
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnd {
    Crlf,
    Lf,
    /// With the body.
    None,
}

impl LineEnd {
    pub fn len(self) -> usize {
        match self {
            Self::Crlf => 2,
            Self::Lf => 1,
            Self::None => 0,
        }
    }
}

impl<'b> Line<'b> {
    /// The line that begins at `start`; none behind the last byte.
    pub fn at(body: &'b [u8], start: usize) -> Option<Self> {
        let rest = body.get(start..).filter(|rest| !rest.is_empty())?;
        let Some(feed) = memchr::memchr(b'\n', rest) else {
            return Some(Self { text: rest, end: LineEnd::None, start, next: body.len() });
        };
        let text = rest.get(..feed).unwrap_or_default();
        let next = start + feed + 1;
        Some(match text.strip_suffix(b"\r") {
            Some(text) => Self { text, end: LineEnd::Crlf, start, next },
            None => Self { text, end: LineEnd::Lf, start, next },
        })
    }
}
