//! How long something took: percentiles over the latest times.
#![forbid(unsafe_code)]

use std::collections::VecDeque;

use crate::{limits::DISCOVER_LATENCIES, time::Ktime};

/// The latest [`DISCOVER_LATENCIES`] times, and the longest of all.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    latest: VecDeque<Ktime>,
    count: u64,
    longest: Ktime,
}

/// What they come to, nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Percentiles {
    /// Times that were taken, ever.
    pub count: u64,
    /// Half of the latest are not longer.
    pub p50: Ktime,
    /// 99 of 100 of the latest are not longer.
    pub p99: Ktime,
    /// The longest ever.
    pub max: Ktime,
}

impl Latencies {
    /// Takes a time.
    pub fn add(&mut self, took: Ktime) {
        if self.latest.len() >= DISCOVER_LATENCIES {
            self.latest.pop_front();
        }
        self.latest.push_back(took);
        self.count += 1;
        self.longest = self.longest.max(took);
    }

    /// What they come to.
    #[must_use]
    pub fn percentiles(&self) -> Percentiles {
        let mut sorted: Vec<Ktime> = self.latest.iter().copied().collect();
        sorted.sort_unstable();
        // The nearest rank: the first that so many are not above.
        let rank = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
        };
        Percentiles { count: self.count, p50: rank(50), p99: rank(99), max: self.longest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_latest_and_the_longest_is_of_all() {
        let mut times = Latencies::default();
        assert_eq!(times.percentiles(), Percentiles::default());
        times.add(7);
        assert_eq!(times.percentiles(), Percentiles { count: 1, p50: 7, p99: 7, max: 7 });
        times.add(1_000_000);
        let all = DISCOVER_LATENCIES as u64;
        (1..=all).for_each(|time| times.add(time));
        let percentiles =
            Percentiles { count: all + 2, p50: all / 2, p99: (all * 99).div_ceil(100), max: 1_000_000 };
        assert_eq!(times.percentiles(), percentiles);
    }
}
