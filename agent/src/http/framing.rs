//! Where a message's body ends (RFC 9112 section 6.3).

use super::{
    anomaly::{self, note},
    fields::{Fields, Length, Transfer},
    message::Anomaly,
    pairing::Kind,
};

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is no body.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
    /// Everything until the sender closes.
    UntilClose,
    /// Can't be told: what comes is kept as body until the message is answered.
    Unknown,
}

/// Of a request.
pub(super) fn of_request(fields: &Fields, version: u8, anomalies: &mut Vec<Anomaly>) -> Framing {
    match fields.transfer(anomalies) {
        Transfer::None => match fields.length {
            Length::None | Length::Is(0) => Framing::None,
            Length::Is(n) => Framing::Length(n),
            Length::Bad => Framing::Unknown,
        },
        transfer => {
            note_conflict(fields, anomalies);
            if version == 0 {
                note(anomalies, anomaly::BAD_TRANSFER_ENCODING, || {
                    "Transfer-Encoding in an HTTP/1.0 request".into()
                });
            }
            if transfer == Transfer::Chunked { Framing::Chunked } else { Framing::Unknown }
        }
    }
}

/// Of a final response to a request of this kind.
pub(super) fn of_response(fields: &Fields, status: u16, to: Kind, anomalies: &mut Vec<Anomaly>) -> Framing {
    if to == Kind::Head || matches!(status, 100..=199 | 204 | 304) {
        return Framing::None;
    }
    match fields.transfer(anomalies) {
        Transfer::None => match fields.length {
            Length::Is(0) => Framing::None,
            Length::Is(n) => Framing::Length(n),
            Length::None | Length::Bad => Framing::UntilClose,
        },
        transfer => {
            note_conflict(fields, anomalies);
            if transfer == Transfer::Chunked { Framing::Chunked } else { Framing::UntilClose }
        }
    }
}

fn note_conflict(fields: &Fields, anomalies: &mut Vec<Anomaly>) {
    if fields.length != Length::None {
        note(anomalies, anomaly::CONFLICTING_LENGTH, || {
            "Content-Length beside Transfer-Encoding; read by Transfer-Encoding".into()
        });
    }
}
