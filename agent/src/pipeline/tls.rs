//! What is known of a connection because it speaks TLS.

use std::mem;

use crate::{capture::Segment, stream::StreamStats, time::Ktime};

/// The TLS of a connection.
#[derive(Default)]
pub struct Tls {
    /// The process whose library gives out its plaintext; `None`: nothing was seen of it.
    pub pid: Option<u32>,
}
impl Tls {
    pub fn handshake(&mut self, _segment: &Segment<'_>, _now: Ktime, _stats: &mut StreamStats) {}
    pub fn memory(&self) -> usize {
        mem::size_of::<Self>()
    }
}
