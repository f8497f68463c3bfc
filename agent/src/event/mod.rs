//! event: a transaction worth keeping, as one JSON object.
#![forbid(unsafe_code)]

mod printable;

pub use printable::printable;
