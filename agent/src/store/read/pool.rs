//! Connections for questions, and the deadline of each.

use std::{
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode};

use super::super::{
    error::ReadError,
    open::{self, Functions},
};
use crate::limits;

/// Virtual machine steps between two looks at the clock: about 0.1 ms.
const STEPS: i32 = 10_000;

/// Who waits for a connection looks so often whether the one who asked is still there.
const LOOK: Duration = Duration::from_millis(100);

/// Answers questions; cheap to clone. Each question blocks its thread until it is answered.
#[derive(Clone)]
pub struct Reader {
    pool: Arc<Pool>,
    deadline: Duration,
    patience: Duration,
    /// Who asks does not wait any more.
    gone: Option<Arc<AtomicBool>>,
}

struct Pool {
    path: PathBuf,
    functions: Option<Functions>,
    idle: Mutex<Idle>,
    back: Condvar,
}

#[derive(Default)]
struct Idle {
    connections: Vec<Connection>,
    /// Connections there are, idle or not.
    open: usize,
}

/// The time until which a question has to be answered.
#[derive(Clone, Debug)]
pub(in super::super) struct Deadline {
    start: Instant,
    limit: Duration,
    /// When to be content with what was counted.
    pub patience: Duration,
    /// Where what is asked just now has to end: microseconds after the start.
    leash: Arc<AtomicU64>,
}

impl Deadline {
    fn new(limit: Duration, patience: Duration) -> Self {
        Self { start: Instant::now(), limit, patience, leash: Arc::new(AtomicU64::new(micros(limit))) }
    }

    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub fn over(&self) -> bool {
        self.elapsed() >= self.limit
    }

    /// Whether what was counted has to do.
    pub fn impatient(&self) -> bool {
        self.elapsed() >= self.patience
    }

    /// Asks something that is [interrupted](Self::is_why) at a time after the start, and at the deadline anyway.
    pub fn until<T>(&self, end: Duration, ask: impl FnOnce() -> T) -> T {
        self.leash.store(micros(end.min(self.limit)), Relaxed);
        let answer = ask();
        self.leash.store(micros(self.limit), Relaxed);
        answer
    }

    fn error(&self) -> ReadError {
        ReadError::Deadline { limit_ms: self.limit.as_millis() }
    }

    /// Whether an error means that it is over.
    pub fn is_why(error: &rusqlite::Error) -> bool {
        error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Reader {
    pub(in super::super) fn new(
        path: PathBuf,
        (deadline, patience): (Duration, Duration),
        functions: Option<Functions>,
    ) -> Self {
        let (idle, back) = (Mutex::new(Idle::default()), Condvar::new());
        Self { pool: Arc::new(Pool { path, functions, idle, back }), deadline, patience, gone: None }
    }

    /// The same with another deadline: what is counted is counted until then, too.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { deadline, patience: deadline, ..self.clone() }
    }

    /// The same with another patience, within the deadline.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self { patience: patience.min(self.deadline), ..self.clone() }
    }

    /// The same; a question ends, as at its deadline, when this is set.
    #[must_use]
    pub fn until(&self, gone: Arc<AtomicBool>) -> Self {
        Self { gone: Some(gone), ..self.clone() }
    }

    /// Asks on a connection of the pool, in one snapshot, until the deadline.
    pub(in super::super) fn ask<T>(
        &self,
        question: impl FnOnce(&Connection, &Deadline) -> rusqlite::Result<T>,
    ) -> Result<T, ReadError> {
        let pool = &*self.pool;
        let deadline = Deadline::new(self.deadline, self.patience);
        let gone = self.gone.clone();
        let is_gone = move || gone.as_ref().is_some_and(|gone| gone.load(Relaxed));
        let db = pool.take(&deadline, &is_gone)?;
        let lent = Lent { pool, db: Some(db) };
        let Some(db) = &lent.db else { return Err(deadline.error()) };
        let (start, leash) = (deadline.start, deadline.leash.clone());
        let is_over = is_gone.clone();
        db.progress_handler(
            STEPS,
            Some(move || micros(start.elapsed()) >= leash.load(Relaxed) || is_over()),
        )?;
        db.execute_batch("BEGIN")?;
        let mut answer = question(db, &deadline)
            .map_err(|error| if Deadline::is_why(&error) { deadline.error() } else { error.into() });
        // What was found out until then is for nobody, and not all.
        if is_gone() {
            answer = Err(deadline.error());
        }
        db.progress_handler(0, None::<fn() -> bool>)?;
        db.execute_batch("ROLLBACK")?;
        lent.give_back();
        answer
    }
}

impl Pool {
    fn take(&self, deadline: &Deadline, is_gone: &dyn Fn() -> bool) -> Result<Connection, ReadError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(db) = idle.connections.pop() {
                return Ok(db);
            }
            if idle.open < limits::STORE_READERS {
                idle.open += 1;
                drop(idle);
                return open::connect_reader(&self.path, self.functions).map_err(|error| {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
                    error.into()
                });
            }
            let left = deadline.limit.checked_sub(deadline.start.elapsed());
            let Some(left) = left.filter(|_| !is_gone()) else { return Err(deadline.error()) };
            idle = self.back.wait_timeout(idle, left.min(LOOK)).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A connection that goes back to the pool, or counts as closed when anything went wrong.
struct Lent<'p> {
    pool: &'p Pool,
    db: Option<Connection>,
}

impl Lent<'_> {
    fn give_back(mut self) {
        if let Some(db) = self.db.take() {
            let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.connections.push(db);
            self.pool.back.notify_one();
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if self.db.take().is_some() {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
            self.pool.back.notify_one();
        }
    }
}
