//! What is known of users and endpoints, kept over a restart.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::{desk::Desk, endpoint::Inventory, user::Observer, user::Sessions};

/// Their names in the store.
const SESSIONS: &str = "sessions";
const ENDPOINTS: &str = "endpoints";
/// Between two saves, at least…
const EVERY: Duration = Duration::from_secs(60);
/// …and a second more for so many bytes: an idle host writes little, a busy one no more than this.
const BYTES_A_SECOND: usize = 64 * 1024;

/// Users and endpoints of all workers.
pub struct Known {
    desk: Arc<Desk>,
    sessions: Arc<Sessions>,
    observers: Vec<Arc<Mutex<Observer>>>,
    due: Mutex<Instant>,
}

impl Known {
    /// With what was known before a restart. What can't be read is said, and learned anew.
    #[must_use]
    pub fn new(desk: Arc<Desk>, sessions: Arc<Sessions>, observers: Vec<Arc<Mutex<Observer>>>) -> Self {
        let saved =
            |name| desk.saved(name).inspect_err(|error| tracing::warn!(%error, "{name}")).ok().flatten();
        if let Some(bytes) = saved(SESSIONS)
            && !sessions.restore(&bytes, Timestamp::now().as_second())
        {
            tracing::warn!(
                "sessions of before the restart can't be read: users are known again when they log in"
            );
        }
        if let Some(bytes) = saved(ENDPOINTS) {
            match (Inventory::restored(&bytes), observers.first()) {
                (Some(inventory), Some(observer)) => lock(observer).resume(&inventory),
                _ => tracing::warn!("endpoints of before the restart can't be read: they are learned anew"),
            }
        }
        Self { desk, sessions, observers, due: Mutex::new(Instant::now() + EVERY) }
    }

    /// Each worker's part.
    #[must_use]
    pub fn observers(&self) -> &[Arc<Mutex<Observer>>] {
        &self.observers
    }

    /// Routes of all services, as all workers have seen them.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        let mut all = Inventory::default();
        for observer in &self.observers {
            all.merge(lock(observer).inventory());
        }
        all
    }

    /// Once a second: saves what is known when it is time.
    pub fn tick(&self) {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if *due <= Instant::now() {
            let seconds = self.save() / BYTES_A_SECOND;
            *due = Instant::now() + EVERY + Duration::from_secs(seconds as u64);
        }
    }

    /// Saves what is known; gives its bytes.
    pub fn save(&self) -> usize {
        let sessions = self.sessions.save(Timestamp::now().as_second());
        let endpoints = self.inventory().save();
        let bytes = sessions.len() + endpoints.len();
        self.desk.save(SESSIONS, sessions);
        self.desk.save(ENDPOINTS, endpoints);
        bytes
    }
}

/// A worker's part.
pub(super) fn lock(observer: &Mutex<Observer>) -> MutexGuard<'_, Observer> {
    observer.lock().unwrap_or_else(PoisonError::into_inner)
}
