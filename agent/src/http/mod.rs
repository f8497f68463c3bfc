//! http: ordered bytes of a connection to requests and responses.
//!
//! ```text
//!  ingress pieces ─> head ─> request line, fields ─> framing ─> body ─> coding ─┐
//!                      └ detect: is it HTTP at all?                             ├─> Output
//!  egress pieces ──> head ─> status line, fields ──> framing ─> body ─> coding ─┘
//!                                      └ pairing: which request it answers
//! ```
//!
//! A [`Connection`] reads both directions. Three outcomes are kept apart: bytes are still missing
//! (it waits); a message is malformed (it is handed on, with [`anomaly`] kinds saying what is
//! wrong); the connection does not speak HTTP/1.x ([`Output::Ignore`]).
//!
//! # Framing
//!
//! RFC 9112 section 6.3. Where two readers could disagree (Content-Length beside
//! Transfer-Encoding, a chunk size that is not one) the message carries an anomaly, and bytes whose
//! meaning is unclear are kept as its body up to the limit, so that they are judged either way.
//!
//! # Gaps
//!
//! A gap inside bytes that are counted (a body with a length, the data of a chunk) is consumed
//! exactly: the body is marked `cut`, framing stays exact. Any other gap ends the message it falls
//! into, and the direction *seeks*: it drops bytes until a piece begins with a request line or a
//! status line. Which response belongs to which request is then no longer a matter of counting;
//! [`pairing`] has the rules by which it is certain again. A request whose response is not certain
//! gets [`Output::Unanswered`], never a guess.
#![forbid(unsafe_code)]

pub mod anomaly;
mod body;
mod chunked;
mod coding;
mod connection;
mod detect;
mod egress;
mod exchange;
mod fields;
mod framing;
mod head;
mod ingress;
mod lenient;
mod limits;
pub mod message;
mod pairing;
mod request;
mod response;

#[cfg(test)]
mod tests;

pub use connection::Connection;
pub use exchange::{Exchange, exchange};
pub use limits::Limits;
pub use message::{Anomaly, Body, Header, Output, Request, Response};
