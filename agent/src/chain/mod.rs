//! chain: requests that one client's request became on its way through proxies of this host.
//!
//! A proxy in front of a service gives two transactions of two services: the client's, and the one the proxy
//! makes of it. Both are tied by the connection between them: the kernel says which process is at its other
//! end, so the outer one is among the transactions of that process that are open.
//!
//! ```text
//!  client ── O ──> proxy (process P) ── I ──> service        I's peer is P, by the kernel
//!  others ── … ──> proxy                                     which O? of P's open ones, by what both say
//! ```
//!
//! **Who could lie?** The client writes what O says, and what its own I says; it cannot write who is at the
//! other end of a connection. So evidence only ever takes candidates away, by one rule: *an inner request is
//! given to an outer one only if all of it may come from there* ([`likeness`]): method, end of the target,
//! body, each header field, each address in forwarding fields. Hence
//!
//! - nobody is given a request with an attack in it that they did not send themselves;
//! - one who forges `X-Forwarded-For` names somebody whose own open request, if there is one, does not explain
//!   the rest (a proxy that appends adds the forger's address), or leaves both as candidates (one that passes
//!   it on), and then nothing is carried;
//! - a forwarded header alone, with no open request of that process, is worth nothing: no process, no chain.
//!
//! What a proxy writes itself (prefixes of paths, further fields) has to be known as its habit, learned while
//! only one request was open in it: see [`habits`].
//!
//! Everything here is pure; times and processes come in as arguments.
#![forbid(unsafe_code)]

pub mod fields;
pub mod habits;
pub mod hop;
pub mod likeness;
pub mod progress;
pub mod table;
pub mod target;
mod weigh;

#[cfg(test)]
mod tests;

pub use hop::{Hop, Link, Place};
pub use likeness::Likeness;
pub use progress::Progress;
pub use table::{Chains, Found, Opening};
