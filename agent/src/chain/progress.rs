//! How far each worker has come.
//!
//! The outer and the inner connection may be read by different workers. The kernel's times say which request came
//! first; whether it was *read* already, nobody knows but its worker. So an inner request waits until each other
//! worker has read what came before it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::time::Ktime;

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

    /// Whether all others have read what was written before `at`. Of those that have not and sleep, `wake` is told.
    #[must_use]
    pub fn caught_up(&self, me: usize, at: Ktime, wake: impl FnMut(usize)) -> bool {
        self.have_read(|index| index != me, at, wake)
    }

    /// The same of all: what one of them, be it this one, lets wait for others is not read.
    #[must_use]
    pub fn all_caught_up(&self, at: Ktime, wake: impl FnMut(usize)) -> bool {
        !self.is_shared() || self.have_read(|_| true, at, wake)
    }

    fn have_read(&self, of: impl Fn(usize) -> bool, at: Ktime, mut wake: impl FnMut(usize)) -> bool {
        let asked = self.workers.iter().enumerate().filter(|(index, _)| of(*index));
        let behind = asked.filter(|(_, worker)| worker.read.load(Ordering::Acquire) < at);
        let mut all = true;
        for (index, worker) in behind {
            all = false;
            if worker.asleep.load(Ordering::Acquire) {
                wake(index);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_waits_for_the_others_and_not_for_itself() {
        let nobody = |_| unreachable!("nobody sleeps");
        let alone = Progress::new(1);
        assert!(!alone.is_shared());
        assert!(alone.caught_up(0, 100, nobody) && alone.all_caught_up(100, nobody));
        let progress = Progress::new(3);
        assert!(!progress.caught_up(0, 100, nobody));
        progress.read(1, 100);
        progress.read(2, 99);
        assert!(!progress.caught_up(0, 100, nobody));
        progress.read(2, 100);
        assert!(progress.caught_up(0, 100, nobody));
        assert!(!progress.caught_up(1, 100, nobody), "worker 0 has read nothing");
    }

    #[test]
    fn those_that_sleep_and_are_behind_are_woken() {
        let progress = Progress::new(4);
        progress.read(3, 100);
        [1, 3].into_iter().for_each(|worker| progress.sleeps(worker, true));
        let mut woken = Vec::new();
        assert!(!progress.caught_up(0, 100, |worker| woken.push(worker)));
        assert_eq!(woken, [1]);
    }
}
