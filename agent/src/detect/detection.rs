//! Rules and signals in one: what the agent's wiring holds.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    engine::{Detector, DetectorStats, Finding, Seed, StateError},
    rules::{Rule, RuleError},
    signals::{BookStats, Change, Signal, SignalBook, Triage, TriageError},
};
use crate::query::Fields;

/// Why detection can't begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetectionError {
    /// A rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// Our own fault.
    #[error("signals: {0}")]
    Signals(String),
}

/// Detection rules at work, and the signals they raise.
#[derive(Clone, Debug)]
pub struct Detection {
    detector: Detector,
    book: SignalBook,
    findings: Vec<Finding>,
    seed: Seed,
}

impl Detection {
    /// With the rules that are enabled, and random numbers of this process.
    ///
    /// # Errors
    /// A rule that can't run.
    pub fn new(rules: &[Arc<Rule>], seed: Seed) -> Result<Self, DetectionError> {
        let random = u64::from_le_bytes(seed.first_chunk().copied().unwrap_or_default());
        let book = SignalBook::new(random).map_err(DetectionError::Signals)?;
        Ok(Self { detector: Detector::new(rules, seed)?, book, findings: Vec::new(), seed })
    }

    /// An event happened at a time, nanoseconds since the epoch; signals that change are appended.
    pub fn observe<F: Fields + ?Sized>(&mut self, event: &F, time: u64, changes: &mut Vec<Change>) {
        self.detector.observe(event, time, &mut self.findings);
        for finding in self.findings.drain(..) {
            self.book.take(&finding, event, changes);
        }
    }

    /// So late it is, nanoseconds since the epoch: ends signals and tells what changed. Once a second is right.
    pub fn advance(&mut self, now: u64, changes: &mut Vec<Change>) {
        self.detector.advance(now);
        self.book.advance(now, changes);
    }

    /// A person's word on a signal under way; [`Signal::triage`] is for those that ended. One that is archived ends,
    /// and what led to it is forgotten.
    ///
    /// # Errors
    /// The signal is not under way, or what is said of it can't be taken; nothing is changed then.
    pub fn triage(
        &mut self,
        id: Uuid,
        triage: &Triage,
        changes: &mut Vec<Change>,
    ) -> Result<(), TriageError> {
        if let Some((rule, group)) = self.book.triage(id, triage, changes)? {
            self.detector.forget(&rule, &group);
        }
        Ok(())
    }

    /// Other rules from now on: what those that stayed the same have counted is kept.
    ///
    /// # Errors
    /// A rule that can't run; nothing is changed then.
    pub fn reload(&mut self, rules: &[Arc<Rule>]) -> Result<(), DetectionError> {
        let mut detector = Detector::new(rules, self.seed)?;
        // What was just saved is sound.
        let _ = detector.restore(&self.detector.snapshot());
        self.detector = detector;
        Ok(())
    }

    /// Open windows and signals under way, each to be saved.
    #[must_use]
    pub fn snapshot(&self) -> (Vec<u8>, Vec<u8>) {
        (self.detector.snapshot(), self.book.snapshot())
    }

    /// Goes on where saved states ended.
    ///
    /// # Errors
    /// One of them is none; the other may be taken.
    pub fn restore(&mut self, windows: &[u8], signals: &[u8]) -> Result<(), StateError> {
        let windows = self.detector.restore(windows);
        let signals = self.book.restore(signals);
        windows.and(signals).map(|_| ())
    }

    /// Signals under way.
    #[must_use]
    pub fn book(&self) -> &SignalBook {
        &self.book
    }

    /// Signals under way, to be changed.
    pub fn book_mut(&mut self) -> &mut SignalBook {
        &mut self.book
    }

    /// A signal under way.
    #[must_use]
    pub fn signal(&self, id: Uuid) -> Option<&Signal> {
        self.book.get(id)
    }

    /// Rules that run, and how many groups each counts now.
    pub fn groups(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.detector.groups()
    }

    /// What was counted.
    #[must_use]
    pub fn stats(&self) -> (DetectorStats, BookStats) {
        (self.detector.stats(), self.book.stats())
    }
}
