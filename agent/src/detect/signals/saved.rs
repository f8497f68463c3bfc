//! Signals under way, saved and gone on with after a restart.

use serde::{Deserialize, Serialize};

use super::{
    book::SignalBook,
    signal::{Signal, Status},
    targets::Targets,
    under_way::UnderWay,
};
use crate::{
    detect::engine::{Finding, StateError, open, seal},
    limits,
};

const MAGIC: &[u8; 6] = b"PKTSIG";
const VERSION: u16 = 2;

/// A signal under way, as it is saved. The signal itself is JSON: it may lack fields.
#[derive(Serialize, Deserialize)]
struct Saved {
    signal: String,
    key: String,
    group: Vec<String>,
    keep_alive: u64,
    max_duration: u64,
    targets: Targets,
}

impl SignalBook {
    /// Signals under way, to go on with after a restart.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let saved: Vec<Saved> = self
            .signals
            .values()
            .filter_map(|under_way| {
                Some(Saved {
                    signal: serde_json::to_string(&under_way.signal).ok()?,
                    key: under_way.key.1.clone(),
                    group: under_way.group.clone(),
                    keep_alive: under_way.keep_alive,
                    max_duration: under_way.max_duration,
                    targets: under_way.targets.clone(),
                })
            })
            .collect();
        seal(MAGIC, VERSION, &saved)
    }

    /// Goes on with the signals of a saved state; those under way already stay.
    ///
    /// # Errors
    /// The bytes are no saved state; nothing is changed then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<usize, StateError> {
        let damaged = |_| StateError::Damaged("it ends too early or means nothing");
        let saved: Vec<Saved> = postcard::from_bytes(open(MAGIC, VERSION, bytes)?).map_err(damaged)?;
        let mut signals = Vec::with_capacity(saved.len().min(limits::SIGNALS_OPEN));
        for saved in saved {
            let signal: Signal = serde_json::from_str(&saved.signal)
                .map_err(|_| StateError::Damaged("a signal in it is not one"))?;
            if !saved.targets.is_sound() {
                return Err(StateError::Damaged("a signal in it names more than one can"));
            }
            signals.push(UnderWay {
                key: (signal.rule.clone(), saved.key),
                signal,
                group: saved.group,
                keep_alive: saved.keep_alive,
                max_duration: saved.max_duration,
                targets: saved.targets,
                changed: false,
                told: 0,
                written: 0,
            });
        }
        let mut taken = 0;
        for under_way in signals.into_iter().take(limits::SIGNALS_OPEN) {
            if !self.by_key.contains_key(&under_way.key) && under_way.signal.status != Status::Archived {
                self.insert(under_way);
                taken += 1;
            }
        }
        Ok(taken)
    }

    /// Signals that were stored after the state was saved that this one was restored from: what goes on with them is theirs, and
    /// raises no second one.
    pub fn recall(&mut self, signals: impl IntoIterator<Item = Signal>) {
        let fresh = signals
            .into_iter()
            .filter(|signal| signal.status != Status::Archived && !self.signals.contains_key(&signal.id));
        self.recalled.extend(fresh.take(limits::SIGNALS_OPEN_OF_RULE));
    }

    /// The stored signal that a finding belongs to.
    pub(super) fn recalled(&mut self, finding: &Finding) -> Option<Signal> {
        let is_its = |signal: &Signal| {
            let mut values = finding.rule.signal_by.iter().filter_map(|&at| finding.named_group().nth(at));
            *signal.rule == *finding.rule.id
                && values.all(|(name, value)| signal.group.get(&**name).is_some_and(|its| its == value))
        };
        let at = self.recalled.iter().position(is_its)?;
        Some(self.recalled.swap_remove(at))
    }

    /// What a person changed in the store while the signal was not under way here.
    pub fn resume(&mut self, signal: &Signal) {
        if signal.status == Status::Archived {
            self.remove(signal.id);
        } else if let Some(under_way) = self.signals.get_mut(&signal.id) {
            under_way.signal.status = signal.status;
            under_way.signal.assignee.clone_from(&signal.assignee);
            under_way.signal.case.clone_from(&signal.case);
            under_way.signal.comment.clone_from(&signal.comment);
        }
    }
}
