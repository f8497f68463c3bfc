//! Times, as counts in buckets that grow with what is in them.

use serde::{Deserialize, Serialize};

/// Buckets of one doubling.
const STEPS: u64 = 8;
/// 2^STEP_BITS = STEPS.
const STEP_BITS: u32 = 3;
/// Doublings beyond the first eight values: up to 2^32 µs, an hour and more.
const DOUBLINGS: u32 = 30;

/// A histogram of microseconds, exact below 8 and off by at most a sixteenth above. It grows with the greatest value,
/// to 248 buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    counts: Vec<u32>,
}

impl Histogram {
    /// Buckets there can be.
    pub const BUCKETS: usize = (STEPS * (DOUBLINGS as u64 + 1)) as usize;

    /// One of what was counted elsewhere, by [`Self::bucket`].
    #[must_use]
    pub fn of(counts: impl IntoIterator<Item = u32>) -> Self {
        let mut counts: Vec<u32> = counts.into_iter().take(Self::BUCKETS).collect();
        let used = counts.iter().rposition(|&count| count > 0).map_or(0, |last| last + 1);
        counts.truncate(used);
        counts.shrink_to_fit();
        Self { counts }
    }

    /// The bucket of a value, below [`Self::BUCKETS`].
    #[must_use]
    pub fn bucket(value: u64) -> usize {
        bucket(value)
    }

    /// What was counted since an earlier state of the same counts, which may have run over.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |bucket: usize| earlier.counts.get(bucket).copied().unwrap_or(0);
        Self::of(self.counts.iter().enumerate().map(|(bucket, count)| count.wrapping_sub(before(bucket))))
    }

    /// Values that were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|&count| u64::from(count)).sum()
    }

    /// Counts a value.
    pub fn add(&mut self, value: u64) {
        self.add_to(bucket(value), 1);
    }

    fn add_to(&mut self, bucket: usize, count: u32) {
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        if let Some(to) = self.counts.get_mut(bucket) {
            *to = to.saturating_add(count);
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, &count) in other.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.add_to(bucket, count);
        }
    }

    /// The value that this share (0 to 1) of the values does not exceed; none without values.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let total = self.count();
        if total == 0 {
            return None;
        }
        // Counts are far below 2^52.
        let wanted = ((total as f64 * share).ceil() as u64).clamp(1, total);
        let mut before = 0;
        self.counts.iter().enumerate().find_map(|(bucket, &count)| {
            before += u64::from(count);
            (before >= wanted).then(|| middle(bucket))
        })
    }
}

/// The bucket of a value: its highest bit, and the three below.
fn bucket(value: u64) -> usize {
    if value < STEPS {
        return value as usize;
    }
    let doubling = (63 - value.leading_zeros() - STEP_BITS).min(DOUBLINGS - 1);
    let step = (value >> doubling).min(2 * STEPS - 1) - STEPS;
    (STEPS * u64::from(doubling + 1) + step) as usize
}

/// The middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    let doubling = bucket / STEPS - 1;
    let start = (STEPS + bucket % STEPS) << doubling;
    start + (1 << doubling) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        for value in 1..=1000 {
            histogram.add(value);
        }
        for (share, exact) in [(0.0, 1), (0.5, 500), (0.95, 950), (0.99, 990), (1.0, 1000)] {
            let found = histogram.quantile(share).unwrap();
            assert!(found.abs_diff(exact) * 16 <= exact, "{share}: {found} for {exact}");
        }
        histogram.add(u64::MAX);
        assert!(histogram.quantile(1.0).unwrap() > 1 << 32);
        assert!(histogram.counts.len() <= 248);
    }

    proptest! {
        #[test]
        fn a_bucket_is_near_its_values(value in 0..1u64 << 32) {
            let near = middle(bucket(value));
            prop_assert!(near.abs_diff(value) * 16 <= value, "{} for {}", near, value);
            prop_assert!(bucket(value) <= bucket(value + 1));
        }

        #[test]
        fn a_difference_is_what_came_between(one in prop::collection::vec(0..1u64 << 40, 0..50),
            other in prop::collection::vec(0..1u64 << 40, 0..50), from in any::<u32>()) {
            let of = |values: &[u64], from: u32| {
                let mut counts = vec![from; Histogram::BUCKETS];
                for &value in values {
                    let count = &mut counts[Histogram::bucket(value)];
                    *count = count.wrapping_add(1);
                }
                Histogram::of(counts)
            };
            let between = of(&[one.clone(), other.clone()].concat(), from).since(&of(&one, from));
            prop_assert_eq!(&between, &of(&other, 0));
            prop_assert_eq!(between.count(), other.len() as u64);
        }

        #[test]
        fn merged_is_as_counted_together(one in prop::collection::vec(0..1u64 << 40, 0..50),
            other in prop::collection::vec(0..1u64 << 40, 0..50)) {
            let of = |values: &[u64]| {
                let mut histogram = Histogram::default();
                values.iter().for_each(|&value| histogram.add(value));
                histogram
            };
            let mut merged = of(&one);
            merged.merge(&of(&other));
            prop_assert_eq!(merged, of(&[one, other].concat()));
        }
    }
}
