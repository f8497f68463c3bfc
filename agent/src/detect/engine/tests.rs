use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    detect::rules::{Rule, read},
    limits,
};

const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_795_305_600 * SECOND;

fn rule(value: &Value) -> Arc<Rule> {
    Arc::new(read(value.to_string().as_bytes(), "test").unwrap().remove(0))
}

fn counting(condition: &str) -> Arc<Rule> {
    rule(&json!({
        "name": "counting", "queries": [{"query": "@status:500", "groupByFields": ["client_ip"]}],
        "cases": [{"status": "low", "condition": condition}],
        "options": {"evaluationWindow": 100, "keepAlive": 100, "maxSignalDuration": 100},
    }))
}

fn detector(rules: &[Arc<Rule>]) -> Detector {
    Detector::new(rules, [3; 16]).unwrap()
}

fn event(ip: u64, status: u64) -> Value {
    json!({"client_ip": format!("10.{}.{}.{}", ip >> 16 & 255, ip >> 8 & 255, ip & 255), "status": status})
}

fn observe(detector: &mut Detector, event: &Value, seconds: f64) -> Vec<Finding> {
    let mut findings = Vec::new();
    detector.observe(event, START + (seconds * 1e9) as u64, &mut findings);
    findings
}

#[test]
fn counts_by_group_in_a_window() {
    let mut detector = detector(&[counting("a > 2")]);
    // (seconds, client, status, whether it is found)
    let vectors = [
        (0.0, 1, 500, false),
        (1.0, 1, 500, false),
        (2.0, 2, 500, false),
        (3.0, 1, 200, false),
        (4.0, 1, 500, true),
        (5.0, 2, 500, false),
        (6.0, 1, 500, true),
        (150.0, 1, 500, false),
    ];
    for (seconds, client, status, found) in vectors {
        let findings = observe(&mut detector, &event(client, status), seconds);
        assert_eq!(!findings.is_empty(), found, "at {seconds}");
        for finding in findings {
            assert_eq!(finding.group, [format!("10.0.0.{client}")]);
            assert_eq!(finding.signal_key(), finding.group[0]);
            assert!(finding.values[0] >= 3.0 && finding.missed == 0);
        }
    }
    let stats = detector.stats();
    assert_eq!((stats.events, stats.taken, stats.groups, stats.findings), (8, 7, 2, 2));
    assert!(stats.bytes > 0);
}

#[test]
fn joined_queries_share_a_group() {
    let rule = rule(&json!({
        "name": "joined", "queries": [
            {"name": "bad", "query": "@status:500", "groupByFields": ["client_ip", "service"], "hasOptionalGroupByFields": true},
            {"name": "paths", "query": "@status:*", "aggregation": "cardinality", "distinctFields": ["@path"], "groupByFields": ["client_ip", "service"], "hasOptionalGroupByFields": true},
            {"name": "longest", "query": "*", "aggregation": "max", "metric": "@duration_us", "groupByFields": ["client_ip", "service"], "hasOptionalGroupByFields": true}],
        "cases": [{"status": "high", "condition": "bad > 1 && paths == 2 && longest >= 70"}],
        "options": {"evaluationWindow": 60, "keepAlive": 60, "maxSignalDuration": 60},
        "groupSignalsBy": ["client_ip"],
    }));
    let mut detector = detector(&[rule]);
    let event = |path: &str, status: u64, took: u64| json!({"client_ip": "10.0.0.1", "path": path, "status": status, "duration_us": took});
    assert!(observe(&mut detector, &event("/a", 500, 70), 1.0).is_empty());
    assert!(observe(&mut detector, &event("/a", 500, 10), 2.0).is_empty());
    let found = observe(&mut detector, &event("/b", 200, 20), 3.0);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].values, [2.0, 2.0, 70.0]);
    assert_eq!(
        (found[0].group.as_slice(), found[0].signal_key().as_str()),
        (["10.0.0.1".to_owned(), String::new()].as_slice(), "10.0.0.1")
    );
    assert!(observe(&mut detector, &event("/c", 200, 20), 4.0).is_empty(), "a third path");
}

/// A window of nothing is one event, also when it comes a little later than one that happened after it.
#[test]
fn an_event_by_itself() {
    let rule = rule(&json!({
        "name": "alone", "queries": [
            {"name": "kinds", "query": "*", "aggregation": "cardinality", "distinctFields": ["@rule.type"], "groupByFields": ["client_ip"]},
            {"name": "bad", "query": "@status:500", "groupByFields": ["client_ip"]}],
        "cases": [{"status": "low", "condition": "kinds > 1 && bad == 1"}],
        "options": {"evaluationWindow": 0, "keepAlive": 60, "maxSignalDuration": 60},
    }));
    let mut detector = detector(&[rule]);
    let event = |kinds: &[&str], status: u64| {
        let matches: Vec<Value> = kinds.iter().map(|kind| json!({"tags": {"type": kind}})).collect();
        json!({"client_ip": "10.0.0.1", "status": status, "matches": matches})
    };
    // (seconds, types, status, whether it is found)
    let vectors: [(f64, &[&str], u64, bool); 7] = [
        (1.0, &["xss", "lfi"], 500, true),
        (4.0, &["xss", "lfi"], 500, true),
        (7.0, &["xss"], 500, false),
        (7.0, &["lfi"], 500, false),
        (6.5, &["lfi", "xss"], 500, true),
        (8.0, &["lfi", "xss"], 200, false),
        (9.0, &["lfi", "xss"], 500, true),
    ];
    for (seconds, kinds, status, found) in vectors {
        assert_eq!(!observe(&mut detector, &event(kinds, status), seconds).is_empty(), found, "at {seconds}");
    }
    assert_eq!(vectors.len(), 7);
}

#[test]
fn filters() {
    let mut value = json!({
        "name": "filtered", "queries": [{"query": "@status:500", "groupByFields": ["client_ip"]}],
        "cases": [{"status": "low", "condition": "a > 0"}],
        "options": {"evaluationWindow": 100, "keepAlive": 100, "maxSignalDuration": 100},
    });
    value["filters"] = json!([{"action": "require", "query": "client_ip:10.0.0.0/24"}, {"action": "suppress", "query": "client_ip:10.0.0.7"}]);
    let mut detector = detector(&[rule(&value)]);
    for (client, found) in [(1, true), (7, false), (256, false)] {
        assert_eq!(!observe(&mut detector, &event(client, 500), 1.0).is_empty(), found, "{client}");
    }
}

#[test]
fn a_sequence_needs_its_order() {
    let rule = rule(&json!({
        "name": "sequence", "queries": [
            {"name": "bad", "query": "@status:401", "groupByFields": ["client_ip"]},
            {"name": "good", "query": "@status:200", "groupByFields": ["client_ip"]}],
        "cases": [{"status": "high", "condition": "two > 0"}],
        "options": {"detectionMethod": "sequence_detection", "keepAlive": 60, "maxSignalDuration": 60, "sequenceDetectionOptions": {
            "steps": [{"name": "one", "condition": "bad > 1", "evaluationWindow": 60}, {"name": "two", "condition": "good > 1", "evaluationWindow": 60}],
            "stepTransitions": [{"parent": "one", "child": "two", "evaluationWindow": 100}]}},
    }));
    // Statuses by second; the second at which it is found.
    type Vector<'a> = (&'a [(f64, u64)], Option<f64>);
    let vectors: &[Vector<'_>] = &[
        (&[(1.0, 401), (2.0, 401), (10.0, 200), (20.0, 200)], Some(20.0)),
        (&[(1.0, 200), (2.0, 200), (10.0, 401), (20.0, 401)], None),
        (&[(1.0, 200), (10.0, 401), (20.0, 401), (30.0, 200)], None),
        (&[(1.0, 401), (10.0, 200), (20.0, 200)], None),
        (&[(1.0, 401), (2.0, 401), (110.0, 200), (120.0, 200)], None),
        (&[(1.0, 401), (2.0, 401), (10.0, 200), (90.0, 200)], None),
        (&[(1.0, 401), (70.0, 401), (71.0, 401), (80.0, 200), (81.0, 200)], Some(81.0)),
    ];
    for (statuses, expected) in vectors {
        let mut detector = detector(&[Arc::clone(&rule)]);
        let found = statuses
            .iter()
            .filter(|(at, status)| !observe(&mut detector, &event(1, *status), *at).is_empty());
        assert_eq!(found.map(|(at, _)| *at).next(), *expected, "{statuses:?}");
    }
    assert_eq!(vectors.len(), 7);
}

#[test]
fn late_events() {
    let mut detector = detector(&[counting("a > 2")]);
    assert!(observe(&mut detector, &event(1, 500), 90.0).is_empty());
    assert!(observe(&mut detector, &event(1, 500), 40.0).is_empty(), "late, but inside the grace");
    assert_eq!(observe(&mut detector, &event(1, 500), 95.0).len(), 1);
    assert!(observe(&mut detector, &event(1, 500), 20.0).is_empty(), "too late");
    assert_eq!(detector.stats().late, 1);
    // The clock was set back by an hour.
    for n in 0..u64::from(limits::DETECT_LATE_RUN) + 10 {
        detector.observe(&event(2, 500), START - 3600 * SECOND + n, &mut Vec::new());
    }
    let stats = detector.stats();
    assert_eq!(
        (stats.clock_steps, stats.late),
        (1, u64::from(limits::DETECT_LATE_RUN) - 1),
        "the run began before, and its last counts"
    );
    assert!(detector.now() < START);
}

#[test]
fn an_archived_group_begins_anew() {
    let mut detector = detector(&[counting("a > 2")]);
    for second in 0..5 {
        observe(&mut detector, &event(1, 500), f64::from(second));
    }
    detector.forget("counting", &["10.0.0.1".to_owned()]);
    assert!(observe(&mut detector, &event(1, 500), 6.0).is_empty());
    assert!(observe(&mut detector, &event(1, 500), 7.0).is_empty());
    assert_eq!(observe(&mut detector, &event(1, 500), 8.0).len(), 1);
}

#[test]
fn queries_are_shared() {
    let mut other = read(
        json!({
            "name": "other", "queries": [{"query": "@status:500", "groupByFields": ["service"]}],
            "cases": [{"status": "low", "condition": "a > 2"}],
            "options": {"evaluationWindow": 100, "keepAlive": 100, "maxSignalDuration": 100},
        })
        .to_string()
        .as_bytes(),
        "test",
    )
    .unwrap();
    let mut rules = vec![counting("a > 2"), Arc::new(other.remove(0))];
    assert_eq!(detector(&rules).rules(), (2, 1));
    rules.push(counting("a > 3"));
    assert!(Detector::new(&rules, [3; 16]).is_err(), "an id twice");
}

proptest! {
    /// Saved and restored at any moment, it finds what it would have found.
    #[test]
    fn a_restart_forgets_nothing(
        events in prop::collection::vec((0_u64..4, prop::bool::ANY, 1_u64..20), 1..80),
        restart in 0_usize..80,
    ) {
        let rules = [
            counting("a > 3"),
            rule(&json!({
                "name": "distinct", "queries": [{"query": "*", "aggregation": "cardinality", "distinctFields": ["client_ip"]}],
                "cases": [{"status": "low", "condition": "a > 2"}],
                "options": {"evaluationWindow": 30, "keepAlive": 100, "maxSignalDuration": 100},
            })),
            rule(&json!({
                "name": "new", "queries": [{"query": "*", "aggregation": "new_value", "metric": "client_ip", "groupByFields": ["@status"]}],
                "cases": [{"status": "low"}],
                "options": {"detectionMethod": "new_value", "keepAlive": 100, "maxSignalDuration": 100, "newValueOptions": {"learningDuration": 0}},
            })),
        ];
        let (mut one, mut other) = (detector(&rules), detector(&rules));
        let mut seconds = 0;
        for (index, (client, bad, later)) in events.iter().enumerate() {
            if index == restart {
                let saved = other.snapshot();
                other = Detector::new(&rules, [9; 16]).unwrap();
                prop_assert_eq!(other.restore(&saved), Ok(3));
                prop_assert_eq!(other.stats().groups, one.stats().groups);
            }
            seconds += later;
            let event = event(*client, if *bad { 500 } else { 200 });
            prop_assert_eq!(observe(&mut one, &event, seconds as f64), observe(&mut other, &event, seconds as f64));
        }
    }

    /// Whatever the bytes are, the answer is an error or a detector that works.
    #[test]
    fn damaged_states_are_refused(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let rules = [counting("a > 3")];
        let mut detector = detector(&rules);
        for client in 0..5 {
            observe(&mut detector, &event(client, 500), 1.0);
        }
        let mut saved = detector.snapshot();
        let at = at.index(saved.len());
        let changed = saved[at] != byte;
        saved[at] = byte;
        prop_assert_eq!(Detector::new(&rules, [3; 16]).unwrap().restore(&saved).is_err(), changed);
        let cut = cut.index(saved.len());
        prop_assert!(Detector::new(&rules, [3; 16]).unwrap().restore(&saved[..cut]).is_err());
        // With a right checksum, too.
        if let Some(body) = saved.get(24..) {
            let sealed = state::check([state::head(b"PKTDET", state::VERSION), body.to_vec()].concat());
            let mut other = Detector::new(&rules, [3; 16]).unwrap();
            if other.restore(&sealed).is_ok() {
                observe(&mut other, &event(1, 500), 2.0);
            }
        }
    }
}

#[test]
fn states_of_other_rules() {
    let mut detector = detector(&[counting("a > 2")]);
    observe(&mut detector, &event(1, 500), 1.0);
    let saved = detector.snapshot();
    let restored = |rules: &[Arc<Rule>]| Detector::new(rules, [4; 16]).unwrap().restore(&saved);
    assert_eq!(restored(&[counting("a > 7")]), Ok(1), "other conditions count the same");
    let mut changed = (*counting("a > 2")).clone();
    changed.queries[0].window = 50;
    assert_eq!(restored(&[Arc::new(changed)]), Ok(0));
    assert_eq!(restored(&[]), Ok(0));
    let mut other = saved.clone();
    other[6] = 9;
    assert_eq!(detector.restore(&other), Err(StateError::Version(9)));
    assert_eq!(detector.restore(b"something else"), Err(StateError::Foreign));
}
