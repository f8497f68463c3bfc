//! Tests of the store.

mod actors;
mod corrupt;
mod damage;
mod disk;
mod events;
mod kill;
mod migrate;
mod others;
mod reads;
mod retention;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

/// 2026-11-22T00:00:00Z.
const START: i64 = 1_795_305_600_000_000_000;
const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3600 * SECOND;
/// Longest time a test waits for anything.
const LONGEST: Duration = Duration::from_secs(60);

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

/// Many events a second, and so much time that only what is to be tested ends anything.
fn options() -> Options {
    Options {
        events_per_second: 1_000_000,
        max_age: Duration::from_secs(100_000 * 86_400),
        patience: LONGEST,
        deadline: LONGEST,
        ..Options::default()
    }
}

fn open(directory: &Path) -> Store {
    Store::open(directory, &options()).expect("opens")
}

/// An id for a number.
fn id(number: u64) -> Uuid {
    Uuid::from_u64_pair(0x0190_0000_0000_7000, 0x8000_0000_0000_0000 | number)
}

/// The `number`th of a run of events that differ in everything, a minute apart.
fn facts(number: u64) -> Facts {
    let pick = |list: &[&str]| list[(number as usize / 3) % list.len()].to_owned();
    let rule = pick(&["sqli-1", "xss-1", "sqli-2", "lfi-1", "scan-1"]);
    let kind = rule.split('-').next().unwrap_or_default().to_owned();
    let mut rules = vec![rule];
    let mut types = vec![kind];
    if number.is_multiple_of(7) {
        rules.push("zz-generic".to_owned());
        types.push("zz".to_owned());
    }
    Facts {
        time: START + number as i64 * 60 * SECOND,
        kind: if number.is_multiple_of(23) { "transaction" } else { "event" }.to_owned(),
        service: pick(&["shop", "blog", "api", "shop"]),
        client_ip: format!("203.0.113.{}", number % 17),
        user_id: number.is_multiple_of(5).then(|| format!("user{}", number % 3)),
        method: pick(&["GET", "POST"]),
        path: format!("/p{}", number % 13),
        status: (!number.is_multiple_of(9)).then_some([200, 404, 500][number as usize % 3]),
        blocked: number.is_multiple_of(19),
        rules,
        types,
        business: match number % 11 {
            0 => vec!["users.login.failure".to_owned()],
            3 => vec!["users.login.success".to_owned()],
            _ => Vec::new(),
        },
    }
}

/// Its JSON, in the fields that the store knows.
fn json(number: u64) -> String {
    let facts = facts(number);
    let matches: Vec<_> = facts
        .rules
        .iter()
        .zip(&facts.types)
        .map(|(rule, kind)| serde_json::json!({"rule": rule, "tags": {"type": kind}}))
        .collect();
    let business: Vec<_> = facts.business.iter().map(|name| serde_json::json!({"name": name})).collect();
    serde_json::json!({
        "kind": facts.kind, "id": id(number), "service": {"name": facts.service}, "client_ip": facts.client_ip,
        "user": {"id": facts.user_id}, "method": facts.method, "path": facts.path, "status": facts.status,
        "blocked": facts.blocked, "user_agent": "curl/8", "matches": matches, "business": business,
    })
    .to_string()
}

/// Puts events in and waits until they are stored.
fn fill(store: &Store, numbers: impl IntoIterator<Item = u64>) -> u64 {
    let handle = store.handle();
    let mut put = 0;
    for number in numbers {
        assert_eq!(handle.event(id(number), facts(number), || json(number)), Fate::Queued);
        put += 1;
        if put % 4000 == 0 {
            flush(store);
        }
    }
    flush(store);
    put
}

fn flush(store: &Store) {
    store.handle().flush().expect("takes it").wait(LONGEST).expect("is written");
}

fn write(store: &Store, changes: Vec<Change>) -> Result<(), WriteError> {
    store.handle().write(changes).expect("takes it").wait(LONGEST)
}

/// Waits for something; the flag says whether it came.
fn until(mut holds: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < LONGEST {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// A connection beside the store's, for what tests look at or break.
fn raw(directory: &Path) -> Connection {
    Connection::open(directory.join(FILE)).expect("opens")
}

fn number(db: &Connection, query: &str) -> i64 {
    db.query_row(query, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// The rollups hold what the events give.
fn check_rollups(db: &Connection) {
    let dimensions = [
        ("rollup_facts", "service, kind, method, status, blocked, types, business, attack"),
        ("rollup_rules", "service, kind, types, rules, attack"),
        ("rollup_clients", "client_ip, service, kind, types, attack"),
        ("rollup_users", "user_id, service, kind, types, business, attack"),
        ("rollup_paths", "path, service, status"),
    ];
    let mut looked = 0;
    for (view, columns) in dimensions {
        for (level, size) in [(0, HOUR), (1, 24 * HOUR), (2, i64::MAX)] {
            let counted = format!("SELECT start, {columns}, count FROM {view} WHERE level = {level}");
            let events = format!(
                "SELECT time / {size}, {columns}, count(*) FROM events GROUP BY time / {size}, {columns}"
            );
            for (one, other) in [(&counted, &events), (&events, &counted)] {
                let differ = number(db, &format!("SELECT count(*) FROM ({one} EXCEPT {other})"));
                assert_eq!(differ, 0, "{view} at level {level}");
                looked += 1;
            }
        }
    }
    assert_eq!(looked, 30);
}
