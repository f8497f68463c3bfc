//! What is usual for a group: mean and spread of its counts, learned as they come.

use serde::{Deserialize, Serialize};

use crate::detect::rules::Anomaly;

/// Buckets without an event that are made up for one by one; after more, the group is as good as new.
const QUIET: u64 = 4096;

/// What is usual for a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// When the group was first seen, seconds; 0: never.
    since: u64,
    /// The bucket that is being filled, and its count.
    bucket: u64,
    count: f64,
    /// Buckets that were learned, their mean and variance.
    learned: f64,
    mean: f64,
    variance: f64,
}

impl Baseline {
    /// An event came at a time, nanoseconds. Events of buckets that are full already change nothing any more.
    pub fn add(&mut self, time: u64, anomaly: Anomaly) {
        let seconds = time / 1_000_000_000;
        let bucket = seconds / anomaly.bucket.max(1);
        if self.since == 0 || bucket.saturating_sub(self.bucket) > QUIET {
            *self = Self { since: seconds.max(1), bucket, ..Self::default() };
        }
        while self.bucket < bucket {
            self.learn(anomaly);
            self.bucket += 1;
        }
        if self.bucket == bucket {
            self.count += 1.0;
        }
    }

    /// A bucket is full. What is far off is learned as less far off: who goes on long enough moves the baseline, but
    /// slowly, and one spike does not.
    #[expect(clippy::cast_precision_loss, reason = "a few thousand buckets")]
    fn learn(&mut self, anomaly: Anomaly) {
        let most = (anomaly.learn / anomaly.bucket.max(1)).max(8) as f64;
        let learned_enough = self.learned >= most;
        let count =
            if learned_enough { self.count.min(self.mean + 3.0 * self.spread(3)) } else { self.count };
        self.learned = (self.learned + 1.0).min(most);
        // Welford's, which becomes a moving mean when `learned` stays what it is.
        let off = count - self.mean;
        self.mean += off / self.learned;
        self.variance += (off * (count - self.mean) - self.variance) / self.learned;
        self.count = 0.0;
    }

    /// Standard deviation, but no less than a count that comes at random has (Poisson: the root of the mean), and one.
    fn spread(&self, tolerance: u8) -> f64 {
        let spread = self.variance.max(self.mean).max(1.0).sqrt();
        spread * f64::from(tolerance) / 3.0
    }

    /// How unusual the bucket that is being filled is, from 0 to 1: at least so great a share of all buckets, however
    /// they are distributed, is smaller (Cantelli's inequality). 0 while it is learned.
    #[must_use]
    pub fn score(&self, time: u64, anomaly: Anomaly) -> f64 {
        let learning = (time / 1_000_000_000).saturating_sub(self.since) < anomaly.learn;
        if self.since == 0 || learning || self.count <= self.mean {
            return 0.0;
        }
        let far = (self.count - self.mean) / self.spread(anomaly.tolerance);
        far * far / (1.0 + far * far)
    }

    /// What a saved state has to keep to.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        [self.count, self.learned, self.mean, self.variance]
            .iter()
            .all(|number| number.is_finite() && *number >= 0.0)
    }
}
