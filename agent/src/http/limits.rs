//! Bounds of one connection's messages.

use crate::limits;

/// How much of messages is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Raw bytes of a request body that are kept; a request is handed on as soon as it has more.
    pub request_body: usize,
    /// Raw bytes of a response body that are kept; a response is handed on as soon as it has more.
    pub response_body: usize,
    /// Bytes a coded body may become.
    pub decoded_body: usize,
    /// Whether response bodies are decoded too; else their `data` is what was on the wire.
    pub decode_responses: bool,
    /// Bytes of a head.
    pub head: usize,
    /// Header fields of a message.
    pub headers: usize,
    /// Requests waiting for their response.
    pub pipelined: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_body: limits::REQUEST_BODY,
            response_body: limits::RESPONSE_BODY,
            decoded_body: limits::DECODED_BODY,
            decode_responses: true,
            head: limits::MAX_HEAD,
            headers: limits::MAX_HEADERS,
            pipelined: limits::MAX_PIPELINED,
        }
    }
}
