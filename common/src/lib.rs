//! What the kernel programs (`probe-ebpf`) and the agent (`agent`) say to each other.
//!
//! Everything here is `no_std` and `repr(C)`: the same bytes are written on one side and read on
//! the other. A test in `agent` compares the sizes and offsets with the BTF of the built object.
#![no_std]
#![forbid(unsafe_op_in_unsafe_fn)]

pub mod advice;
pub mod conn;
pub mod deny;
pub mod limits;
pub mod record;
pub mod stats;
pub mod tls;
