//! Caps of the agent. Each has one place, this file; what goes over one increments a named counter.

/// Bytes of a request head (request line and headers) that are kept; nginx's default is 32 KiB.
pub const MAX_HEAD: usize = 64 * 1024;
/// Headers of one message that are parsed.
pub const MAX_HEADERS: usize = 256;
/// Raw bytes of a request body that are kept, unless configured.
pub const REQUEST_BODY: usize = 64 * 1024;
/// Raw bytes of a response body that are kept, unless configured.
pub const RESPONSE_BODY: usize = 16 * 1024;
/// Bytes a compressed body may become when decoded; beyond it is cut and marked.
pub const DECODED_BODY: usize = 256 * 1024;
/// Content codings applied one over the other that are undone.
pub const MAX_CODINGS: usize = 4;
/// Requests of one connection waiting for their response (pipelining, early requests).
pub const MAX_PIPELINED: usize = 128;
/// Bytes one direction of a connection may hold out of order.
pub const OUT_OF_ORDER_BYTES: usize = 256 * 1024;
/// Segments one direction of a connection may hold out of order.
pub const OUT_OF_ORDER_SEGMENTS: usize = 256;
/// A hole in a direction is given up after this long, nanoseconds.
pub const HOLE_TIMEOUT: u64 = 2_000_000_000;

// What rules judge of one request. Over a cap: judged up to it, `JudgeStats` counts, the request is
// marked cut.

/// Bytes of one value that are judged.
pub const JUDGED_VALUE: usize = 64 * 1024;
/// Bytes of one value that libinjection judges; its work for a hostile value is far more a byte.
pub const JUDGED_INJECTION: usize = 4 * 1024;
/// Bytes of all values of a request that libinjection judges; values that can't be an attack by their
/// words and signs don't count. Up to 0.4 µs a byte.
pub const JUDGED_INJECTION_TOTAL: usize = 16 * 1024;
/// Values (and as many names) of one request that are judged.
pub const JUDGED_VALUES: usize = 16 * 1024;
/// Bytes of all values of one request, after decoding; more than a head and a decoded body have.
pub const JUDGED_BYTES: usize = 1024 * 1024;
/// Containers inside containers of a JSON body; deeper values are judged under the deepest name.
pub const JSON_DEPTH: usize = 64;
/// Parts of a multipart body; the rest is judged as one text.
pub const MULTIPART_PARTS: usize = 256;
/// Bytes of what matched that a match carries.
pub const MATCH_VALUE: usize = 256;
/// Bytes of memory one compiled regular expression may take.
pub const REGEX_MEMORY: usize = 4 * 1024 * 1024;
/// Rules of one rule set.
pub const MAX_RULES: usize = 20_000;
