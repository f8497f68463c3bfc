//! From the event stage's struct to a signal.

use std::sync::Arc;

use super::{START, builtin, event};
use crate::{
    detect::{Change, Severity},
    event::Event,
};

/// The struct and its JSON raise the same signals.
#[test]
fn events_of_the_event_stage() {
    let said = serde_json::json!({
        "kind": "event", "client_ip": "203.0.113.7", "status": 500,
        "matches": [{"rule": "picket-sqli-003", "name": "Tautology", "tags": {"type": "sql_injection", "category": "attack_attempt"}, "location": "query.q", "value": "' OR 1=1"}],
    });
    let (mut of_struct, mut of_json): (Vec<Change>, Vec<Change>) = (Vec::new(), Vec::new());
    let (mut one, mut other) = (builtin(), builtin());
    for number in 0..6 {
        let time = START + number * 1_000_000_000;
        let json = event(number, time, &said);
        let event: Event = serde_json::from_value(json.clone()).unwrap();
        one.observe(&event, time, &mut of_struct);
        other.observe(&json, time, &mut of_json);
    }
    assert_eq!(of_struct, of_json);
    let rules: Vec<_> =
        of_struct.iter().map(|change| (change.signal.rule.as_str(), change.signal.severity)).collect();
    assert!(rules.contains(&("sql-injection-success", Severity::High)), "{rules:?}");
    assert!(rules.contains(&("sql-injection", Severity::Low)), "{rules:?}");
}

/// Rules that are read again keep what they counted.
#[test]
fn a_reload_keeps_windows() {
    let rules: Vec<_> = crate::detect::rules::builtin().unwrap().into_iter().map(Arc::new).collect();
    let mut detection = builtin();
    let said = serde_json::json!({
        "kind": "event", "client_ip": "203.0.113.7",
        "matches": [{"rule": "r", "name": "n", "tags": {"type": "sql_injection", "category": "attack_attempt"}, "location": "q", "value": "x"}],
    });
    let mut changes = Vec::new();
    for number in 0..3 {
        if number == 2 {
            detection.reload(&rules).unwrap();
        }
        let time = START + number * 1_000_000_000;
        detection.observe(&event(number, time, &said), time, &mut changes);
    }
    assert_eq!(changes.iter().filter(|change| change.signal.rule == "sql-injection").count(), 1);
}

/// docs/detection.md has a row for each rule that comes with Picket, with its severities.
#[test]
fn the_manual_names_every_rule() {
    let manual = include_str!("../../../../docs/detection.md");
    let rules = crate::detect::rules::builtin().unwrap();
    for rule in &rules {
        let mut severities: Vec<Severity> = rule.cases.iter().map(|case| case.severity).collect();
        severities.sort_unstable();
        severities.dedup();
        let severities: Vec<_> = severities.iter().map(|severity| severity.name()).collect();
        let row =
            format!("| `{}` | {} | {} | {} |", rule.id, rule.name, rule.method.name(), severities.join(", "));
        assert!(manual.contains(&row), "docs/detection.md has no row {row}");
    }
    assert_eq!(rules.len(), 30);
}
