//! Age and size, while it runs.

use super::*;
use crate::store::{counts::OTHERS, read::Between, sql::Sql};

/// A go on a connection of our own, as the writer has it.
fn go(directory: &Path, options: &Options, now: i64, goes: usize) -> Vec<usize> {
    let mut db = raw(directory);
    db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    rollup::prepare(&db).unwrap();
    let mut retention = retention(directory.join(FILE), options);
    (0..goes).map(|_| retention.tick_at(&mut db, now).unwrap().0).collect()
}

#[test]
fn what_is_too_old_goes_and_what_a_signal_refers_to_stays() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..3000);
    write(&store, others::changes()).unwrap();
    drop(store);
    let options = Options {
        max_age: Duration::from_secs(60 * 1000),
        signal_max_age: Duration::from_secs(60 * 4000),
        ..options()
    };
    // At the time of the last event the last thousand are young enough.
    let now = facts(2999).time;
    assert_eq!(go(directory.path(), &options, now, 2), [1997, 0]);
    let store = open(directory.path());
    assert_eq!(store.reader().count(&Sql::all(), Between::any()).unwrap().count, 1003);
    assert_eq!(store.reader().signal_events("one").unwrap().len(), 2);
    drop(store);
    check_rollups(&raw(directory.path()));
    // The signal gets too old, and its events go with it.
    let now = START + 4001 * 60 * SECOND;
    let deleted: usize = go(directory.path(), &options, now, 2).iter().sum();
    assert_eq!(deleted, 1003);
    let db = raw(directory.path());
    for table in [
        "signals",
        "signal_events",
        "signal_history",
        "audit",
        "event_facts",
        "event_bodies",
        "rollup_facts",
        "counters",
    ] {
        assert_eq!(number(&db, &format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    // An active entry stays however old it is.
    assert_eq!(number(&db, "SELECT count(*) FROM lists"), 1);
}

/// Bytes of everything in the directory.
fn size(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().metadata().map_or(0, |metadata| metadata.len())).sum()
}

#[test]
fn the_size_is_kept_while_events_go_on_coming() {
    let mut ran = 0;
    // Small events, large ones, and a store that its WAL alone could fill.
    for (most, length) in [(3_u64 << 20, 2000), (24 << 20, 20_000), (6 << 20, 100)] {
        let directory = directory();
        let store = Store::open(directory.path(), &Options { max_size: most, ..options() }).unwrap();
        let body = "x".repeat(length);
        let handle = store.handle();
        let (mut put, mut largest, mut fewest, mut goes) = (0, 0, u64::MAX, 0);
        let kept = until(|| {
            for _ in 0..100 {
                handle.event(id(put), facts(put), || format!("{{\"x\":\"{body}\"}}"));
                put += 1;
            }
            flush(&store);
            let stats = store.stats();
            // Looked at when retention has just been at work, a few times after it began to delete.
            if stats.deleted > 0 && stats.bytes <= most {
                goes += 1;
                largest = largest.max(stats.bytes);
                fewest = fewest.min(stats.stored - stats.deleted);
            }
            goes > 40 && stats.deleted > fewest && stats.bytes <= most
        });
        assert!(kept, "{:?}", store.stats());
        // Never far too much: what is left fills most of the size. An event takes its body and about a kilobyte.
        let room = most / (length as u64 + 1500);
        assert!(fewest > room / 2, "{most}: {fewest} events were left once, there is room for {room}");
        // The newest are there, the oldest are not.
        let reader = store.reader();
        assert!(reader.event(&id(put - 1).to_string()).unwrap().is_some());
        assert!(reader.event(&id(0).to_string()).unwrap().is_none());
        // Nothing is deleted between the two looks.
        drop(store);
        let stats = handle.stats();
        let count = number(&raw(directory.path()), "SELECT count(*) FROM event_facts");
        assert_eq!(count as u64, stats.stored - stats.deleted);
        let at_rest = size(directory.path());
        println!("{most}: {largest} bytes at most, {at_rest} at rest, never fewer than {fewest} events");
        // What came after the last go may be on top.
        assert!(at_rest <= most + most / 8, "{most}: {at_rest}");
        check_rollups(&raw(directory.path()));
        ran += 1;
    }
    assert_eq!(ran, 3);
}

#[test]
fn counters_become_hours_after_a_day_and_sums_stay() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..3000);
    drop(store);
    let db = raw(directory.path());
    let sums =
        "SELECT json_group_array(row) FROM (SELECT json_array(minute / 60, service, rule, sum(count)) AS row
        FROM counters GROUP BY minute / 60, service, rule)";
    let sum = || db.query_row(sums, [], |row| row.get::<_, String>(0)).unwrap();
    let (before, rows) = (sum(), number(&db, "SELECT count(*) FROM counters"));
    let now = facts(2999).time;
    go(directory.path(), &options(), now, 100);
    assert_eq!(sum(), before);
    let old = format!("minute < {}", (now / HOUR - 24) * 60);
    assert!(number(&db, "SELECT count(*) FROM counters") < rows);
    assert!(number(&db, &format!("SELECT count(*) FROM counters WHERE {old}")) > 0);
    assert_eq!(
        number(
            &db,
            &format!(
                "SELECT count(*) FROM counters WHERE {old} AND (minute % 60 != 0 OR actor != '{OTHERS}')"
            )
        ),
        0
    );
    assert!(
        number(&db, &format!("SELECT count(*) FROM counters WHERE NOT {old} AND actor != '{OTHERS}'")) > 0
    );
}
