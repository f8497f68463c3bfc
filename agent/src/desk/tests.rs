//! The desk with a real store and the default detection rules.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::{
    detect::{ChangeKind, signals::Archive, signals::Status},
    store::{ListKind, read::Between},
};

/// An event at a second, made of what matters.
fn event(at: i64, fields: &Value) -> Arc<Event> {
    let mut whole = json!({
        "kind": "event", "id": uuid::Uuid::from_u128(at.unsigned_abs().into()),
        "time": Timestamp::from_second(at).unwrap().to_string(),
        "service": {"name": "shop", "port": 80}, "client_ip": "203.0.113.7", "peer_ip": "203.0.113.7",
        "peer_port": 40_000, "method": "POST", "host": "shop.example", "path": "/login", "query": null,
        "status": 401, "user_agent": "curl/8", "matches": [], "blocked": false, "duration_us": 900,
        "truncated": false,
    });
    for (name, value) in fields.as_object().unwrap() {
        whole[name] = value.clone();
    }
    Arc::new(serde_json::from_value(whole).unwrap())
}

/// A failed login for a user.
fn failure(at: i64, user: &str) -> Arc<Event> {
    event(
        at,
        &json!({"endpoint": "/login", "business": [
        {"name": "users.login.failure", "attributes": {"usr.login": user, "usr.exists": true}}]}),
    )
}

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));
const BEGIN: i64 = 1_790_000_000;

fn open(state: &Path) -> Desk {
    let desk = Desk::open(state, &Config::default()).unwrap();
    let _ = desk.catch_up();
    desk
}

/// Gives failures of one user until a signal of a rule is there.
fn until_signal(desk: &Desk, from: i64, rule: &str) -> (detect::Change, i64) {
    for n in 0..500 {
        let changes = desk.take(&failure(from + n, "alice"), CLIENT);
        if let Some(change) = changes.into_iter().find(|change| change.signal.rule == rule) {
            return (change, from + n);
        }
    }
    panic!("500 failed logins raise no {rule}");
}

fn flush(desk: &Desk) {
    desk.handle().flush().unwrap().wait(Duration::from_secs(30)).unwrap();
}

#[test]
fn a_signal_is_kept_shown_and_triaged() {
    let state = tempfile::tempdir().unwrap();
    let desk = open(state.path());
    let mut live = desk.live();
    let (opened, at) = until_signal(&desk, BEGIN, "brute-force");
    assert_eq!(opened.kind, ChangeKind::Opened);
    let id = opened.signal.id;
    flush(&desk);
    let row = desk.reader().signal(&id.to_string()).unwrap().expect("it is stored");
    assert_eq!((row.status.as_str(), row.rule.as_str()), ("open", "brute-force"));
    assert!(!desk.reader().signal_events(&id.to_string()).unwrap().is_empty(), "with its events");
    let mut seen = (0, 0);
    while let Ok(what) = live.try_recv() {
        match &*what {
            Live::Event(_) => seen.0 += 1,
            Live::Signal(change) => {
                assert_eq!(change.signal.id, id);
                seen.1 += 1;
            }
        }
    }
    assert_eq!(seen.0, at - BEGIN + 1, "every event");
    assert!(seen.1 >= 1);

    let wrong = desk.triage(id, &Triage { reason: Some(Archive::Other), ..Triage::default() }, "eve");
    assert!(wrong.unwrap_err().to_string().contains("archived"));
    let nobody = uuid::Uuid::from_u128(1);
    let review = Triage { status: Some(Status::UnderReview), ..Triage::default() };
    assert!(matches!(desk.triage(nobody, &review, "eve"), Err(DeskError::NoSignal(id)) if id == nobody));

    let word = Triage { assignee: Some(Some("bob".into())), note: Some("looks real".into()), ..review };
    let signal = desk.triage(id, &word, "ann").unwrap();
    assert_eq!((signal.status, signal.assignee.as_deref()), (Status::UnderReview, Some("bob")));
    let archive =
        Triage { status: Some(Status::Archived), reason: Some(Archive::FalsePositive), ..Triage::default() };
    desk.triage(id, &archive, "ann").unwrap();
    let stored = desk.signal(id).unwrap().unwrap();
    assert_eq!((stored.status, stored.archive_reason), (Status::Archived, Some(Archive::FalsePositive)));
    // One that ended is changed in the store.
    desk.triage(id, &Triage { case: Some(Some("SEC-1".into())), ..Triage::default() }, "ann").unwrap();
    let stored = desk.signal(id).unwrap().unwrap();
    assert_eq!((stored.case.as_deref(), stored.assignee.as_deref()), (Some("SEC-1"), Some("bob")));
    let history = desk.reader().signal_history(&id.to_string()).unwrap();
    let mut words: Vec<_> =
        history.iter().map(|change| (change.who.as_str(), change.what.as_str())).collect();
    words.sort_unstable();
    assert_eq!(
        words,
        [
            ("ann", "assignee"),
            ("ann", "case"),
            ("ann", "note"),
            ("ann", "status"),
            ("ann", "status"),
            ("picket", "opened")
        ]
    );
    let audit = desk.reader().audit(Between::any(), None, 10, None).unwrap();
    assert_eq!(audit.iter().filter(|(_, entry)| entry.action == "triage" && entry.who == "ann").count(), 3);
}

#[test]
fn windows_and_signals_go_on_after_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let (opened, at) = {
        let desk = open(state.path());
        let found = until_signal(&desk, BEGIN, "brute-force");
        desk.close();
        found
    };
    let needed = at - BEGIN + 1;
    assert!(needed > 3, "{needed}");
    // The signal is extended, not raised again.
    let desk = open(state.path());
    let changes: Vec<_> = (1..20).flat_map(|n| desk.take(&failure(at + n, "alice"), CLIENT)).collect();
    assert!(changes.iter().all(|change| change.signal.id == opened.signal.id), "{changes:?}");
    desk.tick(Timestamp::from_second(at + 30).unwrap());
    assert_eq!(desk.signal(opened.signal.id).unwrap().unwrap().counts.events, (needed + 19).unsigned_abs());
    desk.close();

    // Half before, half after.
    let state = tempfile::tempdir().unwrap();
    let desk = open(state.path());
    for n in 0..needed - 1 {
        assert!(desk.take(&failure(BEGIN + n, "alice"), CLIENT).is_empty());
    }
    desk.close();
    drop(desk);
    let desk = open(state.path());
    let changes = desk.take(&failure(BEGIN + needed - 1, "alice"), CLIENT);
    assert_eq!(changes.first().map(|change| change.signal.rule.as_str()), Some("brute-force"));
}

/// A desk that is not closed has saved nothing: what it stored is counted again, and what it told is not told again.
#[test]
fn a_desk_that_was_killed_has_forgotten_nothing() {
    let state = tempfile::tempdir().unwrap();
    // The store keeps nothing that is a month old.
    let begin = Timestamp::now().as_second() - 1000;
    let (_, at) = until_signal(&open(tempfile::tempdir().unwrap().path()), begin, "brute-force");
    let needed = at - begin + 1;
    let desk = open(state.path());
    for n in 0..needed / 2 {
        assert!(desk.take(&failure(begin + n, "alice"), CLIENT).is_empty());
    }
    // Half of that half is in the saved windows.
    desk.tick(Timestamp::from_second(begin + needed / 2).unwrap());
    for n in needed / 2..needed - 1 {
        assert!(desk.take(&failure(begin + n, "alice"), CLIENT).is_empty());
    }
    flush(&desk);
    drop(desk);
    let desk = open(state.path());
    let changes = desk.take(&failure(begin + needed - 1, "alice"), CLIENT);
    let [opened] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((&*opened.signal.rule, opened.kind), ("brute-force", ChangeKind::Opened));
    let id = opened.signal.id;
    flush(&desk);
    drop(desk);

    let desk = open(state.path());
    let signal = desk.signal(id).unwrap().unwrap();
    assert_eq!(signal.counts.events, needed.unsigned_abs(), "nothing is counted twice");
    let changes: Vec<_> =
        (0..20).flat_map(|n| desk.take(&failure(begin + needed + n, "alice"), CLIENT)).collect();
    assert!(changes.iter().all(|change| change.signal.id == id), "{changes:?}");
    desk.tick(Timestamp::from_second(begin + needed + 60).unwrap());
    assert_eq!(desk.signal(id).unwrap().unwrap().counts.events, (needed + 20).unsigned_abs());
}

/// What the agent before had stored and not counted raises a signal when the next one begins: it is given to be printed
/// once, and to tails that come back.
#[test]
fn what_is_counted_again_is_told_once() {
    let state = tempfile::tempdir().unwrap();
    // The store keeps nothing that is a month old.
    let begin = Timestamp::now().as_second() - 1000;
    let mut without_rules = Config::default();
    without_rules.detection.default_rules = false;
    let before = Desk::open(state.path(), &without_rules).unwrap();
    for n in 0..60 {
        assert!(before.take(&failure(begin + n, "alice"), CLIENT).is_empty());
    }
    flush(&before);
    drop(before);

    let start = nanoseconds(Timestamp::now());
    let desk = Desk::open(state.path(), &Config::default()).unwrap();
    let told = desk.catch_up();
    let opened =
        told.iter().filter(|change| change.kind == ChangeKind::Opened && change.signal.rule == "brute-force");
    let [opened] = opened.collect::<Vec<_>>()[..] else { panic!("{told:?}") };
    let (at, signals) = desk.recounted(start);
    assert!(at > start);
    let ids: std::collections::BTreeSet<_> = told.iter().map(|change| change.signal.id).collect();
    assert_eq!(signals.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ids.into_iter().collect::<Vec<_>>());
    assert!(signals.contains(&(opened.signal.id, ChangeKind::Opened)), "{signals:?}");
    // Who was told since is not told again; nothing is counted twice.
    assert!(desk.recounted(at).1.is_empty());
    assert!(desk.catch_up().is_empty());
    flush(&desk);
    drop(desk);
    let desk = Desk::open(state.path(), &Config::default()).unwrap();
    let again = desk.catch_up();
    assert!(again.iter().all(|change| change.kind != ChangeKind::Opened), "it is stored: {again:?}");
}

/// An action that a rule asks for and that is not to be had is no stage of the story.
#[test]
fn what_could_not_be_done_is_said_in_the_history() {
    let state = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.detection.responses = vec![crate::config::DetectionResponse {
        severity: detect::Severity::Info,
        action: detect::rules::ActionKind::BlockIp,
        ..crate::config::DetectionResponse::default()
    }];
    // Nobody keeps anybody out here.
    let desk = Desk::open(state.path(), &config).unwrap();
    let _ = desk.catch_up();
    let (opened, _) = until_signal(&desk, BEGIN, "brute-force");
    flush(&desk);
    let id = opened.signal.id;
    let signal = desk.signal(id).unwrap().unwrap();
    assert!(!signal.timeline.0.is_empty());
    let acted = |entry: &&detect::signals::Entry| entry.stage == detect::signals::Stage::ActionTaken;
    assert_eq!(signal.timeline.0.iter().find(acted), None);
    let history = desk.reader().signal_history(&id.to_string()).unwrap();
    let said: Vec<_> = history.iter().filter(|change| change.what == "not_done").collect();
    let [said] = &said[..] else { panic!("{history:?}") };
    assert!(said.json.contains("203.0.113.7 not blocked: nothing keeps anybody out here"), "{}", said.json);
}

/// Notes what it is asked for.
#[derive(Default)]
struct Noting(Mutex<Vec<String>>);

impl Enforce for Noting {
    fn block(&self, net: IpNet, length: Option<Duration>, why: &Why<'_>) -> Result<Enforced, String> {
        let rule = why.reason.split(':').next().unwrap_or_default();
        self.0.lock().unwrap().push(format!("{net} for {length:?}: {rule}"));
        Ok(Enforced::InForce)
    }

    fn covers(&self, ip: IpAddr) -> bool {
        self.0.lock().unwrap().iter().any(|block| block.starts_with(&ip.to_string()))
    }
}

#[test]
fn what_a_rule_asks_for_is_done_once_a_case() {
    let state = tempfile::tempdir().unwrap();
    let desk = open(state.path());
    let enforce = Arc::new(Noting::default());
    desk.enforce_with(Arc::clone(&enforce) as Arc<dyn Enforce>);
    let rule = json!({
        "id": "own", "name": "own", "message": "m", "tags": [],
        "queries": [{"name": "a", "query": "@status:401", "groupByFields": ["client_ip"]}],
        "cases": [{"name": "c", "status": "high", "condition": "a > 2", "actions": [
            {"type": "block_ip", "options": {"duration": 600}},
            {"type": "block_user", "options": {"duration": 0}},
            {"type": "flag_ip", "options": {"duration": 60}}]}],
        "options": {"evaluationWindow": 300, "keepAlive": 300, "maxSignalDuration": 3600}
    });
    let file = state.path().join("own.json");
    std::fs::write(&file, rule.to_string()).unwrap();
    let mut config = Config::default();
    config.detection.default_rules = false;
    config.detection.rules = vec![file];
    desk.reload(&config).unwrap();
    assert_eq!(desk.rules().running().len(), 1);
    let asked = |at: i64| event(at, &json!({"user": {"id": "alice", "source": "session"}}));
    let now = Timestamp::now().as_second();
    for n in 0..20 {
        desk.take(&asked(now + n), CLIENT);
    }
    assert_eq!(*enforce.0.lock().unwrap(), ["203.0.113.7/32 for Some(600s): own"]);
    let mut later = Event::clone(&asked(now + 20));
    desk.mark(&mut later);
    let marks = later.security_response;
    assert!(marks.block_ip && marks.block_user && marks.flag_ip, "{marks:?}");
    let mut other = Event::clone(&asked(now + 20));
    other.client_ip = "203.0.113.8".parse().unwrap();
    other.user = None;
    desk.mark(&mut other);
    assert_eq!(other.security_response, crate::event::SecurityResponse::default());
    flush(&desk);
    let users = desk.listed_users(ListKind::Deny).unwrap();
    assert_eq!(users.iter().map(|user| &*user.value).collect::<Vec<_>>(), ["alice"]);
    assert!(!users[0].enforced && users[0].signal.is_some());
    let signal = desk.signal(users[0].signal.as_deref().unwrap().parse().unwrap()).unwrap().unwrap();
    let told = serde_json::to_string(&signal.timeline).unwrap();
    assert!(told.contains("203.0.113.7 blocked for 10m") && told.contains("user alice"), "{told}");

    // The flag ends by itself; a person takes the user off.
    desk.tick(Timestamp::from_second(now + 120).unwrap());
    assert!(desk.unlist_user(ListKind::Deny, "alice", "ann").unwrap());
    assert!(!desk.unlist_user(ListKind::Deny, "alice", "ann").unwrap());
    let mut later = Event::clone(&asked(now + 121));
    desk.mark(&mut later);
    assert!(!later.security_response.block_user && !later.security_response.flag_ip);
    // Whoever is on the passlist is not blocked.
    let why = Why { reason: "ours", who: "ann", signal: None };
    desk.list_user(ListKind::Pass, "alice", None, &why).unwrap();
    let error = desk.list_user(ListKind::Deny, "alice", None, &why).unwrap_err();
    assert!(error.to_string().contains("passlist"), "{error}");
    drop(desk);
    let desk = open(state.path());
    assert_eq!(desk.listed_users(ListKind::Pass).unwrap().len(), 1, "over a restart");
}
