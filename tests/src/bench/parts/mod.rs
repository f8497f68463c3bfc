//! What is measured, one file each.

pub mod flood;
pub mod xdp;
