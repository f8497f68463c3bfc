//! stream: TCP segments of one direction, put in order.

/// What comes out of a direction, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// The next bytes.
    Data(&'a [u8]),
    /// Bytes that are missing; what follows stands `len` bytes further on.
    Gap {
        /// Bytes missing.
        len: u32,
        /// Whether the tap left them out on purpose (a body over its budget) rather than lost them.
        skipped: bool,
    },
}
