//! What is measured, one file each.

pub mod flood;
pub mod footprint;
pub mod reaction;
pub mod saturated;
pub mod steady;
pub mod xdp;
