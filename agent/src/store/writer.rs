//! The thread that writes: batches of events, changes at once, counters every second, retention between.
#![forbid(unsafe_code)]

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    change::Change,
    counts::{Key, Why},
    error::{WriteError, of_disk},
    facts::NewEvent,
    handle::Shared,
    health::Health,
    insert,
    journal::Journal,
    open,
    queue::{Request, Work},
    retention::Retention,
    rollup::{self, Direction},
    stats::Tally,
};

/// Time between two writes of the counters, and two looks at what is too old or too much.
const TICK: Duration = Duration::from_secs(1);

type Counted = (HashMap<Key<String>, i64>, HashMap<Key<Why>, i64>);

pub(super) struct Writer {
    pub db: Connection,
    pub shared: Arc<Shared>,
    pub retention: Retention,
    pub health: Health,
    pub journal: Journal,
    pub ticked: Option<Instant>,
    /// Bytes of events that were stored since retention was at work.
    pub put: u64,
    /// Whether each commit is waited for until it is on the disk.
    pub full: bool,
}

/// What a transaction did.
#[derive(Default)]
struct Done {
    stored: usize,
    repeated: usize,
    changes: usize,
    answers: Vec<Result<(), WriteError>>,
}

impl Writer {
    /// Until the queue is closed and empty.
    pub fn run(mut self) {
        loop {
            let work = self.shared.queue.take(TICK);
            let closed = work.closed;
            self.step(work);
            if closed {
                break;
            }
        }
        if self.health.is_failing() {
            tracing::warn!("the store could not write to its end; it is looked through at the next start");
        } else if let Err(error) = open::note_closed(&self.db) {
            tracing::warn!(
                "the store was not closed in order: {error}; it is looked through at the next start"
            );
        }
    }

    fn step(&mut self, work: Work) {
        let now = Instant::now();
        if !self.health.may_try(now) && !work.closed {
            self.refuse(work, &self.health.why());
            return;
        }
        let ticks = work.closed || self.ticked.is_none_or(|ticked| now >= ticked + TICK);
        let counted = ticks.then(|| {
            self.ticked = Some(now);
            self.shared.intake.lock().unwrap_or_else(PoisonError::into_inner).counts.take()
        });
        if counted.is_none() && work.events.is_empty() && work.requests.is_empty() {
            return;
        }
        let bytes: usize = work.events.iter().map(NewEvent::bytes).sum();
        match self.commit(&work, counted.as_ref()) {
            Ok(done) => {
                self.put = self.put.saturating_add(bytes as u64);
                self.succeeded(work, done);
            }
            Err(error) => {
                if let Some(counted) = counted {
                    self.shared
                        .intake
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .counts
                        .put_back(counted);
                }
                self.failed(work, &error, now);
                return;
            }
        }
        let retains = ticks || self.put >= self.retention.stride();
        if retains && let Err(error) = self.retain() {
            self.failed(Work::default(), &error, now);
        }
    }

    fn succeeded(&mut self, work: Work, done: Done) {
        let tally = &self.shared.tally;
        Tally::add(&tally.stored, done.stored);
        Tally::add(&tally.repeated, done.repeated);
        Tally::add(&tally.changes, done.changes);
        Tally::add(&tally.refused, done.answers.iter().filter(|answer| answer.is_err()).count());
        let made = work.requests.iter().zip(&done.answers).filter(|(_, answer)| answer.is_ok());
        self.journal.append(made.flat_map(|(request, _)| request.changes.iter()));
        // A caller that does not wait any more is no error.
        for (request, answer) in work.requests.into_iter().zip(done.answers) {
            let _ = request.done.try_send(answer);
        }
        if let Some(outage) = self.health.recovered() {
            tally.set_failing(None);
            tracing::warn!(
                "the store writes again after {} s; {} events of that time are counted, not stored",
                outage.as_secs(),
                tally.read().disk
            );
        }
    }

    fn failed(&mut self, work: Work, error: &rusqlite::Error, now: Instant) {
        let _ = self.db.execute_batch("ROLLBACK");
        let why = error.to_string();
        if self.health.failed(&why, now) {
            tracing::warn!(
                "the store can't write: {why}; events are counted, not stored, until it can; \
                 free space or repair the disk, it goes on by itself"
            );
            self.shared.tally.set_failing(Some(why.clone()));
        }
        self.refuse(work, &why);
    }

    fn refuse(&self, work: Work, why: &str) {
        self.shared.leave_out(work.events.iter().map(|event| &event.facts), Why::Disk);
        Tally::add(&self.shared.tally.refused, work.requests.len());
        for request in work.requests {
            let _ = request.done.try_send(Err(WriteError::Disk(why.to_owned())));
        }
    }

    fn commit(&mut self, work: &Work, counted: Option<&Counted>) -> rusqlite::Result<Done> {
        self.sync_as(work.requests.iter().any(must_reach_disk))?;
        let mut done = Done::default();
        let db = &self.db;
        db.execute_batch("BEGIN IMMEDIATE")?;
        store(db, &work.events, &mut done)?;
        for request in &work.requests {
            let answer = make(db, request)?;
            done.changes += if answer.is_ok() { request.changes.len() } else { 0 };
            done.answers.push(answer);
        }
        if let Some(counted) = counted {
            count(db, counted)?;
        }
        if self.health.is_failing() {
            // Something that has to be written, to know.
            db.execute("INSERT OR REPLACE INTO meta VALUES ('probed', unixepoch())", [])?;
        }
        db.execute_batch("COMMIT")?;
        Ok(done)
    }

    /// `synchronous` can't be changed within a transaction.
    fn sync_as(&mut self, full: bool) -> rusqlite::Result<()> {
        if self.full != full {
            let mode = if full { "FULL" } else { "NORMAL" };
            self.db.pragma_update(None, "synchronous", mode)?;
            self.full = full;
        }
        Ok(())
    }

    fn retain(&mut self) -> rusqlite::Result<()> {
        self.sync_as(false)?;
        self.put = 0;
        let (deleted, bytes) = self.retention.tick(&mut self.db)?;
        self.journal.keep_short(&self.db);
        Tally::add(&self.shared.tally.deleted, deleted);
        self.shared.tally.bytes.store(bytes, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}

/// What people decided, and what was found out once, has to outlive the machine's loss of power.
fn must_reach_disk(request: &Request) -> bool {
    request
        .changes
        .iter()
        .any(|change| !matches!(change, Change::Endpoint(_) | Change::Window(_) | Change::WindowGone(_)))
}

fn store(db: &Connection, events: &[NewEvent], done: &mut Done) -> rusqlite::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut times = Vec::with_capacity(events.len());
    for event in events {
        times.extend(insert::event(db, event)?);
    }
    done.stored = times.len();
    done.repeated = events.len() - times.len();
    rollup::select(db, times)?;
    rollup::count(db, Direction::Add)
}

/// Makes the changes of a request, all or none. The disk's errors are the transaction's.
fn make(db: &Connection, request: &Request) -> rusqlite::Result<Result<(), WriteError>> {
    if request.changes.is_empty() {
        return Ok(Ok(()));
    }
    db.execute_batch("SAVEPOINT request")?;
    match request.changes.iter().try_for_each(|change| change.apply(db)) {
        Ok(()) => db.execute_batch("RELEASE request").map(Ok),
        Err(error) if of_disk(&error) => Err(error),
        Err(error) => {
            db.execute_batch("ROLLBACK TO request; RELEASE request")?;
            let why = match error {
                rusqlite::Error::QueryReturnedNoRows => "there is no such entry".to_owned(),
                error => error.to_string(),
            };
            Ok(Err(WriteError::Refused(why)))
        }
    }
}

fn count(db: &Connection, (seen, left_out): &Counted) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO counters VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for ((minute, service, rule, actor), count) in seen {
        insert.execute((minute, service, rule, actor, count))?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO left_out VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for ((minute, service, rule, why), count) in left_out {
        insert.execute((minute, service, rule, why.word(), count))?;
    }
    Ok(())
}
