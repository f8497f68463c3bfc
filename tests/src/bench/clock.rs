//! Clocks, in nanoseconds, and waiting on them.

use std::time::Duration;

use anyhow::{Result, bail};
use rustix::time::{ClockId, clock_gettime};

/// `CLOCK_BOOTTIME`: what the deny program writes down.
pub fn boot() -> u64 {
    read(ClockId::Boottime)
}

/// `CLOCK_MONOTONIC`.
pub fn monotonic() -> u64 {
    read(ClockId::Monotonic)
}

/// `CLOCK_THREAD_CPUTIME_ID`: time this thread was on a CPU.
pub fn thread_cpu() -> u64 {
    read(ClockId::ThreadCPUTime)
}

/// `CLOCK_REALTIME`: nanoseconds since the epoch.
pub fn since_epoch() -> i64 {
    read(ClockId::Realtime).cast_signed()
}

fn read(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// Looks every few milliseconds until `look` finds something.
///
/// # Errors
///
/// At the deadline, with `what` was waited for.
pub fn wait_until<T>(what: &str, seconds: u64, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let deadline = monotonic() + seconds * 1_000_000_000;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if monotonic() > deadline {
            bail!("waited {seconds} s in vain for {what}");
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}
