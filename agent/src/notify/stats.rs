//! What the courier counts.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What became of a target's notifications since the agent started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetStats {
    /// The target.
    pub name: String,
    /// `webhook`, `slack`, `syslog`, `email`, `otlp`.
    pub via: String,
    /// Where it is, without what may be secret.
    pub address: String,
    /// Notifications that were taken.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Notifications that were given up: refused, or too old.
    pub given_up: u64,
    /// Notifications that became one with others, for the rate.
    pub merged: u64,
    /// Notifications that wait.
    pub waiting: u64,
    /// When one was taken last.
    pub last_delivered: Option<Timestamp>,
    /// Why the latest attempt failed; none: it did not.
    pub last_error: Option<String>,
}

/// The stats of one target, written by its round.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<TargetStats>);

impl Tally {
    pub fn count(&self, what: impl FnOnce(&mut TargetStats)) {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub fn read(&self) -> TargetStats {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
