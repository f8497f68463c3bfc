//! System calls for which no library has a safe face: the only unsafe code of the benchmarks.

pub mod bpf;
pub mod instructions;
pub mod openssl;
pub mod packet;
pub mod probed;
pub mod uprobe;
