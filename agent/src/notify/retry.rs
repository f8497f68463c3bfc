//! When a failed attempt is made again.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

/// Times of attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// After the first failure; it doubles with each.
    pub first: Duration,
    /// Longest between two attempts at a notification.
    pub longest: Duration,
    /// Longest for which a whole target is left alone: how soon it is noticed that it is back.
    pub longest_hold: Duration,
    /// Older notifications are given up.
    pub give_up: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(3600),
            longest_hold: Duration::from_secs(300),
            give_up: Duration::from_secs(3 * 86_400),
        }
    }
}

impl Schedule {
    /// How long to wait after the `attempts`th failure of a notification, with `random` from 0 to 1.
    pub fn wait(&self, attempts: i64, random: f64) -> Duration {
        self.after(attempts, random).min(self.longest)
    }

    /// How long to leave a target alone after so many failures in a row.
    pub fn hold(&self, failures: i64, random: f64) -> Duration {
        self.after(failures, random).min(self.longest_hold)
    }

    /// Doubled each time, a quarter more or less: targets that failed together don't come back together.
    fn after(&self, attempts: i64, random: f64) -> Duration {
        let doubled = u32::try_from(attempts.saturating_sub(1).clamp(0, 24)).unwrap_or(0);
        let plain = self.first.saturating_mul(1 << doubled).min(self.longest);
        plain.mul_f64(0.75 + random.clamp(0.0, 1.0) / 2.0)
    }
}

/// From 0 to 1.
pub(super) fn random() -> f64 {
    // Each state has keys of its own.
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let number = bits as f64;
    number / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_an_hour() {
        let schedule = Schedule::default();
        let seconds = |attempts| schedule.wait(attempts, 0.5).as_secs();
        let waits: Vec<u64> = (1..=14).map(seconds).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]);
        assert_eq!(schedule.wait(i64::MAX, 1.0), schedule.longest);
        assert_eq!(schedule.wait(i64::MIN, 0.5), schedule.first);
        assert_eq!(schedule.hold(40, 0.0), schedule.longest_hold);
    }

    #[test]
    fn jitter_is_a_quarter() {
        let schedule = Schedule::default();
        let mut different = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let wait = schedule.wait(5, random());
            assert!((Duration::from_secs(12)..=Duration::from_secs(20)).contains(&wait), "{wait:?}");
            different.insert(wait);
        }
        assert!(different.len() > 90, "{}", different.len());
    }
}
