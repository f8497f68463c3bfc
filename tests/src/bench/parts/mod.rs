//! What is measured, one file each.

pub mod xdp;
