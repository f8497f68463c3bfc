//! Times inside the pipeline.

use std::time::Duration;

/// `CLOCK_MONOTONIC` in nanoseconds, as the kernel side stamps records. Stages never read a clock:
/// times come in as arguments.
pub type Ktime = u64;

/// Nanoseconds in a second.
pub const SECOND: Ktime = 1_000_000_000;

/// `CLOCK_MONOTONIC` now. For the edges only.
#[must_use]
pub fn now() -> Ktime {
    nanos(rustix::time::clock_gettime(rustix::time::ClockId::Monotonic))
}

/// A time of day in nanoseconds since the epoch, as the store has times.
#[must_use]
pub fn since_epoch(time: jiff::Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// `CLOCK_BOOTTIME` now: what the denylist's expiries are measured in. For the edges only.
#[must_use]
pub fn boot_now() -> u64 {
    nanos(rustix::time::clock_gettime(rustix::time::ClockId::Boottime))
}

/// Time that this thread has used of a CPU: what waits for one costs nobody anything. For the edges only.
#[must_use]
pub fn of_thread() -> Duration {
    Duration::from_nanos(nanos(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime)))
}

/// Time that this process has used of all CPUs. For the edges only.
#[must_use]
pub fn of_process() -> Duration {
    Duration::from_nanos(nanos(rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime)))
}

fn nanos(t: rustix::time::Timespec) -> u64 {
    u64::try_from(t.tv_sec).unwrap_or(0) * SECOND + u64::try_from(t.tv_nsec).unwrap_or(0)
}
