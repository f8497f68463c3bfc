//! stream: TCP segments of one direction, put in order.
//!
//! ```text
//!            delivered            hole        queue (out of order)          hole
//!  ──────────────────────────┬────────────┬─────────────┬───────────┬─ ─ ─ ─ ─ ─ ─ ─ ─>  seq
//!                           next          │ held segment│   held    │
//! ```
//!
//! One [`Reassembler`] stands for one direction of one connection. Segments go in as the tap saw
//! them: out of order, twice, overlapping, with parts left out. Out come [`Piece`]s: the bytes in
//! order, each once, and a [`Piece::Gap`] wherever bytes are missing, so that two pieces of data
//! that do not touch on the wire are never joined.
#![forbid(unsafe_code)]

mod queue;
mod reassembler;
mod stats;

#[cfg(test)]
mod tests;

pub use reassembler::{Limits, Reassembler};
pub use stats::StreamStats;

/// What comes out of a direction, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// The next bytes; never empty.
    Data(&'a [u8]),
    /// Bytes that are missing; what follows stands `len` bytes further on.
    Gap {
        /// Bytes missing, as far as a 32-bit sequence number tells (modulo 2^32). 0: not known how
        /// many (the first segment seen of a direction says that something was lost before it).
        len: u32,
        /// Whether the tap left them out on purpose (a body over its budget) rather than lost them.
        skipped: bool,
    },
}
