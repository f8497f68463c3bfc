//! What the http stage hands on.

use bytes::Bytes;
use picket_common::conn::Direction;

use crate::time::Ktime;

/// A header field as sent: name case kept, value without surrounding white space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Field name.
    pub name: Bytes,
    /// Field value.
    pub value: Bytes,
}

/// A message body: as much of it as the limits let through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Content after removing transfer and content codings; what rules judge. What does not decode
    /// stands as it was sent, behind what did.
    pub data: Bytes,
    /// Bytes of the body on the wire, before decoding, without chunk framing, as far as known.
    pub wire_len: u64,
    /// `data` is not all of it: over a limit, a gap, or a coding that could not be undone.
    pub cut: bool,
}

/// A request, complete as far as it will be.
#[derive(Clone, Debug)]
pub struct Request {
    /// Number of the request on its connection, from 0; its response has the same.
    pub number: u64,
    /// Method as sent.
    pub method: Bytes,
    /// Request target as sent: origin, absolute, authority or asterisk form (RFC 9112 section 3.2).
    pub target: Bytes,
    /// The protocol as sent, `HTTP/1.1`; empty without one.
    pub protocol: Bytes,
    /// HTTP minor version: 0 or 1.
    pub version: u8,
    /// Header fields, in order; then trailer fields. Fields whose line is malformed stand here too.
    pub headers: Vec<Header>,
    /// How many of `headers`, at the end, are trailer fields. They are judged like the others, but say
    /// nothing about who sent the request: a proxy passes them on as the client wrote them.
    pub trailers: usize,
    /// Body.
    pub body: Body,
    /// What is wrong with it, if anything.
    pub anomalies: Vec<Anomaly>,
    /// When its first byte was seen.
    pub started: Ktime,
    /// When its last byte was seen.
    pub ended: Ktime,
}

impl Request {
    /// The header fields without trailer fields.
    #[must_use]
    pub fn head_fields(&self) -> &[Header] {
        self.headers.get(..self.headers.len().saturating_sub(self.trailers)).unwrap_or(&self.headers)
    }

    /// Value of the first header field with this name (ASCII case ignored).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        find(&self.headers, name)
    }
}

/// A final response, as far as it will be. 1xx responses are passed over, but for 101 (Switching
/// Protocols): it is the last one the connection has, and answers its request.
#[derive(Clone, Debug)]
pub struct Response {
    /// Number of the request it answers.
    pub number: u64,
    /// Status code.
    pub status: u16,
    /// Header fields, in order.
    pub headers: Vec<Header>,
    /// Body.
    pub body: Body,
    /// What is wrong with it, if anything.
    pub anomalies: Vec<Anomaly>,
    /// When its first byte was seen.
    pub started: Ktime,
    /// When its last byte was seen, or that it will not be waited for.
    pub ended: Ktime,
}

impl Response {
    /// Value of the first header field with this name (ASCII case ignored).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        find(&self.headers, name)
    }
}

fn find<'h>(headers: &'h [Header], name: &str) -> Option<&'h Bytes> {
    headers.iter().find(|h| h.name.eq_ignore_ascii_case(name.as_bytes())).map(|h| &h.value)
}

/// What is wrong with a message: an observation about the client (or the service), never a failure
/// of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// Stable name, `snake_case`, for example `bad_chunk_size`.
    pub kind: &'static str,
    /// What exactly, for a person.
    pub detail: String,
}

/// What the http stage says while it reads.
#[derive(Clone, Debug)]
pub enum Output {
    /// A request, ready to be judged; its response is still to come.
    Request(Box<Request>),
    /// The response to request `number`, after it. A request whose response never comes (close,
    /// gap) is named by `Unanswered`.
    Response(Box<Response>),
    /// Request `number` will get no response that can be seen, or none that is certainly its own.
    Unanswered {
        /// Its number.
        number: u64,
        /// When that became clear.
        at: Ktime,
        /// Why: `closed`, `gap`, `too_many_pipelined`, `http09`, or the reason of the `Ignore` that
        /// follows.
        reason: &'static str,
    },
    /// The next `bytes` bytes of this direction, counted from the end of the piece that was fed, are
    /// not needed (the rest of a long body). Bytes may come all the same. At most 1 GiB at a time;
    /// when these have passed and more are not needed, it is said again. Where one segment gave
    /// several pieces, `Connection::unneeded` has the number as of the last of them.
    Skip {
        /// Which way.
        direction: Direction,
        /// How many.
        bytes: u64,
    },
    /// Nothing more is needed of the connection: it does not speak HTTP/1.x, or speaks something
    /// else from here on.
    Ignore {
        /// `not_http`, `http2`, `http09` (the answer has no head), `upgraded` (101), `tunnel`
        /// (CONNECT).
        reason: &'static str,
    },
}
