use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{samples, *};
use crate::{
    detect::{
        Detection,
        rules::{ActionKind, Severity, read},
        tests::{SECOND, START, event},
    },
    limits,
};

fn detection() -> Detection {
    let rules = json!([
        {
            "id": "errors", "name": "Errors of {{@client_ip}}", "message": "{{events_matched_per_query.errors}} errors at {{@service}}, {{severity}}",
            "tags": ["team:shop"],
            "queries": [{"name": "errors", "query": "@status:500", "groupByFields": ["client_ip"]}],
            "cases": [
                {"name": "many", "status": "high", "condition": "errors > 5", "actions": [{"type": "block_ip", "options": {"duration": 60}}]},
                {"name": "some", "status": "low", "condition": "errors > 2"}],
            "options": {"evaluationWindow": 100, "keepAlive": 300, "maxSignalDuration": 1000},
        },
        {
            "id": "missing", "name": "Missing",
            "queries": [{"query": "@status:404", "groupByFields": ["client_ip"]}],
            "cases": [{"status": "info", "condition": "a > 1"}],
            "options": {"evaluationWindow": 100, "keepAlive": 300, "maxSignalDuration": 1000},
        },
    ]);
    let rules: Vec<_> = read(rules.to_string().as_bytes(), "t").unwrap().into_iter().map(Arc::new).collect();
    Detection::new(&rules, [5; 16]).unwrap()
}

fn step(detection: &mut Detection, seconds: u64, said: &Value) -> Vec<Change> {
    let (time, mut changes) = (START + seconds * SECOND, Vec::new());
    detection.observe(&event(seconds, time, said), time, &mut changes);
    changes
}

fn kinds(changes: &[Change]) -> Vec<ChangeKind> {
    changes.iter().map(|change| change.kind).collect()
}

fn error(ip: &str) -> Value {
    json!({"client_ip": ip, "status": 500, "path": "/cart"})
}

#[test]
fn one_signal_for_one_thing() {
    let mut detection = detection();
    let mut told = Vec::new();
    for second in 0..40 {
        told.extend(step(&mut detection, second, &error("203.0.113.7")));
    }
    assert_eq!(
        kinds(&told)[..5],
        [
            ChangeKind::Opened,
            ChangeKind::Extended,
            ChangeKind::Extended,
            ChangeKind::Escalated,
            ChangeKind::Extended
        ]
    );
    let ids: std::collections::HashSet<_> = told.iter().map(|change| change.signal.id).collect();
    assert_eq!(ids.len(), 1);
    let signal = &told.last().unwrap().signal;
    assert_eq!(
        (signal.severity, signal.rule_case.as_str(), signal.counts.events),
        (Severity::High, "many", 40)
    );
    assert_eq!(
        (signal.title.as_str(), signal.message.as_str()),
        ("Errors of 203.0.113.7", "6 errors at shop, high")
    );
    assert_eq!(signal.actions[0].kind, ActionKind::BlockIp);
    assert_eq!(
        (signal.actors.as_slice(), signal.services.as_slice()),
        (["203.0.113.7".to_owned()].as_slice(), ["shop".to_owned()].as_slice())
    );
    assert_eq!(signal.group["client_ip"], "203.0.113.7");
    assert_eq!(signal.first_seen.as_second() as u64, START / SECOND);
    assert_eq!(signal.last_seen.as_second() as u64, START / SECOND + 39);
    assert!(signal.counts.queries["errors"] >= 38, "{:?}", signal.counts);
    assert_eq!(signal.tags, ["team:shop"]);
    assert_eq!(
        told.iter().filter(|change| change.kind == ChangeKind::Escalated).count(),
        1,
        "severity rises once"
    );
    // A hundred in one second are told once.
    let time = START + 41 * SECOND;
    let mut changes = Vec::new();
    for n in 0..100 {
        detection.observe(&event(1000 + n, time, &error("203.0.113.7")), time, &mut changes);
    }
    assert_eq!(changes.len(), 1);
    detection.advance(time + SECOND, &mut changes);
    assert_eq!((changes.len(), changes[1].signal.counts.events), (2, 140));
}

#[test]
fn a_signal_ends() {
    let mut detection = detection();
    let burst = |detection: &mut Detection, from: u64| {
        (from..from + 4).flat_map(|second| step(detection, second, &error("203.0.113.7"))).collect::<Vec<_>>()
    };
    let first = burst(&mut detection, 0)[0].signal.id;
    // Within the keep-alive it goes on.
    assert!(burst(&mut detection, 250).iter().all(|change| change.signal.id == first));
    // After it, another one begins.
    let second = burst(&mut detection, 600);
    let second = second.last().unwrap().signal.id;
    assert_ne!(first, second);
    // It does not go on for longer than the rule says.
    let mut ids = std::collections::BTreeSet::new();
    for at in (700..2500).step_by(20) {
        ids.extend(step(&mut detection, at, &error("203.0.113.7")).iter().map(|change| change.signal.id));
    }
    assert!(ids.contains(&second) && ids.len() == 2, "{ids:?}");
    let mut changes = Vec::new();
    detection.advance(START + 9000 * SECOND, &mut changes);
    assert_eq!(detection.book().stats().under_way, 0);
}

#[test]
fn a_person_archives() {
    let mut detection = detection();
    for second in 0..4 {
        step(&mut detection, second, &error("203.0.113.7"));
    }
    let id = detection.book().iter().next().unwrap().id;
    let mut changes = Vec::new();
    let review = Triage {
        status: Some(Status::UnderReview),
        assignee: Some(Some("ada".into())),
        case: Some(Some("SEC-7".into())),
        note: Some("looks like\nour scanner".into()),
        ..Triage::default()
    };
    detection.triage(id, &review, &mut changes).unwrap();
    let reviewed = &changes.last().unwrap().signal;
    assert_eq!((reviewed.assignee.as_deref(), reviewed.case.as_deref()), (Some("ada"), Some("SEC-7")));
    assert_eq!(step(&mut detection, 5, &error("203.0.113.7"))[0].signal.status, Status::UnderReview);
    let archive =
        Triage { status: Some(Status::Archived), reason: Some(Archive::FalsePositive), ..Triage::default() };
    detection.triage(id, &archive, &mut changes).unwrap();
    let archived = &changes.last().unwrap().signal;
    assert_eq!((archived.status, archived.archive_reason), (Status::Archived, Some(Archive::FalsePositive)));
    let mut stored = archived.clone();
    assert_eq!(detection.triage(id, &archive, &mut changes), Err(TriageError::Unknown(id)));
    // The stored one can still be changed.
    let open = Triage { status: Some(Status::Open), ..Triage::default() };
    assert_eq!((stored.triage(&open), stored.archive_reason), (Ok(true), None));
    assert_eq!(stored.triage(&open), Ok(false), "nothing changed");
    // What was before does not open the next one.
    assert!(step(&mut detection, 6, &error("203.0.113.7")).is_empty());
    assert!(step(&mut detection, 7, &error("203.0.113.7")).is_empty());
    let next = step(&mut detection, 8, &error("203.0.113.7"));
    assert_eq!(kinds(&next), [ChangeKind::Opened]);
    assert_ne!(next[0].signal.id, id);
}

#[test]
fn related_signals_name_each_other() {
    let mut detection = detection();
    for second in 0..4 {
        step(&mut detection, second, &error("203.0.113.7"));
    }
    let mut changes = Vec::new();
    for second in 4..7 {
        changes.extend(step(&mut detection, second, &json!({"client_ip": "203.0.113.7", "status": 404})));
        changes.extend(step(&mut detection, second, &json!({"client_ip": "203.0.113.8", "status": 404})));
    }
    let of = |rule: &str, ip: &str| {
        detection
            .book()
            .iter()
            .find(|signal| signal.rule == rule && signal.group["client_ip"] == ip)
            .unwrap()
            .clone()
    };
    let (errors, missing, other) =
        (of("errors", "203.0.113.7"), of("missing", "203.0.113.7"), of("missing", "203.0.113.8"));
    assert_eq!(
        (errors.related.as_slice(), missing.related.as_slice()),
        (&[missing.id][..], &[errors.id][..])
    );
    assert!(other.related.is_empty());
    assert!(
        changes.iter().any(|change| change.signal.id == errors.id && change.signal.related == [missing.id]),
        "the older one is told too"
    );
}

#[test]
fn stages_and_actions() {
    let mut detection = detection();
    let attack = json!([{"rule": "r", "name": "n", "tags": {"type": "sql_injection", "category": "attack_attempt"}, "location": "query.q", "value": "x"}]);
    for second in 0..4 {
        step(
            &mut detection,
            second,
            &json!({"client_ip": "203.0.113.7", "status": 500, "matches": attack, "kind": "event"}),
        );
    }
    let id = detection.book().iter().next().unwrap().id;
    let mut changes = Vec::new();
    let time = Timestamp::from_nanosecond(i128::from(START + 10 * SECOND)).unwrap();
    detection.book_mut().acted(id, "blocked 203.0.113.7 for 1 h", time, &mut changes);
    let signal = &changes[0].signal;
    let story: Vec<_> =
        signal.timeline.0.iter().map(|entry| (entry.stage, entry.what.as_str(), entry.count)).collect();
    assert_eq!(
        story,
        [(Stage::SuccessHint, "sql_injection", 2), (Stage::ActionTaken, "blocked 203.0.113.7 for 1 h", 1)]
    );
    assert_eq!((signal.timeline.furthest(), signal.counts.attacks), (Some(Stage::ActionTaken), 2));
    // From JSON to JSON.
    let text = serde_json::to_string(signal).unwrap();
    assert_eq!(serde_json::from_str::<Signal>(&text).unwrap(), *signal);
}

/// A stage says what an event was. That somebody was blocked because of it is a thing that Picket did, told beside it.
#[test]
fn what_an_event_was_and_what_was_done_are_two_things() {
    let attack = json!([{"rule": "r", "name": "n", "tags": {"type": "sql_injection", "category": "attack_attempt"}, "location": "query.q", "value": "x"}]);
    let mut tried = 0;
    for (blocked, kind) in [(false, "attack_attempt"), (true, "attack_attempt"), (true, "security_scanner")] {
        let mut detection = detection();
        let mut matches = attack.clone();
        matches[0]["tags"]["category"] = kind.into();
        for second in 0..4 {
            step(
                &mut detection,
                second,
                &json!({"client_ip": "203.0.113.7", "status": 500, "matches": matches, "kind": "event",
                    "blocked": blocked && second == 3}),
            );
        }
        let signal = detection.book().iter().next().unwrap();
        let story: Vec<_> = signal
            .timeline
            .0
            .iter()
            .map(|entry| (entry.stage, entry.what.as_str(), entry.count, entry.event.is_some()))
            .collect();
        let was = if kind == "security_scanner" { Stage::Probing } else { Stage::SuccessHint };
        let mut expected = vec![(was, "sql_injection", 2, true)];
        if blocked {
            expected.push((Stage::ActionTaken, "203.0.113.7 put on the denylist", 1, true));
        }
        assert_eq!(story, expected);
        assert_eq!(signal.counts.blocked, u64::from(blocked));
        tried += 1;
    }
    assert_eq!(tried, 3);
}

#[test]
fn a_restart_goes_on_with_signals() {
    let mut before = detection();
    for second in 0..4 {
        step(&mut before, second, &error("203.0.113.7"));
    }
    let id = before.book().iter().next().unwrap().id;
    let (windows, signals) = before.snapshot();
    let mut after = detection();
    after.restore(&windows, &signals).unwrap();
    let changes = step(&mut after, 5, &error("203.0.113.7"));
    assert_eq!((changes[0].kind, changes[0].signal.id), (ChangeKind::Extended, id));
    assert_eq!(changes[0].signal.counts.events, 5);
    assert!(after.restore(&signals, &windows).is_err());
    assert!(after.restore(&windows, &signals[..signals.len() - 1]).is_err());
    // What a person did meanwhile.
    let mut archived = changes[0].signal.clone();
    archived.status = Status::Archived;
    after.book_mut().resume(&archived);
    assert_eq!(after.book().stats().under_way, 0);
}

#[test]
fn lists_are_bounded() {
    let mut detection = detection();
    for n in 0..5000_u64 {
        let said = json!({"client_ip": "203.0.113.7", "status": 500, "user_agent": format!("agent {n}"), "path": format!("/{n}"), "user": {"id": format!("u{n}")}});
        step(&mut detection, n / 100, &said);
    }
    let signal = detection.book().iter().next().unwrap();
    assert_eq!((signal.user_agents.len(), signal.users.len()), (limits::SIGNAL_NAMES, limits::SIGNAL_NAMES));
    assert_eq!(signal.events.len(), limits::SIGNAL_EVENTS);
    assert!(signal.counts.unnamed > 9000 && signal.timeline.0.len() <= limits::SIGNAL_TIMELINE);
    assert!(serde_json::to_string(signal).unwrap().len() < 20_000);
}

#[test]
fn too_many_signals_are_counted() {
    let mut detection = detection();
    for n in 0..1200_u64 {
        for second in 0..2 {
            step(
                &mut detection,
                second,
                &json!({"client_ip": format!("10.0.{}.{}", n / 250, n % 250), "status": 404}),
            );
        }
    }
    let stats = detection.book().stats();
    assert_eq!(stats.under_way, limits::SIGNALS_OPEN_OF_RULE as u64);
    assert_eq!((stats.opened, stats.over), (1000, 200));
}

#[test]
fn samples_are_varied() {
    let mut kept = Vec::new();
    for n in 0..1000 {
        let what = if n % 100 == 0 { format!("kind {n}") } else { "the same".to_owned() };
        samples::keep(&mut kept, &n.to_string(), &what, Timestamp::UNIX_EPOCH);
    }
    assert_eq!(kept.last().unwrap().id, "999");
    assert_eq!(kept.iter().filter(|sample| sample.what.starts_with("kind")).count(), 10);
    assert_eq!(kept.len(), 12);
}

#[test]
fn words_that_are_not_taken() {
    let mut detection = detection();
    for second in 0..4 {
        step(&mut detection, second, &error("203.0.113.7"));
    }
    let id = detection.book().iter().next().unwrap().id;
    let long = "x".repeat(5000);
    let vectors = [
        (Triage::default(), TriageError::Empty),
        (Triage { reason: Some(Archive::Other), ..Triage::default() }, TriageError::Reason),
        (
            Triage { status: Some(Status::Open), reason: Some(Archive::Other), ..Triage::default() },
            TriageError::Reason,
        ),
        (
            Triage { note: Some(long.clone()), ..Triage::default() },
            TriageError::TooLong { name: "note", bytes: 5000, most: limits::TRIAGE_NOTE },
        ),
        (
            Triage { case: Some(Some(long)), ..Triage::default() },
            TriageError::TooLong { name: "case", bytes: 5000, most: limits::TRIAGE_NAME },
        ),
        (
            Triage { assignee: Some(Some("a\nb".into())), ..Triage::default() },
            TriageError::Control("assignee"),
        ),
        (Triage { note: Some("\u{1b}[2J".into()), ..Triage::default() }, TriageError::Control("note")),
    ];
    let before = detection.signal(id).unwrap().clone();
    for (triage, expected) in &vectors {
        let mut changes = Vec::new();
        assert_eq!(detection.triage(id, triage, &mut changes), Err(expected.clone()));
        assert_eq!((changes.len(), detection.signal(id)), (0, Some(&before)));
    }
    assert_eq!(vectors.len(), 7);
    let mut signal = before;
    let nobody = Triage { assignee: Some(Some(" ".into())), note: Some(String::new()), ..Triage::default() };
    assert_eq!((signal.triage(&nobody), signal.assignee, signal.comment), (Ok(false), None, None));
}

/// What a case wants done is said once about everybody, when the case begins to hold or somebody joins in.
#[test]
fn actions_are_wanted_once() {
    let rules = json!([{
        "id": "stuffing", "name": "Stuffing",
        "queries": [
            {"name": "failures", "query": "@business.name:users.login.failure", "groupByFields": ["service"]},
            {"name": "successes", "query": "@business.name:users.login.success", "groupByFields": ["service"]}],
        "cases": [
            {"status": "high", "condition": "failures > 5", "actions": [
                {"type": "block_ip", "options": {"duration": 60}}, {"type": "block_user", "options": {"duration": 60}}]},
            {"status": "low", "condition": "failures > 2", "actions": [{"type": "flag_ip"}]}],
        "options": {"evaluationWindow": 1000, "keepAlive": 1000, "maxSignalDuration": 10_000},
    }]);
    let rules: Vec<_> = read(rules.to_string().as_bytes(), "t").unwrap().into_iter().map(Arc::new).collect();
    let mut detection = Detection::new(&rules, [5; 16]).unwrap();
    let login = |client: u64, works: bool, user: Value| {
        let name = if works { "users.login.success" } else { "users.login.failure" };
        json!({"client_ip": format!("10.0.0.{client}"), "business": [{"name": name}], "user": user})
    };
    let known = |id: &str| json!({"id": id, "source": "session"});
    let claimed = json!({"id": "ada", "source": "jwt", "claimed": true});
    // The second, the event, the kinds and targets that are wanted.
    type Vector<'a> = (u64, Value, &'a [(ActionKind, &'a str)]);
    let vectors: Vec<Vector<'_>> = vec![
        (0, login(1, false, Value::Null), &[]),
        (1, login(1, false, Value::Null), &[]),
        (2, login(1, false, claimed.clone()), &[(ActionKind::FlagIp, "10.0.0.1")]),
        (2, login(2, false, claimed), &[(ActionKind::FlagIp, "10.0.0.2")]),
        (3, login(2, false, Value::Null), &[]),
        // The case becomes worse: everybody so far. A user that somebody claims to be is left alone.
        (
            4,
            login(3, false, known("eve")),
            &[(ActionKind::BlockIp, "10.0.0.1 10.0.0.2 10.0.0.3"), (ActionKind::BlockUser, "eve")],
        ),
        (5, login(3, false, known("eve")), &[]),
        // Somebody else logs in meanwhile.
        (6, login(9, true, Value::Null), &[]),
        // The time is over, and it goes on.
        (70, login(3, false, Value::Null), &[(ActionKind::BlockIp, "10.0.0.3")]),
    ];
    for (second, said, expected) in &vectors {
        let wanted: Vec<_> = step(&mut detection, *second, said)
            .into_iter()
            .flat_map(|change| change.wanted)
            .map(|wanted| (wanted.kind, wanted.targets.join(" ")))
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(kind, targets)| (*kind, (*targets).to_owned())).collect();
        assert_eq!(wanted, expected, "at {second}");
        // A restart asks for nothing again.
        let (windows, signals) = detection.snapshot();
        detection = Detection::new(&rules, [6; 16]).unwrap();
        detection.restore(&windows, &signals).unwrap();
    }
    assert_eq!(vectors.len(), 9);
}
