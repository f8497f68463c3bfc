//! What can be wrong with a message: the kinds of [`Anomaly`], in one table.

use super::Anomaly;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $kind:literal;)*) => {
        $($(#[doc = $doc])* pub const $name: &str = $kind;)*

        /// Every kind, with its meaning.
        pub const ALL: &[(&str, &str)] = &[$(($kind, concat!($($doc),*)),)*];
    };
}

kinds! {
    /// The request line is not `method SP target SP version` (RFC 9112 section 3).
    BAD_REQUEST_LINE = "bad_request_line";
    /// The version is not `HTTP/1.0` or `HTTP/1.1` in exactly that spelling.
    BAD_VERSION = "bad_version";
    /// A request line without a version: HTTP/0.9, which no client of today sends.
    HTTP09 = "http09";
    /// A NUL byte in the request target.
    NUL_IN_TARGET = "nul_in_target";
    /// A control character other than NUL in the request target.
    CONTROL_IN_TARGET = "control_in_target";
    /// White space in the request target.
    SPACE_IN_TARGET = "space_in_target";
    /// The request target holds bytes that are neither ASCII nor UTF-8.
    NON_UTF8_TARGET = "non_utf8_target";
    /// A header line without a colon, with a name that is no token, or with control characters.
    BAD_HEADER = "bad_header";
    /// A header continued on the next line (RFC 9112 section 5.2).
    OBS_FOLD = "obs_fold";
    /// Lines end in a bare LF.
    BARE_LF = "bare_lf";
    /// An HTTP/1.1 request without a Host header.
    MISSING_HOST = "missing_host";
    /// More than one Host header.
    DUPLICATE_HOST = "duplicate_host";
    /// The head is larger than what is kept.
    HEAD_TOO_LARGE = "head_too_large";
    /// More header fields than what is kept.
    TOO_MANY_HEADERS = "too_many_headers";
    /// The sender stopped, or was answered, before the head was complete.
    HEAD_UNFINISHED = "head_unfinished";
    /// The sender closed the connection before the body was complete.
    BODY_UNFINISHED = "body_unfinished";
    /// Content-Length is not a number, or several that differ.
    BAD_CONTENT_LENGTH = "bad_content_length";
    /// Content-Length is there more than once.
    DUPLICATE_CONTENT_LENGTH = "duplicate_content_length";
    /// Content-Length and Transfer-Encoding in one message: request smuggling (RFC 9112 section 6.3).
    CONFLICTING_LENGTH = "conflicting_length";
    /// Transfer-Encoding that does not end in a single `chunked`, or in an HTTP/1.0 message.
    BAD_TRANSFER_ENCODING = "bad_transfer_encoding";
    /// A chunk size line that is not one (RFC 9112 section 7.1).
    BAD_CHUNK_SIZE = "bad_chunk_size";
    /// Chunk data that is not followed by a line end.
    BAD_CHUNK_END = "bad_chunk_end";
    /// Chunk extensions longer than any server takes.
    CHUNK_EXTENSION_TOO_LARGE = "chunk_extension_too_large";
    /// Trailer fields larger than what is kept.
    TRAILER_TOO_LARGE = "trailer_too_large";
    /// A content or transfer coding that is unknown, nested too deep, or does not decode.
    BAD_CONTENT_ENCODING = "bad_content_encoding";
}

/// Adds an anomaly, the first of its kind only.
pub(super) fn note(anomalies: &mut Vec<Anomaly>, kind: &'static str, detail: impl FnOnce() -> String) {
    if !anomalies.iter().any(|a| a.kind == kind) {
        anomalies.push(Anomaly { kind, detail: detail() });
    }
}

/// The first bytes of something hostile, printable, for a detail.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    const SHOWN: usize = 48;
    let shown = bytes.get(..SHOWN).unwrap_or(bytes).escape_ascii();
    if bytes.len() > SHOWN { format!("`{shown}`…") } else { format!("`{shown}`") }
}
