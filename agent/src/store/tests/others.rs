//! Everything that is no event: signals, lists, audit, windows, outbox.

use super::*;
use crate::store::{
    read::{Between, FacetValue, Reader},
    sql::{FacetExpression, Sql},
};

fn signal(id: &str, time: i64, severity: &str) -> SignalRow {
    SignalRow {
        id: id.into(),
        time,
        first_seen: time - 5,
        rule: "credential-stuffing".into(),
        severity: severity.into(),
        status: "open".into(),
        assignee: None,
        json: format!("{{\"id\":\"{id}\"}}"),
    }
}

pub fn entry(value: &str) -> ListEntry {
    ListEntry {
        kind: ListKind::Deny,
        what: Target::Ip,
        value: value.into(),
        since: START,
        until: Some(START + HOUR),
        reason: "brute force".into(),
        author: "picket".into(),
        signal: Some("one".into()),
        enforced: true,
        state: ListState::Active,
    }
}

fn audit(what: &str) -> AuditEntry {
    AuditEntry {
        time: START,
        who: "ada".into(),
        action: "block".into(),
        what: what.into(),
        before: None,
        after: Some("{}".into()),
    }
}

/// One of each.
pub fn changes() -> Vec<Change> {
    vec![
        Change::Signal {
            row: signal("one", START, "high"),
            events: vec![id(3).to_string(), id(5).to_string()],
        },
        Change::SignalChange(SignalChange {
            signal: "one".into(),
            time: START,
            who: "picket".into(),
            what: "opened".into(),
            json: "{}".into(),
        }),
        Change::List(entry("192.0.2.1")),
        Change::Audit(audit("192.0.2.1")),
        Change::Endpoint(EndpointRow {
            service: "shop".into(),
            method: "GET".into(),
            route: "/item/{id}".into(),
            time: START,
            json: "{}".into(),
        }),
        Change::Window(Window { name: "rule".into(), version: 3, time: START, bytes: vec![0, 1, 255] }),
        Change::Outbox(OutboxRow {
            id: "n1".into(),
            target: "webhook".into(),
            due: START,
            attempts: 0,
            json: "{}".into(),
        }),
        Change::Meta { key: "k".into(), value: "v".into() },
    ]
}

/// That [`changes`] are there.
pub fn check(reader: &Reader) {
    assert_eq!(reader.signal("one").unwrap(), Some(signal("one", START, "high")));
    assert_eq!(reader.signal_history("one").unwrap().len(), 1);
    assert_eq!(reader.lists(Some(ListKind::Deny), true).unwrap(), [entry("192.0.2.1")]);
    assert!(reader.lists(Some(ListKind::Pass), false).unwrap().is_empty());
    assert_eq!(reader.audit(Between::any(), None, 10, None).unwrap(), [(1, audit("192.0.2.1"))]);
    assert_eq!(reader.endpoints(&Sql::all(), 10).unwrap().len(), 1);
    assert_eq!(reader.windows().unwrap()[0].bytes, [0, 1, 255]);
    assert_eq!(reader.outbox(START, 10).unwrap().len(), 1);
    assert_eq!(reader.outbox(START - 1, 10).unwrap().len(), 0);
    assert_eq!(reader.meta("k").unwrap().as_deref(), Some("v"));
}

#[test]
fn all_of_it_is_there_after_a_restart() {
    let directory = directory();
    let store = open(directory.path());
    fill(&store, 0..10);
    write(&store, changes()).unwrap();
    check(&store.reader());
    assert_eq!(store.reader().signal_events("one").unwrap().len(), 2);
    assert_eq!(store.stats().changes, 8);
    drop(store);
    let store = open(directory.path());
    check(&store.reader());
    write(&store, vec![Change::OutboxDone("n1".into()), Change::WindowGone("rule".into())]).unwrap();
    assert!(store.reader().windows().unwrap().is_empty());
    assert!(store.reader().outbox(i64::MAX, 10).unwrap().is_empty());
}

#[test]
fn changes_of_a_request_are_made_together_or_not_at_all() {
    let directory = directory();
    let store = open(directory.path());
    let lift = |value: &str| Change::ListState {
        kind: ListKind::Deny,
        what: Target::Ip,
        value: value.into(),
        state: ListState::Lifted,
        until: START + 1,
    };
    // An entry that was never there does not count any more: so it is.
    write(&store, vec![lift("198.51.100.1")]).unwrap();
    let of_nothing = Change::SignalChange(SignalChange {
        signal: "nothing".into(),
        time: 0,
        who: String::new(),
        what: String::new(),
        json: String::new(),
    });
    let refused = write(&store, vec![Change::Audit(audit("a")), of_nothing]);
    assert!(matches!(refused, Err(WriteError::Refused(_))));
    assert!(store.reader().audit(Between::any(), None, 10, None).unwrap().is_empty());
    // The refusal of one is no harm to its neighbours.
    write(&store, vec![Change::List(entry("198.51.100.1")), Change::Audit(audit("b"))]).unwrap();
    write(&store, vec![lift("198.51.100.1"), Change::Audit(audit("c"))]).unwrap();
    assert!(store.reader().lists(None, true).unwrap().is_empty());
    let all = store.reader().lists(None, false).unwrap();
    assert_eq!((all[0].state, all[0].until), (ListState::Lifted, Some(START + 1)));
    let numbers: Vec<String> = store
        .reader()
        .audit(Between::any(), None, 10, None)
        .unwrap()
        .into_iter()
        .map(|(_, row)| row.what)
        .collect();
    assert_eq!(numbers, ["c", "b"]);
    assert_eq!((store.stats().changes, store.stats().refused), (5, 1));
}

#[test]
fn a_signal_goes_on_and_keeps_its_history() {
    let directory = directory();
    let store = open(directory.path());
    write(&store, changes()).unwrap();
    for (number, severity) in [(1, "low"), (2, "high"), (3, "low")] {
        let row = signal(&format!("s{number}"), START + number, severity);
        write(&store, vec![Change::Signal { row, events: Vec::new() }]).unwrap();
    }
    let row = SignalRow { status: "archived".into(), ..signal("one", START + 10, "critical") };
    write(&store, vec![Change::Signal { row: row.clone(), events: vec!["e9".into()] }]).unwrap();
    let reader = store.reader();
    assert_eq!(reader.signal("one").unwrap(), Some(row));
    assert_eq!(reader.signal_history("one").unwrap().len(), 1);
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = reader.signals(&Sql::all(), Between::any(), 2, after.as_ref()).unwrap();
        ids.extend(page.rows.into_iter().map(|row| row.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(ids, ["one", "s3", "s2", "s1"]);
    let open = Sql::new("e.status = ?", ["open".into()]);
    let facet = reader.signal_facet(&open, &FacetExpression::of("e.severity"), Between::any(), 10).unwrap();
    assert_eq!(facet, [(FacetValue::Text("low".into()), 2), (FacetValue::Text("high".into()), 1)]);
}

#[test]
fn a_closed_store_takes_nothing() {
    let directory = directory();
    let store = open(directory.path());
    let handle = store.handle();
    drop(store);
    assert!(matches!(handle.flush(), Err(WriteError::Closed)));
    assert_eq!(handle.event(id(1), facts(1), || json(1)), Fate::LeftOut(counts::Why::Queue));
}
