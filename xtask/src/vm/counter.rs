//! The rate of this processor's time-stamp counter.
#![expect(unsafe_code, reason = "there is no safe way to read the counter, and the rate stands in no file")]

use std::thread;
use std::time::{Duration, Instant};

/// The rate in kHz, measured over a tenth of a second.
pub(super) fn khz() -> u64 {
    let (start, first) = (Instant::now(), read());
    thread::sleep(Duration::from_millis(100));
    let (elapsed, last) = (start.elapsed(), read());
    let microseconds = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX).max(1);
    last.wrapping_sub(first).saturating_mul(1000) / microseconds
}

#[cfg(target_arch = "x86_64")]
fn read() -> u64 {
    // SAFETY: RDTSC reads a register that every x86_64 processor has, and does nothing else.
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
fn read() -> u64 {
    unreachable!("`vm::run` turns other hosts away")
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    #[test]
    fn two_measurements_agree() {
        let (first, second) = (super::khz(), super::khz());
        assert!(first > 100_000, "{first} kHz");
        assert!(first.abs_diff(second) < first / 50, "{first} and {second} kHz");
    }
}
