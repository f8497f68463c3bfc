//! Header fields that decide how a message is read.

use bytes::Bytes;

use super::{
    anomaly::{self, excerpt, note},
    coding::Coding,
    message::Anomaly,
};

/// Content-Length as sent (RFC 9110 section 8.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Length {
    /// Not there.
    #[default]
    None,
    /// A number, perhaps several times the same.
    Is(u64),
    /// Not a number, or several that differ.
    Bad,
}

/// Transfer-Encoding as sent (RFC 9112 section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    /// Not there.
    None,
    /// Ends in `chunked`, which is there once.
    Chunked,
    /// Anything else: where the body ends can't be told.
    Bad,
}

/// One member of the Transfer-Encoding list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TransferCoding {
    Chunked,
    Other(Option<Coding>),
}

/// What the fields of a head say about its body.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub length: Length,
    /// Content codings in the order they were applied; `None`: one that is not known.
    content: Vec<Option<Coding>>,
    transfer: Vec<TransferCoding>,
    /// `Expect: 100-continue`.
    pub expect_continue: bool,
    /// Host fields.
    pub hosts: usize,
}

impl Fields {
    /// Takes a field into account.
    pub fn note(&mut self, name: &[u8], value: &[u8], anomalies: &mut Vec<Anomaly>) {
        let is = |n: &[u8]| name.eq_ignore_ascii_case(n);
        match name.len() {
            4 if is(b"host") => self.hosts += 1,
            6 if is(b"expect") => self.expect_continue |= value.eq_ignore_ascii_case(b"100-continue"),
            14 if is(b"content-length") => self.note_length(value, anomalies),
            16 if is(b"content-encoding") => {
                let codings = list(value).filter(|t| !t.is_empty()).filter_map(content_coding);
                self.content.extend(codings);
            }
            17 if is(b"transfer-encoding") => self.transfer.extend(list(value).map(|token| {
                if token.eq_ignore_ascii_case(b"chunked") {
                    TransferCoding::Chunked
                } else {
                    TransferCoding::Other(Coding::named(token))
                }
            })),
            _ => {}
        }
    }

    /// The codings to undo, in the order they were applied: content codings, then transfer codings.
    pub fn codings(&mut self) -> Vec<Option<Coding>> {
        let mut codings = std::mem::take(&mut self.content);
        codings.extend(self.transfer.drain(..).filter_map(|t| match t {
            TransferCoding::Chunked => None,
            TransferCoding::Other(coding) => Some(coding),
        }));
        codings
    }

    /// How the body is delimited by Transfer-Encoding.
    pub fn transfer(&self, anomalies: &mut Vec<Anomaly>) -> Transfer {
        let Some((last, before)) = self.transfer.split_last() else { return Transfer::None };
        let known = |t: &TransferCoding| matches!(t, TransferCoding::Other(Some(_)));
        if *last != TransferCoding::Chunked || !before.iter().all(known) {
            note(anomalies, anomaly::BAD_TRANSFER_ENCODING, || {
                "Transfer-Encoding does not end in a single `chunked` after known codings".into()
            });
        }
        let once = !before.contains(&TransferCoding::Chunked);
        if *last == TransferCoding::Chunked && once { Transfer::Chunked } else { Transfer::Bad }
    }

    fn note_length(&mut self, value: &[u8], anomalies: &mut Vec<Anomaly>) {
        for part in list(value) {
            let number = parse_length(part);
            let before = self.length;
            self.length = match (before, number) {
                (Length::None, Some(n)) => Length::Is(n),
                (Length::Is(a), Some(b)) if a == b => before,
                _ => Length::Bad,
            };
            if before != Length::None {
                note(anomalies, anomaly::DUPLICATE_CONTENT_LENGTH, || {
                    format!("Content-Length again: {}", excerpt(part))
                });
            }
            if self.length == Length::Bad {
                note(anomalies, anomaly::BAD_CONTENT_LENGTH, || format!("Content-Length {}", excerpt(part)));
            }
        }
    }
}

/// `None`: `identity`, which is no coding; `Some(None)`: one that is not known.
fn content_coding(token: &[u8]) -> Option<Option<Coding>> {
    (!token.eq_ignore_ascii_case(b"identity")).then(|| Coding::named(token))
}

/// Parts of a comma-separated list, trimmed, without parameters' meaning.
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b',').map(<[u8]>::trim_ascii)
}

/// Digits only: no sign, no space inside (RFC 9110 section 8.6).
fn parse_length(part: &[u8]) -> Option<u64> {
    if part.is_empty() || !part.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(part).ok()?.parse().ok()
}

/// Slices of a head that share its memory.
pub(super) fn slice(head: &Bytes, part: &[u8]) -> Bytes {
    if part.is_empty() { Bytes::new() } else { head.slice_ref(part) }
}
