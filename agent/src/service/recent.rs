//! What a service answered in the last minutes.
//!
//! Workers add to counters, and nothing else. Once in a while the counters are noted; what they say now less what they
//! said some minutes ago is what came between, exactly.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use crate::{
    endpoint::Histogram,
    time::{Ktime, SECOND},
};

/// Time between two notes.
const EVERY: Ktime = 30 * SECOND;
/// Notes that are kept: five minutes.
const KEPT: usize = 10;

/// Answers of a service, counted.
#[derive(Debug)]
pub(super) struct Answers {
    /// With a status from 500 on.
    failed: AtomicU64,
    /// How long they took, by [`Histogram::bucket`].
    times: Box<[AtomicU32]>,
    noted: Mutex<VecDeque<Noted>>,
}

/// What the counters said.
#[derive(Debug)]
struct Noted {
    at: Ktime,
    requests: u64,
    failed: u64,
    times: Histogram,
}

/// What came in the last minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// How long that is, nanoseconds.
    pub span: Ktime,
    /// Requests.
    pub requests: u64,
    /// Answers with a status from 500 on.
    pub failed: u64,
    /// How long answers took, microseconds.
    pub times: Histogram,
}

impl Default for Answers {
    fn default() -> Self {
        let times = (0..Histogram::BUCKETS).map(|_| AtomicU32::default()).collect();
        Self { failed: AtomicU64::default(), times, noted: Mutex::default() }
    }
}

impl Answers {
    /// Counts one.
    pub fn count(&self, status: u16, micros: u64) {
        if status >= 500 {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(count) = self.times.get(Histogram::bucket(micros)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes what the counters say, if it is time. Nothing is noted of a service that nobody asked.
    pub fn note(&self, requests: u64, now: Ktime) {
        if requests == 0 {
            return;
        }
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        match noted.back().map(|last| last.at) {
            // It began since it was looked at last: with nothing.
            None => noted.push_back(Noted {
                at: now.saturating_sub(SECOND),
                requests: 0,
                failed: 0,
                times: Histogram::default(),
            }),
            Some(last) if now.saturating_sub(last) < EVERY => {}
            Some(_) => {
                noted.push_back(self.now(requests, now));
                if noted.len() > KEPT {
                    noted.pop_front();
                }
            }
        }
    }

    /// What came since the oldest note; none: nothing was noted yet.
    pub fn recent(&self, requests: u64, now: Ktime) -> Option<Recent> {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, last) = (noted.front()?, self.now(requests, now));
        Some(Recent {
            span: now.saturating_sub(first.at),
            requests: last.requests.saturating_sub(first.requests),
            failed: last.failed.saturating_sub(first.failed),
            times: last.times.since(&first.times),
        })
    }

    fn now(&self, requests: u64, at: Ktime) -> Noted {
        let times = Histogram::of(self.times.iter().map(|count| count.load(Ordering::Relaxed)));
        Noted { at, requests, failed: self.failed.load(Ordering::Relaxed), times }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_minutes_and_no_more() {
        let answers = Answers::default();
        answers.note(0, SECOND);
        assert_eq!(answers.recent(0, SECOND), None, "nobody asked");
        answers.count(200, 1000);
        answers.count(502, 9000);
        answers.note(2, 2 * SECOND);
        let recent = answers.recent(2, 3 * SECOND).unwrap();
        assert_eq!((recent.span, recent.requests, recent.failed), (2 * SECOND, 2, 1));
        assert_eq!(recent.times.count(), 2);
        // An hour with a request a second, looked at each second.
        for second in 3..3600 {
            answers.count(if second < 3500 { 500 } else { 200 }, 2000);
            answers.note(second, second * SECOND);
        }
        let recent = answers.recent(3599, 3599 * SECOND).unwrap();
        let seconds = recent.span / SECOND;
        assert!((270..=300).contains(&seconds), "{seconds}");
        assert_eq!((recent.requests, recent.times.count()), (seconds, seconds));
        assert_eq!(recent.failed, seconds - 100);
        assert!(recent.times.quantile(0.5).is_some_and(|time| time.abs_diff(2000) < 200));
        assert_eq!(answers.noted.lock().unwrap().len(), KEPT);
    }
}
