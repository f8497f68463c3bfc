//! What stages and people hold of the store.
#![forbid(unsafe_code)]

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::Ordering::Relaxed,
        mpsc::{self, Receiver, RecvTimeoutError, TryRecvError},
    },
    time::Duration,
};

use uuid::Uuid;

use super::{
    change::Change,
    counts::{Counts, Why},
    error::WriteError,
    facts::{Facts, NewEvent},
    queue::{Queue, Request},
    sampler::Sampler,
    stats::{StoreStats, Tally},
};
use crate::time;

/// What the data path and the writer share.
pub(super) struct Shared {
    pub queue: Queue,
    pub intake: Mutex<Intake>,
    pub tally: Tally,
}

/// Which events go in, and what was counted of all.
pub(super) struct Intake {
    pub sampler: Sampler,
    pub counts: Counts,
}

impl Shared {
    /// Counts events that were admitted and then could not be stored.
    pub fn leave_out<'e>(&self, events: impl IntoIterator<Item = &'e Facts>, why: Why) {
        let mut intake = self.intake.lock().unwrap_or_else(PoisonError::into_inner);
        for facts in events {
            intake.counts.leave_out(facts, why);
            Tally::add(
                match why {
                    Why::Sampled => &self.tally.sampled,
                    Why::Queue => &self.tally.queue_full,
                    Why::Disk => &self.tally.disk,
                },
                1,
            );
        }
    }
}

/// Puts things into the store; never waits for the disk.
#[derive(Clone)]
pub struct StoreHandle(pub(super) Arc<Shared>);

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It will be written with the next batch.
    Queued,
    /// It is counted only.
    LeftOut(Why),
}

impl StoreHandle {
    /// Counts an event and, within the rate, stores it. `json` is asked for only then.
    pub fn event(&self, id: Uuid, facts: Facts, json: impl FnOnce() -> String) -> Fate {
        self.event_at(id, facts, time::now(), json)
    }

    /// [`Self::event`] at a monotonic time, nanoseconds.
    pub(super) fn event_at(&self, id: Uuid, facts: Facts, now: u64, json: impl FnOnce() -> String) -> Fate {
        let shared = &*self.0;
        {
            let mut intake = shared.intake.lock().unwrap_or_else(PoisonError::into_inner);
            intake.counts.see(&facts);
            let why = if shared.tally.is_failing.load(Relaxed) {
                Some((Why::Disk, &shared.tally.disk))
            } else if !intake.sampler.admits(&facts, now) {
                Some((Why::Sampled, &shared.tally.sampled))
            } else {
                None
            };
            if let Some((why, counter)) = why {
                intake.counts.leave_out(&facts, why);
                Tally::add(counter, 1);
                return Fate::LeftOut(why);
            }
        }
        match shared.queue.event(NewEvent { id, facts, json: json() }) {
            Ok(()) => Fate::Queued,
            Err(event) => {
                shared.leave_out([&event.facts], Why::Queue);
                Fate::LeftOut(Why::Queue)
            }
        }
    }

    /// Changes that are made together or not at all, at once, together with all events before them. Who may have to
    /// write them again gives a share of them: they may be large.
    ///
    /// # Errors
    /// [`WriteError::Busy`] when too many wait already, [`WriteError::Closed`].
    pub fn write(&self, changes: impl Into<Arc<Vec<Change>>>) -> Result<Ack, WriteError> {
        let (done, waiting) = mpsc::sync_channel(1);
        self.0.queue.request(Request { changes: changes.into(), done })?;
        Ok(Ack(waiting))
    }

    /// Writes everything that was put in before. Acknowledged: events that were [queued](Fate::Queued) and are
    /// not counted in [`StoreStats::disk`] are stored.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn flush(&self) -> Result<Ack, WriteError> {
        self.write(Vec::<Change>::new())
    }

    /// What the store counted of itself.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        self.0.tally.read()
    }
}

/// The answer to a write, once it is there.
#[must_use = "until it is acknowledged, nothing is promised"]
pub struct Ack(Receiver<Result<(), WriteError>>);

impl Ack {
    /// The answer if it is there, otherwise what to ask again.
    ///
    /// # Errors
    /// It is not there yet.
    pub fn try_wait(self) -> Result<Result<(), WriteError>, Self> {
        match self.0.try_recv() {
            Ok(answer) => Ok(answer),
            Err(TryRecvError::Empty) => Err(self),
            Err(TryRecvError::Disconnected) => Ok(Err(WriteError::Closed)),
        }
    }

    /// Waits for the answer: after `Ok` a SIGKILL of the agent loses nothing of it, and of changes (other than
    /// events, windows and endpoints) a loss of power neither. Blocks the thread.
    ///
    /// # Errors
    /// Why it was not written, or [`WriteError::Late`].
    pub fn wait(self, longest: Duration) -> Result<(), WriteError> {
        match self.0.recv_timeout(longest) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(WriteError::Late),
            Err(RecvTimeoutError::Disconnected) => Err(WriteError::Closed),
        }
    }
}
