//! The chunked transfer coding (RFC 9112 section 7.1), read as it comes.

use memchr::{memchr, memmem};

use super::{
    anomaly::{self, excerpt, note},
    message::Anomaly,
};

/// Digits of a chunk size: 16 hold any 64-bit number.
const MAX_DIGITS: u8 = 16;
/// Bytes of extensions behind a chunk size; Node takes 16 KiB in all, nginx ignores any.
const MAX_EXTENSION: u16 = 4096;
/// Bytes of trailer fields.
const MAX_TRAILER: usize = 8 * 1024;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// In the digits of a chunk size.
    Size { value: u64, digits: u8 },
    /// Between the digits and an extension or the line's end; `cr`: CR was seen.
    AfterSize { value: u64, cr: bool },
    /// In an extension.
    Extension { value: u64, len: u16, cr: bool },
    /// In chunk data, so many bytes left.
    Data(u64),
    /// Behind chunk data; `cr`: CR was seen.
    DataEnd { cr: bool },
    /// In the trailer section.
    Trailer,
}

/// What came of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All of them used, more to come.
    More,
    /// The body ends with these.
    Done,
    /// Not chunked coding from here on.
    Bad,
}

/// A chunked body, read so far.
#[derive(Debug)]
pub(super) struct Chunked {
    step: Step,
    trailer: Vec<u8>,
    line_start: usize,
}

impl Chunked {
    pub fn new() -> Self {
        Self { step: Step::Size { value: 0, digits: 0 }, trailer: Vec::new(), line_start: 0 }
    }

    /// Memory held.
    pub fn capacity(&self) -> usize {
        self.trailer.capacity()
    }

    /// Bytes left of the chunk's data.
    pub fn data_left(&self) -> u64 {
        if let Step::Data(left) = self.step { left } else { 0 }
    }

    /// Passes over `n` bytes of the chunk's data without seeing them. False: there are not so many.
    pub fn pass(&mut self, n: u64) -> bool {
        let left = self.data_left();
        if n == 0 || n > left {
            return false;
        }
        self.step = if n == left { Step::DataEnd { cr: false } } else { Step::Data(left - n) };
        true
    }

    /// The trailer section, lines with their ends.
    pub fn into_trailer(self) -> Vec<u8> {
        self.trailer
    }

    /// Reads on; content goes to `content`. Returns the bytes used.
    pub fn feed(
        &mut self,
        data: &[u8],
        anomalies: &mut Vec<Anomaly>,
        mut content: impl FnMut(&[u8]),
    ) -> (usize, Outcome) {
        let mut at = 0;
        while let Some(&b) = data.get(at) {
            match self.step {
                Step::Data(left) => {
                    let rest = data.get(at..).unwrap_or_default();
                    let n = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    content(rest.get(..n).unwrap_or(rest));
                    at += n;
                    self.pass(n as u64);
                    continue;
                }
                Step::Trailer => {
                    let (used, outcome) = self.trailer_line(data.get(at..).unwrap_or_default(), anomalies);
                    at += used;
                    if outcome != Outcome::More {
                        return (at, outcome);
                    }
                    continue;
                }
                step => match next(step, b, anomalies) {
                    Ok(step) => self.step = step,
                    Err((kind, what)) => {
                        note(anomalies, kind, || {
                            format!("{what}, got {}", excerpt(data.get(at..).unwrap_or_default()))
                        });
                        return (at, Outcome::Bad);
                    }
                },
            }
            at += 1;
        }
        (at, Outcome::More)
    }

    /// Takes trailer bytes up to the end of a line.
    fn trailer_line(&mut self, data: &[u8], anomalies: &mut Vec<Anomaly>) -> (usize, Outcome) {
        let lf = memchr(b'\n', data);
        let used = lf.map_or(data.len(), |lf| lf + 1);
        if self.trailer.is_empty() && data.starts_with(b"\r\n") {
            return (2, Outcome::Done);
        }
        if self.trailer.len() + used > MAX_TRAILER {
            note(anomalies, anomaly::TRAILER_TOO_LARGE, || {
                format!("more than {MAX_TRAILER} bytes of trailer")
            });
            return (0, Outcome::Bad);
        }
        self.trailer.extend_from_slice(data.get(..used).unwrap_or(data));
        if lf.is_none() {
            return (used, Outcome::More);
        }
        let line = self.trailer.get(self.line_start..).unwrap_or_default();
        let (empty, bare) = (matches!(line, b"\n" | b"\r\n"), !line.ends_with(b"\r\n"));
        if bare {
            note_bare_lf(anomalies);
        }
        self.line_start = self.trailer.len();
        (used, if empty { Outcome::Done } else { Outcome::More })
    }
}

/// Where in a piece a chunked body may end: behind each last chunk that stands on a line of its own, without
/// trailer fields.
pub(super) fn ends(piece: &[u8]) -> impl Iterator<Item = usize> {
    const LAST: &[u8] = b"0\r\n\r\n";
    let on_its_own = |&at: &usize| piece.get(..at).is_some_and(|before| at == 0 || before.ends_with(b"\r\n"));
    memmem::find_iter(piece, LAST).filter(on_its_own).map(|at| at + LAST.len())
}

type Bad = (&'static str, &'static str);

/// One byte of framing.
fn next(step: Step, b: u8, anomalies: &mut Vec<Anomaly>) -> Result<Step, Bad> {
    const SIZE: Bad = (anomaly::BAD_CHUNK_SIZE, "expected a chunk size in hexadecimal and a line end");
    const END: Bad = (anomaly::BAD_CHUNK_END, "expected a line end behind chunk data");
    let end_of_line = |value| if value == 0 { Step::Trailer } else { Step::Data(value) };
    Ok(match (step, b) {
        (Step::Size { value, digits }, b) if b.is_ascii_hexdigit() => {
            if digits == MAX_DIGITS {
                return Err(SIZE);
            }
            let digit = u64::from((b as char).to_digit(16).unwrap_or(0));
            Step::Size { value: (value << 4) | digit, digits: digits + 1 }
        }
        (Step::Size { digits: 0, .. }, _) => return Err(SIZE),
        (Step::Size { value, .. } | Step::AfterSize { value, cr: false }, b'\r') => {
            Step::AfterSize { value, cr: true }
        }
        (Step::Size { value, .. } | Step::AfterSize { value, cr: false }, b'\n') => {
            note_bare_lf(anomalies);
            end_of_line(value)
        }
        (Step::AfterSize { value, cr: true }, b'\n') => end_of_line(value),
        (Step::Size { value, .. } | Step::AfterSize { value, cr: false }, b' ' | b'\t') => {
            Step::AfterSize { value, cr: false }
        }
        (Step::Size { value, .. } | Step::AfterSize { value, cr: false }, b';') => {
            Step::Extension { value, len: 0, cr: false }
        }
        (Step::Size { .. } | Step::AfterSize { .. }, _) => return Err(SIZE),
        (Step::Extension { value, cr, .. }, b'\n') => {
            if !cr {
                note_bare_lf(anomalies);
            }
            end_of_line(value)
        }
        (Step::Extension { len: MAX_EXTENSION, .. }, _) => {
            return Err((anomaly::CHUNK_EXTENSION_TOO_LARGE, "expected the end of chunk extensions"));
        }
        (Step::Extension { value, len, .. }, b) => Step::Extension { value, len: len + 1, cr: b == b'\r' },
        (Step::DataEnd { cr: false }, b'\r') => Step::DataEnd { cr: true },
        (Step::DataEnd { cr }, b'\n') => {
            if !cr {
                note_bare_lf(anomalies);
            }
            Step::Size { value: 0, digits: 0 }
        }
        (Step::DataEnd { .. }, _) => return Err(END),
        // Read in bulk by the caller.
        (Step::Data(_) | Step::Trailer, _) => step,
    })
}

fn note_bare_lf(anomalies: &mut Vec<Anomaly>) {
    note(anomalies, anomaly::BARE_LF, || "a line of the chunked coding ends in a bare LF".into());
}
