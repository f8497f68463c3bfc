//! Times inside the pipeline.

/// `CLOCK_MONOTONIC` in nanoseconds, as the kernel side stamps records. Stages never read a clock:
/// times come in as arguments.
pub type Ktime = u64;

/// Nanoseconds in a second.
pub const SECOND: Ktime = 1_000_000_000;
