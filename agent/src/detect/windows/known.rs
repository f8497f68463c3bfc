//! Values that a group has had, and how many new ones came.

use serde::{Deserialize, Serialize};

use super::{Buckets, Hash};
use crate::{detect::rules::NewValue, limits};

/// Values that a group has had.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// When the group was first seen, seconds.
    since: u64,
    /// Each value's hash, when it last came, seconds.
    values: Vec<(Hash, u64)>,
    /// New ones.
    new: Buckets<u32>,
}

impl Known {
    /// A value came at a time (nanoseconds); whether it is new.
    pub fn add(&mut self, value: Hash, time: u64, (bucket, now): (u32, u32), learning: NewValue) -> bool {
        let seconds = time / 1_000_000_000;
        if self.values.is_empty() && self.since == 0 {
            self.since = seconds;
        }
        if let Some((_, last)) = self.values.iter_mut().find(|(known, _)| *known == value) {
            let forgotten = seconds.saturating_sub(*last) > learning.forget;
            *last = seconds.max(*last);
            if !forgotten {
                return false;
            }
        } else {
            if self.values.len() >= limits::DETECT_KNOWN
                && let Some(oldest) =
                    (0..self.values.len()).min_by_key(|&at| self.values.get(at).map(|(_, last)| *last))
            {
                self.values.swap_remove(oldest);
            }
            // The first one is what there is to learn from.
            let first = self.values.is_empty();
            self.values.push((value, seconds));
            if first {
                return false;
            }
        }
        if seconds.saturating_sub(self.since) < learning.learn {
            return false;
        }
        self.new.change(bucket, now, 0, |count| *count = count.saturating_add(1));
        true
    }

    /// How many were new in the newest buckets.
    #[must_use]
    pub fn count(&self, now: u32, buckets: u32) -> f64 {
        self.new.amounts(now, buckets).map(f64::from).sum()
    }

    /// What was new is not counted any more.
    pub fn forget_counts(&mut self) {
        self.new = Buckets::default();
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn heap(&self) -> usize {
        self.values.capacity() * size_of::<(Hash, u64)>() + self.new.heap()
    }

    /// What a saved state has to keep to.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.values.len() <= limits::DETECT_KNOWN && self.new.is_sound()
    }
}
