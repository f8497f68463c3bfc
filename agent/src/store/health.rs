//! Whether the disk takes what is written, and when to try again.
#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

/// First and longest time between two tries.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Sound, or failing since some time.
#[derive(Debug, Default)]
pub(super) struct Health(Option<Failing>);

#[derive(Debug)]
struct Failing {
    since: Instant,
    why: String,
    pause: Duration,
    again: Instant,
}

impl Health {
    pub fn is_failing(&self) -> bool {
        self.0.is_some()
    }

    /// Why nothing can be written.
    pub fn why(&self) -> String {
        self.0.as_ref().map(|failing| failing.why.clone()).unwrap_or_default()
    }

    /// Whether a write may be tried: always while sound, after a pause while failing.
    pub fn may_try(&self, now: Instant) -> bool {
        self.0.as_ref().is_none_or(|failing| failing.again <= now)
    }

    /// A write failed. True when it is the first one of this outage: then it is said.
    pub fn failed(&mut self, why: &str, now: Instant) -> bool {
        if let Some(failing) = &mut self.0 {
            failing.pause = LONGEST.min(failing.pause * 2);
            failing.again = now + failing.pause;
            why.clone_into(&mut failing.why);
            return false;
        }
        self.0 = Some(Failing { since: now, why: why.to_owned(), pause: FIRST, again: now + FIRST });
        true
    }

    /// A write succeeded. Gives how long the outage was, if it ended one.
    pub fn recovered(&mut self) -> Option<Duration> {
        self.0.take().map(|failing| failing.since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_said_once_and_tried_ever_more_seldom() {
        let start = Instant::now();
        let mut health = Health::default();
        assert!(health.may_try(start) && health.recovered().is_none());
        assert!(health.failed("full", start));
        let mut now = start;
        let mut pauses = Vec::new();
        for _ in 0..9 {
            let before = now;
            while !health.may_try(now) {
                now += Duration::from_secs(1);
            }
            pauses.push((now - before).as_secs());
            assert!(!health.failed("still full", now));
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(health.why(), "still full");
        assert!(health.recovered().is_some() && health.may_try(now));
    }
}
