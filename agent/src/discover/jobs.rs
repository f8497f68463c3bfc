//! Opened files are inspected and attached to, by two threads beside the one that reads the kernel's records.
#![forbid(unsafe_code)]

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::Sender,
    },
    thread::{self, JoinHandle},
};

use super::{
    Mapping, OpenFile,
    attachments::{Acquired, Attach, AttachmentId, Attachments, Failure},
    file::OpenError,
    inspections::Inspections,
    perf::Wake,
    processes::FileNumber,
    queue::Queue,
    stats::{Failed, Stats, Step},
    view::Runtime,
};
use crate::{
    limits::INSPECTIONS_OPEN,
    time::{self, Ktime},
};

const THREADS: usize = 2;

/// A program starts while these work, and calls what they put probes into; most of the time they sleep.
const NICE: i32 = -5;

/// A file that waits.
pub(super) struct Job {
    pub(super) file: FileNumber,
    pub(super) mapping: Mapping,
    /// When it was mapped, if an event told it.
    pub(super) at: Option<Ktime>,
    /// None: to be opened when it is its turn.
    pub(super) open: Option<OpenFile>,
}

/// What came of a job.
pub(super) struct Done<W> {
    pub(super) file: FileNumber,
    /// Its job's.
    pub(super) at: Option<Ktime>,
    pub(super) outcome: Outcome<W>,
}

pub(super) enum Outcome<W> {
    /// Nothing of interest in it, or it can't be had.
    Nothing,
    /// The process was gone before it could be opened.
    Gone,
    /// Something, attached to if it has an id.
    Found(Runtime<W>, Option<AttachmentId>),
}

/// What the threads share.
pub(super) struct Jobs<A: Attach> {
    queue: Mutex<(Queue<Job>, bool)>,
    changed: Condvar,
    /// Jobs that wait or run.
    open: AtomicUsize,
    inspections: Inspections<A::What>,
    pub(super) attachments: Attachments<A>,
    pub(super) attach: A,
    pub(super) stats: Arc<Stats>,
    done: Sender<Done<A::What>>,
    wake: Wake,
}

impl<A: Attach> Jobs<A> {
    pub(super) fn new(attach: A, stats: Arc<Stats>, done: Sender<Done<A::What>>, wake: Wake) -> Arc<Self> {
        Arc::new(Self {
            queue: Mutex::default(),
            changed: Condvar::new(),
            open: AtomicUsize::new(0),
            inspections: Inspections::default(),
            attachments: Attachments::default(),
            attach,
            stats,
            done,
            wake,
        })
    }

    /// Starts the threads: two that inspect and attach, one that detaches.
    pub(super) fn start(self: &Arc<Self>) -> io::Result<Vec<JoinHandle<()>>> {
        let mut threads = Vec::new();
        for number in 0..THREADS {
            let jobs = Arc::clone(self);
            let name = format!("picket-inspect{number}");
            threads.push(thread::Builder::new().name(name).spawn(move || jobs.work())?);
        }
        let jobs = Arc::clone(self);
        threads.push(thread::Builder::new().name("picket-detach".to_owned()).spawn(move || {
            let busy = || jobs.open.load(Ordering::Relaxed) > 0;
            jobs.attachments.detach_until_stopped(busy, || jobs.stats.detached.add(1));
        })?);
        Ok(threads)
    }

    /// Whether a file should be opened before its turn: its process may be short-lived, but descriptors are few.
    pub(super) fn may_open(&self) -> bool {
        self.open.load(Ordering::Relaxed) < INSPECTIONS_OPEN
    }

    /// Whether a file is known to have nothing of interest in it.
    pub(super) fn is_nothing(&self, file: &OpenFile) -> bool {
        let nothing = matches!(self.inspections.find(file), Some(None));
        if nothing {
            self.stats.remembered.add(1);
        }
        nothing
    }

    pub(super) fn push(&self, job: Job) {
        self.open.fetch_add(1, Ordering::Relaxed);
        let size = job.open.as_ref().map(OpenFile::size);
        self.lock().0.push(job, size);
        self.changed.notify_one();
    }

    /// Jobs that wait or run.
    pub(super) fn waiting(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Ends the threads after the jobs they are at.
    pub(super) fn stop(&self) {
        self.lock().1 = true;
        self.changed.notify_all();
        self.attachments.stop();
    }

    fn work(&self) {
        sooner(NICE);
        let mut state = self.lock();
        while !state.1 {
            let Some((job, large)) = state.0.take() else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            let (file, at) = (job.file, job.at);
            let outcome = self.run(job);
            // The receiver goes last; a full table of files bounds what waits there.
            let _ = self.done.send(Done { file, at, outcome });
            self.open.fetch_sub(1, Ordering::Relaxed);
            self.wake.wake();
            state = self.lock();
            if large {
                state.0.large_ended();
                self.changed.notify_one();
            }
        }
    }

    fn run(&self, job: Job) -> Outcome<A::What> {
        let Job { mapping, at, open, .. } = job;
        let fail = |step, reason: String| {
            let path = String::from_utf8_lossy(&mapping.path).into_owned().into();
            self.stats.fail(Failed { path, pid: mapping.pid, step, reason, at: time::now() });
        };
        let file = match open.map_or_else(|| OpenFile::open(&mapping), Ok) {
            Ok(file) => Arc::new(file),
            Err(OpenError::Gone(_)) => return Outcome::Gone,
            Err(OpenError::NotRegular) => return Outcome::Nothing,
            Err(error) => {
                fail(Step::Open, error.to_string());
                return Outcome::Nothing;
            }
        };
        let what = match self.look_into(&file) {
            Ok(Some(what)) => what,
            Ok(None) => return Outcome::Nothing,
            Err(failure) => {
                fail(Step::Inspect, failure.to_string());
                return Outcome::Nothing;
            }
        };
        let acquired =
            guarded(|| self.attachments.acquire(&file, &what, &self.attach)).and_then(|acquired| acquired);
        let (id, unattached) = match acquired {
            Ok((id, Acquired::Attached)) => {
                self.stats.attached.add(1);
                if let Some(at) = at {
                    self.stats.took(time::now().saturating_sub(at));
                }
                (Some(id), None)
            }
            Ok((id, Acquired::Shared)) => {
                self.stats.shared.add(1);
                (Some(id), None)
            }
            Err(failure) => {
                let reason = failure.to_string();
                fail(Step::Attach, reason.clone());
                (None, Some(reason.into()))
            }
        };
        Outcome::Found(Runtime { file, what, unattached }, id)
    }

    fn look_into(&self, file: &OpenFile) -> Result<Option<Arc<A::What>>, Failure> {
        if let Some(known) = self.inspections.find(file) {
            self.stats.remembered.add(1);
            return Ok(known);
        }
        // In an overlay it has another name each time; what is attached has been looked into.
        if file.is_layered()
            && let Some(what) = self.attachments.find(file)
        {
            self.inspections.remember(file, Some(Arc::clone(&what)));
            return Ok(Some(what));
        }
        self.stats.inspected.add(1);
        let found = guarded(|| self.attach.inspect(file)).and_then(|found| found);
        let (found, failed) = match found {
            Ok(found) => (found.map(Arc::new), None),
            // Remembered as nothing: the same bytes would fail again.
            Err(failure) => (None, Some(failure)),
        };
        self.inspections.remember(file, found.clone());
        failed.map_or(Ok(found), Err)
    }

    fn lock(&self) -> MutexGuard<'_, (Queue<Job>, bool)> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A panic in what was handed in is a failure of that file, not the end of the thread.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| "it made Picket panic; please report it".into())
}

/// Makes the calling thread so much nicer, or less so, than the agent is (setpriority(2), which Linux has for each thread).
pub(super) fn sooner(nice: i32) {
    let set = rustix::process::getpriority_process(None)
        .and_then(|own| rustix::process::setpriority_process(None, own + nice));
    if let Err(error) = set {
        tracing::debug!(%error, "discovery runs with the agent's own priority: on a busy machine it is later");
    }
}
