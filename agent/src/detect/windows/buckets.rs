//! Amounts by bucket: sparse, so that a group seen once takes no more than one bucket.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::limits;

/// From a time to the number of its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Nanoseconds of a bucket.
    width: u64,
}

impl Clock {
    /// For a window of so many seconds.
    #[must_use]
    pub fn new(window: u64) -> Self {
        Self { width: (window.saturating_mul(1_000_000_000) / limits::DETECT_BUCKETS).max(1) }
    }

    /// The bucket of a time, nanoseconds. Numbers wrap: only those near each other are compared.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "numbers wrap")]
    pub const fn bucket(self, time: u64) -> u32 {
        (time / self.width) as u32
    }

    /// Buckets of a part of the window, seconds; at least the one that is being filled.
    #[must_use]
    pub fn buckets(self, window: u64) -> u32 {
        let buckets = window.saturating_mul(1_000_000_000) / self.width;
        u32::try_from(buckets.clamp(1, limits::DETECT_BUCKETS)).unwrap_or(1)
    }
}

/// Whether a bucket is one of the newest `buckets`, seen from bucket `now`.
pub(super) const fn inside(bucket: u32, now: u32, buckets: u32) -> bool {
    now.wrapping_sub(bucket) < buckets
}

/// Amounts by bucket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Buckets<T: Copy> {
    list: SmallVec<[(u32, T); 2]>,
}

impl<T: Copy> Buckets<T> {
    /// Changes the amount of a bucket, which begins as `first`; forgets buckets that left the window.
    pub fn change(&mut self, bucket: u32, now: u32, first: T, change: impl FnOnce(&mut T)) {
        let window = u32::try_from(limits::DETECT_BUCKETS).unwrap_or(u32::MAX);
        if let Some((_, amount)) = self.list.iter_mut().rev().find(|(known, _)| *known == bucket) {
            return change(amount);
        }
        self.list.retain(|(known, _)| inside(*known, now, window));
        let mut amount = first;
        change(&mut amount);
        self.list.push((bucket, amount));
    }

    /// The amounts of the newest buckets.
    pub fn amounts(&self, now: u32, buckets: u32) -> impl Iterator<Item = T> {
        self.list.iter().filter(move |(bucket, _)| inside(*bucket, now, buckets)).map(|(_, amount)| *amount)
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn heap(&self) -> usize {
        if self.list.spilled() { self.list.capacity() * size_of::<(u32, T)>() } else { 0 }
    }

    /// As many buckets as a window can have, and no more.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.list.len() as u64 <= 2 * limits::DETECT_BUCKETS
    }
}
