//! Counting. Atomic adds, because an egress program in process context can be interrupted by a
//! softirq on the same CPU: exact counts are what Picket promises.

use core::arch::asm;

use picket_common::stats::Counter;

use crate::maps::COUNTS;

/// Adds `n` to a counter of this CPU.
#[inline(always)]
pub fn add(counter: Counter, n: u64) {
    if let Some(counts) = COUNTS.get_ptr_mut(0) {
        // SAFETY: the map has one entry of COUNTERS u64, aligned to 8 bytes.
        unsafe { bump((&raw mut (*counts)[counter as usize]).cast(), n) };
    }
}

/// Counts a record of `bytes` bytes of payload.
#[inline(always)]
pub fn written(bytes: u64) {
    if let Some(counts) = COUNTS.get_ptr_mut(0) {
        // SAFETY: as in `add`.
        unsafe {
            bump((&raw mut (*counts)[Counter::Records as usize]).cast(), 1);
            bump((&raw mut (*counts)[Counter::Bytes as usize]).cast(), bytes);
        }
    }
}

/// Adds `n` to the counter at `at`.
///
/// # Safety
///
/// `at` points into a map value and is aligned to 8 bytes.
#[inline(always)]
pub unsafe fn bump(at: *mut u64, n: u64) {
    // core has no fetch_add for this target (it has no compare-and-swap before v3 of its instruction
    // set); the add alone has been there since the first (BPF_XADD).
    // SAFETY: the caller's promise.
    unsafe { asm!("lock *(u64 *)({at} + 0) += {n}", at = in(reg) at, n = in(reg) n, options(nostack)) };
}
