//! How far each worker has come.
//!
//! The outer and the inner connection may be read by different workers. The kernel's times say which request came
//! first; whether it was *read* already, nobody knows but its worker. So an inner request waits until each other
//! worker has read what came before it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::time::{self, Ktime};

/// A worker that sleeps is woken within this, if there is anything for it; nanoseconds.
const WAKING: Ktime = time::SECOND / 50;

/// What each worker has read.
#[derive(Debug, Default)]
pub struct Progress {
    workers: Box<[Worker]>,
}

#[derive(Debug, Default)]
struct Worker {
    /// Everything that the kernel wrote before this time is read.
    read: AtomicU64,
    /// Its ring is empty and it waits for the kernel to wake it.
    asleep: AtomicBool,
}

impl Progress {
    /// Of so many workers.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self { workers: (0..workers).map(|_| Worker::default()).collect() }
    }

    /// Whether any worker has to wait for another.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.workers.len() > 1
    }

    /// A worker has read all that was written before this time.
    pub fn read(&self, worker: usize, until: Ktime) {
        if let Some(worker) = self.workers.get(worker) {
            worker.read.store(until, Ordering::Release);
        }
    }

    /// A worker goes to sleep, or wakes up.
    pub fn sleeps(&self, worker: usize, asleep: bool) {
        if let Some(worker) = self.workers.get(worker) {
            worker.asleep.store(asleep, Ordering::Release);
        }
    }

    /// Whether all others have read what was written before `at`.
    #[must_use]
    pub fn caught_up(&self, me: usize, at: Ktime, now: impl FnOnce() -> Ktime) -> bool {
        let others = self.workers.iter().enumerate().filter(|(index, _)| *index != me);
        let mut behind = others.filter(|(_, worker)| worker.read.load(Ordering::Acquire) < at).peekable();
        if behind.peek().is_none() {
            return true;
        }
        let woken = now() >= at.saturating_add(WAKING);
        behind.all(|(_, worker)| woken && worker.asleep.load(Ordering::Acquire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_waits_for_the_others_and_not_for_itself() {
        let alone = Progress::new(1);
        assert!(!alone.is_shared());
        assert!(alone.caught_up(0, 100, || unreachable!("no clock is read")));
        let progress = Progress::new(3);
        assert!(!progress.caught_up(0, 100, || 100));
        progress.read(1, 100);
        progress.read(2, 99);
        assert!(!progress.caught_up(0, 100, || 100));
        progress.read(2, 100);
        assert!(progress.caught_up(0, 100, || 100));
        assert!(!progress.caught_up(1, 100, || 100), "worker 0 has read nothing");
    }

    #[test]
    fn one_that_sleeps_is_given_time_to_wake_up() {
        let progress = Progress::new(2);
        progress.sleeps(1, true);
        assert!(!progress.caught_up(0, 100, || 100));
        assert!(progress.caught_up(0, 100, || 100 + WAKING));
        progress.sleeps(1, false);
        assert!(!progress.caught_up(0, 100, || 100 + 10 * WAKING), "it reads");
    }
}
