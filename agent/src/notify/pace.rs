//! How fast a target is told: a bucket of as many notifications as a minute has.

use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

/// What a target may be told now.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// One notification more after this.
    each: Duration,
    /// At most this much is saved up.
    full: Duration,
    /// What is saved up, as of `at`.
    saved: Duration,
    at: Instant,
}

impl Pace {
    /// `rate` notifications a minute, and as many at once.
    pub fn new(rate: u32, now: Instant) -> Self {
        Self { each: MINUTE / rate.max(1), full: MINUTE, saved: MINUTE, at: now }
    }

    /// Notifications that may go now.
    pub fn left(&mut self, now: Instant) -> usize {
        self.saved = (self.saved + now.saturating_duration_since(self.at)).min(self.full);
        self.at = now;
        usize::try_from(self.saved.as_nanos() / self.each.as_nanos().max(1)).unwrap_or(usize::MAX)
    }

    /// One goes.
    pub fn take(&mut self) {
        self.saved = self.saved.saturating_sub(self.each);
    }

    /// How long until one may go.
    pub fn wait(&mut self, now: Instant) -> Duration {
        match self.left(now) {
            0 => self.each.saturating_sub(self.saved),
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_a_minute_has() {
        let start = Instant::now();
        let mut pace = Pace::new(6, start);
        let mut sent = 0;
        for second in 0..=600 {
            let now = start + Duration::from_secs(second);
            while pace.left(now) > 0 {
                pace.take();
                sent += 1;
            }
            assert!(pace.wait(now) <= Duration::from_secs(10));
        }
        assert_eq!(sent, 6 + 60, "six at once, then one every ten seconds");
    }
}
