//! The round of one target: what waits for it, in order, as fast as it may be told.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use super::{
    error::{Failure, Then},
    message::Notification,
    outbox::{self, Outbox},
    pace::Pace,
    retry::{self, Schedule},
    route::Target,
    stats::Tally,
};
use crate::{
    event::printable,
    limits,
    store::{Change, OutboxRow},
};

/// Looked at even if nobody says that there is something new.
const IDLE: Duration = Duration::from_secs(60);
/// After a store that can't be read or written.
const STORE_AGAIN: Duration = Duration::from_secs(5);
/// A row that is due later than this can be of a clock that was set back only.
const LATEST: i64 = 2 * 3600 * 1_000_000_000;

/// The round of one target.
pub(super) struct Round {
    pub target: Arc<Target>,
    pub outbox: Outbox,
    pub schedule: Schedule,
    pub tally: Arc<Tally>,
    pub wake: Arc<Notify>,
    pub stop: watch::Receiver<bool>,
    state: State,
}

struct State {
    pace: Pace,
    /// Attempts and the next one's time of rows that failed; the store may not have taken note of it.
    tried: HashMap<String, (i64, i64)>,
    /// Delivered, or given up; the store may have it still.
    done: HashSet<String>,
    /// May be sent now, in this order, without another look at the store.
    ready: VecDeque<OutboxRow>,
    /// Failures in a row.
    failures: i64,
    /// The whole target is left alone until then.
    held: Option<Instant>,
    /// The store's last answer, so that it is said once.
    store_failed: bool,
}

/// What to do next.
enum Next {
    Again,
    After(Duration),
}

/// What waits, as far as it was looked at.
#[derive(Default)]
struct Waiting {
    /// May be sent now, in this order: none stands behind one of its signal that failed.
    ready: VecDeque<OutboxRow>,
    /// Nanoseconds since the epoch.
    next_due: Option<i64>,
    /// There is more than was looked at.
    full: bool,
}

impl Round {
    pub fn new(
        target: Arc<Target>,
        outbox: Outbox,
        schedule: Schedule,
        (tally, wake, stop): (Arc<Tally>, Arc<Notify>, watch::Receiver<bool>),
    ) -> Self {
        let state = State {
            pace: Pace::new(target.config.rate, Instant::now()),
            tried: HashMap::new(),
            done: HashSet::new(),
            ready: VecDeque::new(),
            failures: 0,
            held: None,
            store_failed: false,
        };
        Self { target, outbox, schedule, tally, wake, stop, state }
    }

    /// Goes on until it is stopped.
    pub async fn run(mut self) {
        // Who woke us may not have written yet.
        let mut woken = true;
        while !*self.stop.borrow() {
            let next = match self.turn().await {
                Next::After(_) if woken && self.state.held.is_none() => {
                    woken = false;
                    self.outbox.settle().await;
                    self.turn().await
                }
                next => next,
            };
            let Next::After(rest) = next else { continue };
            tokio::select! {
                () = self.wake.notified() => woken = true,
                () = tokio::time::sleep(rest.min(IDLE)) => {}
                _ = self.stop.changed() => {}
            }
        }
    }

    /// Looks at what waits, and sends one notification at most.
    async fn turn(&mut self) -> Next {
        let now = Instant::now();
        if let Some(until) = self.state.held {
            match until.checked_duration_since(now) {
                Some(rest) if !rest.is_zero() => return Next::After(rest),
                _ => self.state.held = None,
            }
        }
        if let Err(next) = self.tick_off().await {
            return next;
        }
        let left = self.state.pace.left(now);
        let few = |ready: &VecDeque<OutboxRow>| left > 1 || ready.len() < 2;
        if self.state.ready.is_empty() || !few(&self.state.ready) {
            let waiting = match self.look().await {
                Ok(waiting) => waiting,
                Err(next) => return next,
            };
            let fresh = || waiting.ready.iter().filter(|row| row.attempts == 0);
            // More than can be told one by one: one tells of all.
            if fresh().count() > 1 && (waiting.full || (left == 1 && !few(&waiting.ready))) {
                let rows: Vec<OutboxRow> = fresh().cloned().collect();
                self.state.ready.clear();
                return self.merge(&rows).await;
            }
            if waiting.ready.is_empty() {
                let now = crate::time::since_epoch(Timestamp::now());
                return Next::After(waiting.next_due.map_or(IDLE, |due| until(due, now)));
            }
            self.state.ready = waiting.ready;
        }
        if left == 0 {
            return Next::After(self.state.pace.wait(now));
        }
        match self.state.ready.pop_front() {
            Some(row) => {
                self.state.pace.take();
                self.deliver(row).await
            }
            None => Next::Again,
        }
    }

    /// What may be sent now. A signal's rows go in order: one that failed keeps the later ones back.
    async fn look(&mut self) -> Result<Waiting, Next> {
        let now = crate::time::since_epoch(Timestamp::now());
        let mut waiting = Waiting::default();
        let mut behind: HashSet<String> = HashSet::new();
        let mut after: Option<String> = None;
        loop {
            let page =
                self.outbox.page(&self.target.config.name, after.as_deref(), limits::NOTIFY_WAITING).await;
            let page = match page {
                Ok(page) => page,
                Err(error) => return Err(self.store_failed(&error.to_string())),
            };
            let full = page.len() >= limits::NOTIFY_WAITING;
            after = page.last().map(|row| row.id.clone());
            for mut row in page {
                if self.state.done.contains(&row.id) {
                    continue;
                }
                if let Some(&(attempts, due)) = self.state.tried.get(&row.id) {
                    (row.attempts, row.due) = (attempts, due);
                }
                let signal = outbox::about(&row).map_or(row.id.clone(), |(_, what)| what.to_owned());
                if behind.contains(&signal) {
                    continue;
                }
                if row.due > now && row.due.saturating_sub(now) < LATEST {
                    waiting.next_due = Some(waiting.next_due.map_or(row.due, |due| due.min(row.due)));
                    if outbox::is_more(&signal) {
                        // Many signals are in it: nothing overtakes it.
                        return Ok(waiting);
                    }
                    behind.insert(signal);
                    continue;
                }
                waiting.ready.push_back(row);
            }
            if !full || !waiting.ready.is_empty() {
                waiting.full = full;
                return Ok(waiting);
            }
        }
    }

    async fn deliver(&mut self, row: OutboxRow) -> Next {
        let failed = match serde_json::from_str::<Notification>(&row.json) {
            Ok(notification) => self.target.send(&notification).await.err(),
            Err(error) => Some(Failure::never(format!("it can't be read: {error}"))),
        };
        let name = self.target.config.name.as_str();
        let Some(failure) = failed else {
            self.state.failures = 0;
            tracing::debug!(target_name = name, id = row.id, "notified");
            self.tally.count(|stats| {
                stats.delivered += 1;
                stats.last_delivered = Some(Timestamp::now());
                stats.last_error = None;
            });
            self.state.done.insert(row.id);
            return Next::Again;
        };
        // What is behind it may have to wait for it.
        self.state.ready.clear();
        let why = printable(&failure.why).into_owned();
        self.tally.count(|stats| {
            stats.failed += 1;
            stats.last_error = Some(why.clone());
        });
        let attempts = row.attempts.saturating_add(1);
        let now = crate::time::since_epoch(Timestamp::now());
        let age = outbox::about(&row).map_or(i64::MAX, |(time, _)| now.saturating_sub(time));
        let Then::Again(wait) = failure.then else { return self.give_up(row, attempts, &why) };
        if u128::from(age.unsigned_abs()) > self.schedule.give_up.as_nanos() {
            return self.give_up(row, attempts, &why);
        }
        let wait = self.schedule.wait(attempts, retry::random()).max(wait.unwrap_or_default());
        self.state.failures = self.state.failures.saturating_add(1);
        let hold = self.schedule.hold(self.state.failures, retry::random());
        // Who says when to come back means all that we have.
        let hold = match failure.then {
            Then::Again(Some(asked)) => hold.max(asked),
            _ => hold,
        };
        self.state.held = Instant::now().checked_add(hold);
        // The first failure of a run is news, those that follow are not.
        if self.state.failures == 1 {
            tracing::warn!(target_name = name, "not notified, tried again in {wait:.0?}: {why}");
        } else {
            tracing::debug!(target_name = name, attempts, "not notified, tried again in {wait:.0?}: {why}");
        }
        let due = now.saturating_add(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX));
        self.state.tried.insert(row.id.clone(), (attempts, due));
        let noted = self.outbox.write(vec![Change::Outbox(OutboxRow { due, attempts, ..row })]).await;
        if let Err(error) = noted {
            return self.store_failed(&error.to_string());
        }
        Next::After(hold)
    }

    fn give_up(&mut self, row: OutboxRow, attempts: i64, why: &str) -> Next {
        let name = self.target.config.name.as_str();
        tracing::error!(target_name = name, id = row.id, attempts, "a notification is given up: {why}");
        self.tally.count(|stats| stats.given_up += 1);
        self.state.done.insert(row.id);
        Next::Again
    }

    /// Takes what is done off the outbox. Until that is on the disk nothing more is sent: at most one notification is
    /// sent twice after a crash.
    async fn tick_off(&mut self) -> Result<(), Next> {
        if self.state.done.is_empty() {
            return Ok(());
        }
        let done: Vec<String> = self.state.done.iter().cloned().collect();
        let changes = done.iter().cloned().map(Change::OutboxDone).collect();
        match self.outbox.write(changes).await {
            Ok(()) => {
                for id in done {
                    self.state.tried.remove(&id);
                    self.state.done.remove(&id);
                }
                self.state.store_failed = false;
                Ok(())
            }
            Err(error) => Err(self.store_failed(&error.to_string())),
        }
    }

    /// Several rows become one.
    async fn merge(&mut self, rows: &[OutboxRow]) -> Next {
        let Some(more) = outbox::merge(&self.target.config.name, rows) else {
            // None of them can be read: each is given up by itself.
            return match rows.first() {
                Some(row) => self.give_up(row.clone(), 0, "it can't be read"),
                None => Next::After(IDLE),
            };
        };
        let done = rows.iter().map(|row| Change::OutboxDone(row.id.clone()));
        let changes = done.chain([Change::Outbox(more)]).collect();
        match self.outbox.write(changes).await {
            Ok(()) => {
                self.tally.count(|stats| stats.merged += rows.len() as u64);
                Next::Again
            }
            Err(error) => self.store_failed(&error.to_string()),
        }
    }

    fn store_failed(&mut self, error: &str) -> Next {
        if !std::mem::replace(&mut self.state.store_failed, true) {
            let name = self.target.config.name.as_str();
            tracing::warn!(target_name = name, "notifications wait for the store: {error}");
        }
        Next::After(STORE_AGAIN)
    }
}

fn until(due: i64, now: i64) -> Duration {
    Duration::from_nanos(due.saturating_sub(now).max(0).unsigned_abs())
}
