//! In which order files are inspected.
//!
//! What counts is the time from a mapping to its probes, and most files are small: read in less than a millisecond. So small
//! ones go first, and no second large one is begun while one runs: of two threads one is always there for the small.
//! Among small ones the newest goes first. When more come than can be inspected, the old ones are late already, and going
//! by age would make all others late as well; the newest can still be in time. Every fourth is the oldest, so that
//! none waits for ever, and every eighth a large one.
#![forbid(unsafe_code)]

use std::collections::VecDeque;

/// Bytes from which on a file is a large one.
pub(super) const LARGE: u64 = 16 << 20;
const OLDEST_OF: u32 = 4;
const LARGE_OF: u32 = 8;

/// Files that wait.
#[derive(Debug)]
pub(super) struct Queue<J> {
    small: VecDeque<J>,
    large: VecDeque<J>,
    taken: u32,
    large_runs: bool,
}

impl<J> Default for Queue<J> {
    fn default() -> Self {
        Self { small: VecDeque::new(), large: VecDeque::new(), taken: 0, large_runs: false }
    }
}

impl<J> Queue<J> {
    /// Takes a file of so many bytes in; of unknown size it is taken for small.
    pub(super) fn push(&mut self, job: J, size: Option<u64>) {
        let queue = if size.is_some_and(|size| size >= LARGE) { &mut self.large } else { &mut self.small };
        queue.push_back(job);
    }

    /// The next one. True: a large one, whose end is to be [told](Self::large_ended).
    pub(super) fn take(&mut self) -> Option<(J, bool)> {
        let turn = |of: u32| self.taken % of == of - 1;
        let (oldest, prefer_large) = (turn(OLDEST_OF), turn(LARGE_OF));
        let large_may = !self.large_runs && !self.large.is_empty();
        if large_may && (prefer_large || self.small.is_empty()) {
            self.taken = self.taken.wrapping_add(1);
            self.large_runs = true;
            return self.large.pop_back().map(|job| (job, true));
        }
        let job = if oldest { self.small.pop_front() } else { self.small.pop_back() }?;
        self.taken = self.taken.wrapping_add(1);
        Some((job, false))
    }

    /// The large one that ran has ended.
    pub(super) fn large_ended(&mut self) {
        self.large_runs = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_ones_go_first_the_newest_before_and_none_waits_for_ever() {
        let mut queue = Queue::default();
        (0..8).for_each(|n| queue.push(n, Some(1)));
        (100..103).for_each(|n| queue.push(n, Some(LARGE)));
        queue.push(8, None);
        let mut order = Vec::new();
        while let Some(taken) = queue.take() {
            order.push(taken);
        }
        let small: Vec<_> = [8, 7, 6, 0, 5, 4, 3].map(|n| (n, false)).into();
        // The eighth is a large one, and there is no second beside it.
        let expected = [small, vec![(102, true)], [2, 1].map(|n| (n, false)).into()].concat();
        assert_eq!(order, expected);
        queue.large_ended();
        assert_eq!(queue.take(), Some((101, true)));
        assert_eq!(queue.take(), None, "not beside another");
        queue.push(9, Some(0));
        assert_eq!(queue.take(), Some((9, false)), "small ones go on beside it");
    }
}
