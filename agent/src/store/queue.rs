//! What waits for the writer. Whoever puts something in holds the lock for a push, nothing longer.
#![forbid(unsafe_code)]

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};

use super::{change::Change, error::WriteError, facts::NewEvent};
use crate::limits;

/// Rows with which the writer does not wait for more.
const BATCH: usize = 1000;
/// Longest time an event waits for others.
const PATIENCE: Duration = Duration::from_millis(200);

/// Changes that are made together or not at all, and who waits for them. None: a mark in the queue.
pub(super) struct Request {
    pub changes: Arc<Vec<Change>>,
    pub done: mpsc::SyncSender<Result<(), WriteError>>,
}

/// What the writer does next.
#[derive(Default)]
pub(super) struct Work {
    pub events: Vec<NewEvent>,
    pub requests: Vec<Request>,
    pub closed: bool,
}

#[derive(Default)]
struct Waiting {
    work: Work,
    bytes: usize,
    /// When the oldest event came.
    since: Option<Instant>,
}

#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

impl Queue {
    /// Puts an event in; gives it back when there is no room.
    #[expect(
        clippy::result_large_err,
        reason = "it goes back to where it came from, without a copy on the heap"
    )]
    pub fn event(&self, event: NewEvent) -> Result<(), NewEvent> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = event.bytes();
        let full = waiting.work.events.len() >= limits::STORE_QUEUE_EVENTS
            || waiting.bytes + bytes > limits::STORE_QUEUE_BYTES;
        if full || waiting.work.closed {
            return Err(event);
        }
        waiting.bytes += bytes;
        waiting.work.events.push(event);
        let count = waiting.work.events.len();
        // The first starts the writer's patience, a whole batch ends it.
        if count == 1 {
            waiting.since = Some(Instant::now());
        }
        if count == 1 || count == BATCH {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Puts changes in, which are made at once with all events before them.
    pub fn request(&self, request: Request) -> Result<(), WriteError> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.work.closed {
            return Err(WriteError::Closed);
        }
        let limit = limits::STORE_QUEUE_CHANGES;
        if waiting.work.requests.len() >= limit {
            return Err(WriteError::Busy { limit });
        }
        waiting.work.requests.push(request);
        self.wake.notify_one();
        Ok(())
    }

    /// Takes nothing more; the writer gets what is there.
    pub fn close(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).work.closed = true;
        self.wake.notify_one();
    }

    /// Waits until there is something to do, or this long, and gives all there is.
    pub fn take(&self, longest: Duration) -> Work {
        let until = Instant::now() + longest;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let now = Instant::now();
            let patience = waiting.since.map(|since| since + PATIENCE);
            let due = waiting.work.closed
                || !waiting.work.requests.is_empty()
                || waiting.work.events.len() >= BATCH
                || patience.is_some_and(|patience| patience <= now)
                || until <= now;
            if due {
                let closed = waiting.work.closed;
                let taken = std::mem::take(&mut *waiting);
                waiting.work.closed = closed;
                return taken.work;
            }
            let until = patience.map_or(until, |patience| patience.min(until));
            let (guard, _) =
                self.wake.wait_timeout(waiting, until - now).unwrap_or_else(PoisonError::into_inner);
            waiting = guard;
        }
    }
}
