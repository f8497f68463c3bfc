//! What is attached: once for each file, whatever names and overlays lead to it.
//!
//! Taking a probe off costs the kernel far more than putting one in, and nothing can be put in meanwhile: closing a uprobe's
//! perf event waits for all CPUs to have left it (70–95 ms measured on Linux 6.18, where opening one takes 0.012 ms) under the
//! lock that opening needs (`event_mutex`). So probes are taken off one by one by a thread of its own, when nothing was
//! attached for a while.
#![forbid(unsafe_code)]

use std::{
    error::Error,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{OpenFile, view::Runtime};

/// Why something handed in failed.
pub type Failure = Box<dyn Error + Send + Sync>;

/// What to look for in files, and what to do where it is found. All of it is called from threads of discovery.
pub trait Attach: Send + Sync + 'static {
    /// What an inspection finds.
    type What: Send + Sync + 'static;
    /// One probe; dropping it takes it off.
    type Point: Send + 'static;

    /// Whether a process is of interest at all. Called for each of its mappings, by the thread that reads the kernel's
    /// records.
    fn concerns(&self, _pid: u32) -> bool {
        true
    }

    /// Looks into a file; `None`: nothing of interest. Called by two threads at once. The file may be written to or cut at any
    /// time, so it is better read than mapped. A panic counts as a failure.
    ///
    /// # Errors
    ///
    /// Kept with the file's path to be shown.
    fn inspect(&self, file: &OpenFile) -> Result<Option<Self::What>, Failure>;

    /// Puts probes into a file, at [`OpenFile::attach_path`]. Called once a file, by one thread at a time.
    ///
    /// # Errors
    ///
    /// Kept with the file's path to be shown.
    fn attach(&self, file: &OpenFile, what: &Self::What) -> Result<Vec<Self::Point>, Failure>;

    /// A process has these runtimes mapped now: it began to, mapped one more, or was forked from one that has. Called by the
    /// thread that reads the kernel's records: what takes longer than a millisecond belongs elsewhere.
    fn process_started(&self, _pid: u32, _runtimes: &[Runtime<Self::What>]) {}

    /// A process that had runtimes mapped ended, or runs another program. Called like
    /// [`process_started`](Self::process_started).
    fn process_ended(&self, _pid: u32) {}
}

/// One file's probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AttachmentId(u64);

/// How a file came to its probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acquired {
    /// They were put in.
    Attached,
    /// It had them already.
    Shared,
}

/// Probes wait at most this long for a quiet moment to be taken off.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nothing was attached for this long: a quiet moment.
const QUIET: Duration = Duration::from_secs(1);

/// All attachments.
pub(super) struct Attachments<A: Attach> {
    /// Held from the first look to the last probe: two that have the same file in hand must not both attach, and the kernel
    /// lets in one at a time anyway.
    attaching: Mutex<()>,
    /// Never held while the kernel is at work: the thread that reads its records takes it.
    state: Mutex<State<A>>,
    changed: Condvar,
}

struct State<A: Attach> {
    entries: Vec<Entry<A>>,
    next: u64,
    last: Option<Instant>,
    stop: bool,
}

struct Entry<A: Attach> {
    id: AttachmentId,
    file: Arc<OpenFile>,
    what: Arc<A::What>,
    points: Vec<A::Point>,
    /// Files of the table that lead to it.
    users: usize,
    /// Since when it has no users.
    unused: Option<Instant>,
    /// Some of its probes are off already.
    broken: bool,
    /// Somebody waits for the rest to be off.
    urgent: bool,
    /// What its probes were placed by was overwritten: they are off, but users have not let go yet.
    retired: bool,
}

impl<A: Attach> Default for Attachments<A> {
    fn default() -> Self {
        let state = State { entries: Vec::new(), next: 0, last: None, stop: false };
        Self { attaching: Mutex::default(), state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl<A: Attach> Attachments<A> {
    /// What was found in this very file when it was attached to.
    pub(super) fn find(&self, file: &OpenFile) -> Option<Arc<A::What>> {
        let state = self.lock();
        let entry = state.entries.iter().find(|entry| entry.is_good_for(file))?;
        Some(Arc::clone(&entry.what))
    }

    /// Attaches to a file, unless it is attached to already.
    pub(super) fn acquire(
        &self,
        file: &Arc<OpenFile>,
        what: &Arc<A::What>,
        attach: &A,
    ) -> Result<(AttachmentId, Acquired), Failure> {
        let _attaching = self.attaching.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = self.share(file) {
            return Ok((id, Acquired::Shared));
        }
        let points = attach.attach(file, what)?;
        let mut state = self.lock();
        let id = AttachmentId(state.next);
        state.next += 1;
        state.last = Some(Instant::now());
        state.entries.push(Entry {
            id,
            file: Arc::clone(file),
            what: Arc::clone(what),
            points,
            users: 1,
            unused: None,
            broken: false,
            urgent: false,
            retired: false,
        });
        Ok((id, Acquired::Attached))
    }

    /// Joins those that lead to the same file. Where its probes are half off, or in places that were written over, they are
    /// off when this is done: none of them may be in beside new ones.
    fn share(&self, file: &OpenFile) -> Option<AttachmentId> {
        let mut state = self.lock();
        loop {
            let same = |entry: &Entry<A>| !entry.retired && entry.file.is_same(file);
            let at = state.entries.iter().position(same)?;
            // Nobody takes the rest off any more then.
            let stopped = state.stop;
            let entry = state.entries.get_mut(at)?;
            if entry.broken && !stopped {
                entry.urgent = true;
                self.changed.notify_all();
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            } else if entry.is_good_for(file) {
                entry.users += 1;
                entry.unused = None;
                return Some(entry.id);
            } else {
                entry.retired = true;
                let points = std::mem::take(&mut entry.points);
                if entry.users == 0 {
                    state.entries.swap_remove(at);
                }
                drop(state);
                drop(points);
                state = self.lock();
            }
        }
    }

    /// One file of the table less that leads to it. After the last one its probes are taken off.
    pub(super) fn release(&self, id: AttachmentId) {
        let mut state = self.lock();
        let Some(at) = state.entries.iter().position(|entry| entry.id == id) else { return };
        let Some(entry) = state.entries.get_mut(at) else { return };
        entry.users = entry.users.saturating_sub(1);
        if entry.users == 0 {
            entry.unused = Some(Instant::now());
            if entry.retired {
                state.entries.swap_remove(at);
            }
        }
        self.changed.notify_all();
    }

    /// Attachments, those on their way off included.
    pub(super) fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Takes probes off until it is stopped; `detached` is called after the last one of a file.
    pub(super) fn detach_until_stopped(&self, busy: impl Fn() -> bool, detached: impl Fn()) {
        let mut state = self.lock();
        while !state.stop {
            let unused = |entry: &&mut Entry<A>| entry.users == 0;
            let quiet = !busy() && state.last.is_none_or(|last| last.elapsed() >= QUIET);
            let Some(entry) = state.entries.iter_mut().find(unused) else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let patient = entry.unused.is_some_and(|since| since.elapsed() < PATIENCE);
            if !quiet && patient && !entry.urgent {
                let waited = self.changed.wait_timeout(state, QUIET);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let id = entry.id;
            entry.broken = true;
            let point = entry.points.pop();
            let last = entry.points.is_empty();
            drop(state);
            drop(point);
            state = self.lock();
            if last {
                state.entries.retain(|entry| entry.id != id);
                self.changed.notify_all();
                detached();
            }
        }
    }

    /// Ends [`detach_until_stopped`](Self::detach_until_stopped).
    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: Attach> Entry<A> {
    /// Whether its probes are in the places where this file would have them.
    fn is_good_for(&self, file: &OpenFile) -> bool {
        let contents = |file: &OpenFile| (file.stamp().size, file.stamp().written);
        !self.broken && !self.retired && contents(&self.file) == contents(file) && self.file.is_same(file)
    }
}
