//! A pace that all clients of a load keep together.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Requests a second, at most.
pub struct Pace {
    began: Instant,
    apart: Duration,
    begun: AtomicU32,
}

impl Pace {
    /// So many a second; none: as fast as they are answered.
    pub fn new(per_second: Option<u32>) -> Self {
        let apart = per_second.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.max(1));
        Self { began: Instant::now(), apart, begun: AtomicU32::new(0) }
    }

    /// Waits until the next request is due.
    pub fn keep(&self) {
        let due = self.apart * self.begun.fetch_add(1, Ordering::Relaxed);
        thread::sleep(due.saturating_sub(self.began.elapsed()));
    }
}
