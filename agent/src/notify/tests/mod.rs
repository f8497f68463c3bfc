//! Notifications, told to real receivers on loopback.

mod delivery;

mod plan;
mod receiver;
mod smtp;
mod syslog;
mod webhook;
mod written;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use super::{outbox::Outbox, retry::Schedule, *};
use crate::{
    config::{Config, NotifyTarget},
    detect::{Change, ChangeKind, Severity, Signal},
    store::{self, Store},
};

/// Longest time a test waits for anything.
const LONGEST: Duration = Duration::from_secs(30);
const CA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/notify/tests/tls/ca.pem");
const OTHER_CA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/notify/tests/tls/other.pem");

/// A signal for a number.
fn signal(number: u64, severity: Severity) -> Signal {
    let id = uuid::Uuid::from_u64_pair(0x0190_0000_0000_7000 + number, 0x8000_0000_0000_0000 | number);
    serde_json::from_value(json!({
        "id": id, "rule": "sql-injection", "title": format!("SQL injection {number}"),
        "message": "203.0.113.7 tried SQL injection on shop 12 times.", "severity": severity, "status": "open",
        "first_seen": "2026-11-22T10:00:00.000000001Z", "last_seen": "2026-11-22T10:05:00.5Z",
        "group": {"client_ip": "203.0.113.7", "service": "shop"},
        "counts": {"events": 12, "queries": {"a": 12}, "attacks": 11, "blocked": 3},
        "actors": ["203.0.113.7"], "users": ["ada"], "user_agents": ["sqlmap/1.7"], "services": ["shop"],
        "events": [{"id": "e1", "time": "2026-11-22T10:00:00Z", "what": "GET /search 200 sql_injection"}],
        "timeline": [], "tags": ["type:sql_injection"], "actions": [{"kind": "block_ip", "duration": 3600}],
    }))
    .expect("a signal")
}

fn change(kind: ChangeKind, number: u64) -> Change {
    of(kind, signal(number, Severity::High))
}

fn of(kind: ChangeKind, signal: Signal) -> Change {
    Change { kind, signal, wanted: Vec::new() }
}

/// Targets of a configuration.
fn targets(text: &str) -> Vec<NotifyTarget> {
    Config::parse(text, "test").unwrap_or_else(|error| panic!("{error}")).notify
}

/// A webhook of this name at this address, with further keys.
fn webhook(name: &str, url: &str, more: &str) -> Vec<NotifyTarget> {
    targets(&format!("[[notify]]\nname = \"{name}\"\ntype = \"webhook\"\nurl = \"{url}\"\n{more}\n"))
}

/// Milliseconds where there are seconds, so that tests are fast.
fn quick() -> Schedule {
    Schedule {
        first: Duration::from_millis(20),
        longest: Duration::from_millis(300),
        longest_hold: Duration::from_millis(100),
        ..Schedule::default()
    }
}

/// A store with what is planned for some targets.
struct Desk {
    directory: TempDir,
    store: Option<Store>,
    plan: Plan,
    targets: Vec<NotifyTarget>,
}

impl Desk {
    fn new(targets: Vec<NotifyTarget>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Some(open(directory.path()));
        let plan = Plan::new(&targets).expect("a plan");
        Self { directory, store, plan, targets }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().expect("open")
    }

    /// Closes the store and opens it again, as a restart does.
    fn restart(&mut self) {
        self.store = None;
        self.store = Some(open(self.directory.path()));
    }

    /// A change, as the agent makes it; gives how many are told.
    fn put(&self, change: &Change) -> usize {
        let rows = self.plan.rows(change, Timestamp::now());
        let count = rows.len();
        self.write(rows);
        count
    }

    fn write(&self, changes: Vec<store::Change>) {
        self.store().handle().write(changes).expect("taken").wait(LONGEST).expect("written");
    }

    fn outbox(&self) -> Outbox {
        Outbox { reader: self.store().reader(), handle: self.store().handle() }
    }

    fn courier(&self) -> Courier {
        self.courier_with(quick())
    }

    fn courier_with(&self, schedule: Schedule) -> Courier {
        let secrets = Secrets::read(&self.targets).expect("secrets");
        Courier::start_with(&self.targets, self.outbox(), &secrets, schedule).expect("starts")
    }

    fn waiting(&self) -> u64 {
        self.store().reader().outbox_counts().expect("reads").iter().map(|(_, count)| count).sum()
    }
}

fn open(directory: &Path) -> Store {
    Store::open(directory, &store::Options::default()).expect("opens")
}

/// Waits for something.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONGEST, "it did not come to this: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Stats of the only target.
fn only(courier: &Courier) -> TargetStats {
    let stats = courier.stats();
    assert_eq!(stats.len(), 1);
    stats.into_iter().next().expect("one")
}
