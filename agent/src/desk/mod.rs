//! desk: where events come together. It keeps them, has detection rules look at them, does what signals ask for, and
//! answers people.
//!
//! ```text
//!  event ──> Desk::take ──> store: counted, kept
//!                 ├───────> detect ──> signal ──> store, notifications, responses ──> lists
//!                 └───────> live ──> tails
//!  people (api, cli) ──> triage, lists, questions
//! ```
//!
//! It knows nothing of the kernel: what is to be kept out is asked of an [`Enforce`].
#![forbid(unsafe_code)]

mod error;
mod key;
mod lists;
mod live;
mod notices;
mod once;
mod recount;
mod response;
mod rules;
mod saved;
mod signals;
#[cfg(test)]
mod tests;
mod triage;
mod writes;

use std::{
    net::IpAddr,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::broadcast;
use uuid::Uuid;

pub use error::DeskError;
pub use lists::ends;
pub use live::Live;
pub use response::{Enforce, Enforced, Why};
pub use rules::RuleAtWork;

pub use crate::detect::signals::Triage;

use self::{notices::Notices, once::Once, recount::Recounted, response::Responses, writes::Writes};
use crate::{
    config::Config,
    detect::{self, Detection, rules::Loaded},
    event::{Event, Kind, Plain},
    metrics::{AttackCount, Attacks},
    query, random,
    store::{self, Facts, Reader, Store, StoreHandle, StoreStats},
    time::since_epoch as nanoseconds,
    user::Key,
};

/// Changes that a slow tail may be behind; what is beyond it misses, and is told how many.
const LIVE: usize = 4096;
/// How long a person's change may take to be stored.
const STORED_WITHIN: Duration = Duration::from_secs(5);

/// Where events come together.
pub struct Desk {
    key: Key,
    store: Mutex<Option<Store>>,
    handle: StoreHandle,
    reader: Reader,
    detection: Mutex<Detection>,
    writes: Mutex<Writes>,
    responses: Responses,
    notices: Notices,
    attacks: Attacks,
    rules: RwLock<Arc<Loaded>>,
    live: broadcast::Sender<Arc<Live>>,
    saved: Mutex<saved::Clock>,
    once: Mutex<Once>,
    /// The time of the newest event that was counted, nanoseconds; changed while `detection` is locked.
    counted: AtomicI64,
    /// Stored by the agent before, and not counted yet.
    missed: Mutex<Vec<Event>>,
    /// What came of counting it.
    recounted: Mutex<Recounted>,
}

impl Desk {
    /// Opens the store in the state directory and goes on where the agent before ended.
    ///
    /// # Errors
    /// When the directory or the store can't be used, or a detection rule is wrong.
    pub fn open(state: &Path, config: &Config) -> Result<Self, DeskError> {
        let key = key::read_or_make(state)?;
        let seed = random::bytes().map_err(DeskError::Random)?;
        let options =
            store::Options { functions: Some(query::register), ..store::Options::from(&config.store) };
        let store = Store::open(&state.join("store"), &options)?;
        let (handle, reader) = (store.handle(), store.reader());
        let rules = rules::configured(config)?;
        let mut detection = Detection::new(&rules.running(), seed)?;
        saved::resume(&reader, &mut detection)?;
        let missed = saved::missed(&reader)?;
        let responses = Responses::open(&reader)?;
        let notices = Notices::open(config, &handle, &reader)?;
        Ok(Self {
            key,
            store: Mutex::new(Some(store)),
            handle,
            reader,
            detection: Mutex::new(detection),
            writes: Mutex::default(),
            responses,
            notices,
            attacks: Attacks::default(),
            rules: RwLock::new(Arc::new(rules)),
            live: broadcast::Sender::new(LIVE),
            saved: Mutex::default(),
            once: Mutex::default(),
            counted: AtomicI64::new(missed.counted),
            missed: Mutex::new(missed.events),
            recounted: Mutex::default(),
        })
    }

    /// Detection rules look at an event.
    fn count(&self, event: &Event, changes: &mut Vec<detect::Change>) {
        if !self.once().is_first(event) {
            return;
        }
        let (mut detection, time) = self.counting(event.time);
        let mut tries = 0;
        event.each_try(|one| {
            tries += 1;
            detection.observe(one, time, changes);
        });
        if tries == 0 {
            detection.observe(event, time, changes);
        }
    }

    /// Detection, which is about to count something of this time; and the time in nanoseconds.
    fn counting(&self, time: Timestamp) -> (MutexGuard<'_, Detection>, u64) {
        let time = nanoseconds(time);
        let detection = self.detection();
        self.counted.fetch_max(time, Ordering::Relaxed);
        (detection, time.unsigned_abs())
    }

    /// What is to be saved of open windows.
    fn windows(&self) -> Vec<store::Change> {
        let detection = self.detection();
        saved::windows(&detection, self.counted.load(Ordering::Relaxed))
    }

    /// Takes a transaction that is no event, of which nothing is kept but what detection rules count; and the whole, if a
    /// signal shows it. Gives the signals that changed.
    pub fn take_plain(&self, plain: &Plain<'_>, origin: IpAddr) -> Vec<detect::Change> {
        self.responses.note_origin(plain.transaction.client_ip.to_canonical(), origin);
        let mut changes = Vec::new();
        if !self.once().is_first_of(plain.chain.as_ref(), false) {
            return changes;
        }
        let (mut detection, time) = self.counting(plain.stamp.time);
        detection.observe(plain, time, &mut changes);
        drop(detection);
        if changes.is_empty() {
            return changes;
        }
        if shows(&changes, plain.stamp.id) {
            self.keep(plain.event());
        }
        self.changed(changes)
    }

    /// Takes an event, or a transaction that is none: everything that detection rules may count. `origin`: the other
    /// end of the client's connection as this host sees it, the client itself or a proxy. Gives the signals that changed.
    pub fn take(&self, event: &Arc<Event>, origin: IpAddr) -> Vec<detect::Change> {
        self.responses.note_origin(event.client_ip, origin);
        let is_event = event.kind == Kind::Event;
        if is_event {
            self.attacks.take(event);
            self.keep(event);
        }
        let mut changes = Vec::new();
        self.count(event, &mut changes);
        if is_event && self.live.receiver_count() > 0 {
            // Nobody listening any more is no error.
            let _ = self.live.send(Arc::new(Live::Event(Arc::clone(event))));
        }
        if !changes.is_empty() {
            // A transaction that no rule matched: kept because a signal shows it.
            if !is_event && shows(&changes, event.id) {
                self.keep(event);
            }
            return self.changed(changes);
        }
        changes
    }

    fn keep(&self, event: &Event) {
        let user = event.user.as_ref().map(|user| &*user.id);
        // What is not stored is counted there.
        let _ = self.handle.event(event.id, Facts::of(event, user), || event.json_line());
    }

    /// Marks an event of an actor that is blocked or flagged, before it is printed, stored and judged.
    pub fn mark(&self, event: &mut Event) {
        self.responses.mark(event);
    }

    /// Once a second: ends signals and entries whose time is over, saves windows, writes again what was not written.
    pub fn tick(&self, now: Timestamp) {
        let mut changes = Vec::new();
        self.detection().advance(nanoseconds(now).unsigned_abs(), &mut changes);
        self.changed(changes);
        let ended = self.responses.sweep(now);
        self.write(ended);
        self.writes().again(&self.handle);
        let mut clock = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        if clock.is_due(self.counted.load(Ordering::Relaxed)) {
            let counted = self.counted.load(Ordering::Relaxed);
            let began = Instant::now();
            let windows = self.windows();
            let bytes = windows.iter().map(saved::bytes).sum();
            self.write(windows);
            clock.took(began.elapsed(), bytes, counted);
        }
    }

    /// Saves what is open and closes the store. Nothing is kept afterwards.
    pub fn close(&self) {
        let windows = self.windows();
        self.write(windows);
        self.writes().again(&self.handle);
        drop(self.store.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Who keeps addresses out; the first that is given counts.
    pub fn enforce_with(&self, enforce: Arc<dyn Enforce>) {
        self.responses.enforce_with(enforce);
    }

    /// The installation's key, for identities.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// For questions; they block.
    #[must_use]
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// For those who put something into the store.
    #[must_use]
    pub fn handle(&self) -> &StoreHandle {
        &self.handle
    }

    /// What happens from now on.
    #[must_use]
    pub fn live(&self) -> broadcast::Receiver<Arc<Live>> {
        self.live.subscribe()
    }

    /// What the store counted of itself.
    #[must_use]
    pub fn store_stats(&self) -> StoreStats {
        self.handle.stats()
    }

    /// Changes that the store never took.
    #[must_use]
    pub fn writes_lost(&self) -> u64 {
        self.writes().lost
    }

    /// Attacks by service and type.
    #[must_use]
    pub fn attacks(&self) -> Vec<AttackCount> {
        self.attacks.counts()
    }

    /// What detection counted.
    #[must_use]
    pub fn detection_stats(&self) -> (detect::DetectorStats, detect::signals::BookStats) {
        self.detection().stats()
    }

    fn once(&self) -> MutexGuard<'_, Once> {
        self.once.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn detection(&self) -> MutexGuard<'_, Detection> {
        self.detection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writes(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what need not be waited for; what fails is written again.
    fn write(&self, changes: Vec<store::Change>) {
        if !changes.is_empty() {
            self.writes().write(&self.handle, changes);
        }
    }

    /// Writes what a person asked for.
    fn write_now(&self, changes: Vec<store::Change>) -> Result<(), DeskError> {
        self.handle.write(changes).and_then(|ack| ack.wait(STORED_WITHIN)).map_err(DeskError::NotStored)
    }
}

/// Whether one of these signals shows the event as a sample.
fn shows(changes: &[detect::Change], event: Uuid) -> bool {
    let event = event.to_string();
    changes.iter().any(|change| change.signal.events.iter().any(|kept| kept.id == event))
}
