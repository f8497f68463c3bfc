//! What the store counts of itself.
#![forbid(unsafe_code)]

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use serde::Serialize;

/// Since the store was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StoreStats {
    /// Events that were stored.
    pub stored: u64,
    /// Events that were stored before, by their id.
    pub repeated: u64,
    /// Events over the rate.
    pub sampled: u64,
    /// Events for which the queue had no room.
    pub queue_full: u64,
    /// Events that a full or failing disk did not take.
    pub disk: u64,
    /// Changes other than events that were made.
    pub changes: u64,
    /// Changes that were not made.
    pub refused: u64,
    /// Events deleted for their age or the store's size.
    pub deleted: u64,
    /// Bytes of the database and what is beside it.
    pub bytes: u64,
    /// Why nothing can be written; none: it can.
    pub failing: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub stored: AtomicU64,
    pub repeated: AtomicU64,
    pub sampled: AtomicU64,
    pub queue_full: AtomicU64,
    pub disk: AtomicU64,
    pub changes: AtomicU64,
    pub refused: AtomicU64,
    pub deleted: AtomicU64,
    pub bytes: AtomicU64,
    /// Read on the data path, before anything is copied.
    pub is_failing: AtomicBool,
    pub failing: Mutex<Option<String>>,
}

impl Tally {
    pub fn add(counter: &AtomicU64, number: usize) {
        counter.fetch_add(number as u64, Relaxed);
    }

    pub fn set_failing(&self, why: Option<String>) {
        self.is_failing.store(why.is_some(), Relaxed);
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    pub fn read(&self) -> StoreStats {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        StoreStats {
            stored: of(&self.stored),
            repeated: of(&self.repeated),
            sampled: of(&self.sampled),
            queue_full: of(&self.queue_full),
            disk: of(&self.disk),
            changes: of(&self.changes),
            refused: of(&self.refused),
            deleted: of(&self.deleted),
            bytes: of(&self.bytes),
            failing: self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
