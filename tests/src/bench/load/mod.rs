//! What is sent at Picket.

pub mod frame;
