//! How much time looking for services may take.
#![forbid(unsafe_code)]

use std::time::Duration;

/// Credit that grows with time and is spent by work: at most [`SHARE`] of the time over any longer
/// while, whatever the host looks like. Times are durations since some start.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    credit: Duration,
    at: Duration,
}

/// A twentieth of one CPU.
const SHARE: u32 = 20;
/// Credit that can be saved up: a first look at a large host.
const MOST: Duration = Duration::from_secs(2);

impl Default for Allowance {
    fn default() -> Self {
        Self { credit: MOST, at: Duration::ZERO }
    }
}

impl Allowance {
    /// Whether work may begin now. What it takes is only known afterwards, so credit may go
    /// below zero once ([`spend`](Self::spend) keeps the debt as time to wait).
    pub fn may_start(&mut self, now: Duration) -> bool {
        if let Some(passed) = now.checked_sub(self.at) {
            self.credit = (self.credit + passed / SHARE).min(MOST);
            self.at = now;
        }
        !self.credit.is_zero()
    }

    /// Takes off what work took. A debt moves the clock forward: nothing is earned until it is paid.
    pub fn spend(&mut self, took: Duration) {
        match self.credit.checked_sub(took) {
            Some(left) => self.credit = left,
            None => {
                self.at += (took - self.credit) * SHARE;
                self.credit = Duration::ZERO;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_its_share_over_time() {
        let (mut allowance, mut spent) = (Allowance::default(), Duration::ZERO);
        let took = Duration::from_millis(30);
        for ms in 0..600_000 {
            if allowance.may_start(Duration::from_millis(ms)) {
                allowance.spend(took);
                spent += took;
            }
        }
        let most = Duration::from_secs(600) / SHARE + MOST + took;
        assert!(spent <= most, "{spent:?} > {most:?}");
        assert!(spent >= Duration::from_secs(600) / SHARE, "the share may be used: {spent:?}");
    }

    #[test]
    fn one_long_piece_of_work_is_paid_back() {
        let mut allowance = Allowance::default();
        assert!(allowance.may_start(Duration::ZERO));
        allowance.spend(MOST + Duration::from_secs(1));
        assert!(!allowance.may_start(Duration::from_secs(19)));
        assert!(!allowance.may_start(Duration::from_secs(20)));
        assert!(allowance.may_start(Duration::from_secs(21)));
    }
}
