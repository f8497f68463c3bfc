//! The story of a signal: what stage an attack is in, and since when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::signal::rfc3339;
use crate::limits;

/// What an event is in an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It looks around: scanners, what is not there.
    Probing,
    /// It tries something.
    Attempt,
    /// Something hints that it worked: a failing service, a leak, a login.
    SuccessHint,
    /// Picket did something about it: it put somebody on the denylist, or flagged them.
    ActionTaken,
}

/// What happened, in stages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timeline(pub Vec<Entry>);

/// One kind of thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its stage.
    pub stage: Stage,
    /// What it was.
    pub what: String,
    /// When first.
    #[serde(with = "rfc3339")]
    pub first_seen: Timestamp,
    /// When last.
    #[serde(with = "rfc3339")]
    pub last_seen: Timestamp,
    /// How often.
    pub count: u64,
    /// An event that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

impl Timeline {
    /// Something happened. What is over the cap counts to the last entry of its stage.
    pub fn add(&mut self, stage: Stage, what: &str, time: Timestamp, event: Option<&str>) {
        let same = self.0.iter().position(|entry| entry.stage == stage && entry.what == what);
        let full = self.0.len() >= limits::SIGNAL_TIMELINE;
        let at = same.or_else(|| {
            let stage = self.0.iter().rposition(|entry| entry.stage == stage);
            stage.filter(|_| full)
        });
        if let Some(entry) = at.and_then(|at| self.0.get_mut(at)) {
            entry.count += 1;
            entry.last_seen = entry.last_seen.max(time);
            entry.first_seen = entry.first_seen.min(time);
            return;
        }
        if full {
            // A new stage is worth more than one more kind of the stage that has most.
            let most = |stage: Stage| self.0.iter().filter(|entry| entry.stage == stage).count();
            let crowded =
                (0..self.0.len()).rev().max_by_key(|&at| self.0.get(at).map(|entry| most(entry.stage)));
            if let Some(at) = crowded {
                self.0.remove(at);
            }
        }
        let what = what.to_owned();
        let event = event.map(str::to_owned);
        self.0.push(Entry { stage, what, first_seen: time, last_seen: time, count: 1, event });
        self.0.sort_by_key(|entry| entry.first_seen);
    }

    /// The furthest stage.
    #[must_use]
    pub fn furthest(&self) -> Option<Stage> {
        self.0.iter().map(|entry| entry.stage).max()
    }
}
