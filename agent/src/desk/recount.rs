//! What an agent that was killed had stored, and its windows had not: counted again when the next one starts.

use std::{mem, sync::PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

use super::{Desk, nanoseconds};
use crate::detect::{self, ChangeKind};

/// Signals that changed when events were counted again.
#[derive(Default)]
pub(super) struct Recounted {
    /// When, nanoseconds since the epoch; 0: never.
    at: i64,
    /// Each once, and how it changed first.
    signals: Vec<(Uuid, ChangeKind)>,
}

impl Desk {
    /// Counts what an agent that was killed had stored and not saved: before anything is [taken](Self::take), and when
    /// there is [who keeps out](Self::enforce_with) whom that shows. Gives the signals that changed, to be told.
    pub fn catch_up(&self) -> Vec<detect::Change> {
        let missed = mem::take(&mut *self.missed.lock().unwrap_or_else(PoisonError::into_inner));
        let mut changes = Vec::new();
        for event in &missed {
            self.count(event, &mut changes);
        }
        let changes = self.changed(changes);
        let mut signals: Vec<(Uuid, ChangeKind)> = Vec::new();
        for change in &changes {
            signals.push((change.signal.id, change.kind));
        }
        // Stable: the first word on each stays.
        signals.sort_by_key(|(id, _)| *id);
        signals.dedup_by_key(|(id, _)| *id);
        if signals.is_empty() {
            return changes;
        }
        let at = nanoseconds(Timestamp::now());
        *self.recounted.lock().unwrap_or_else(PoisonError::into_inner) = Recounted { at, signals };
        changes
    }

    /// Signals that changed when events were counted again, if that was after a time, nanoseconds since the epoch: no
    /// tail was there then, and by the times of their events they are older. With the time of counting.
    #[must_use]
    pub fn recounted(&self, since: i64) -> (i64, Vec<(Uuid, ChangeKind)>) {
        let recounted = self.recounted.lock().unwrap_or_else(PoisonError::into_inner);
        let signals = if recounted.at > since { recounted.signals.clone() } else { Vec::new() };
        (recounted.at, signals)
    }
}
