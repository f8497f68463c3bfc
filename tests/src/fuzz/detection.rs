//! Detection rules: read, run on a few events, saved and gone on with.

use std::sync::Arc;

use picket::detect::{Change, Detection, Severity, rules::read};
use serde_json::{Value, json};

const SECOND: u64 = 1_000_000_000;

/// The reader takes the bytes or says where and why not; what it takes runs. Signals only get worse, and a state that
/// was saved goes on. Input that is a state is refused or works.
pub fn run(data: &[u8]) {
    restore(data);
    let rules: Vec<_> = match read(data, "fuzz.json") {
        Ok(rules) => rules.into_iter().map(Arc::new).collect(),
        Err(error) => {
            let shown = error.to_string();
            assert!(shown.starts_with("fuzz.json: ") && !error.problem.is_empty(), "{shown}");
            assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "control characters: {shown:?}");
            return;
        }
    };
    for rule in &rules {
        assert!(!rule.queries.is_empty() && !rule.cases.is_empty() && !rule.id.is_empty());
        assert!(rule.window <= rule.keep_alive && rule.keep_alive <= rule.max_duration);
    }
    let Ok(mut detection) = Detection::new(&rules, [1; 16]) else { return };
    let mut changes = Vec::new();
    for n in 0..40_u64 {
        let time = (1_795_305_600 + n * 7) * SECOND;
        detection.observe(&event(n), time, &mut changes);
        if n == 20 {
            let (windows, signals) = detection.snapshot();
            let mut other = Detection::new(&rules, [2; 16]).expect("the same rules");
            other.restore(&windows, &signals).expect("what was just saved");
            assert_eq!(other.stats().0.groups, detection.stats().0.groups);
            detection = other;
        }
    }
    detection.advance(u64::MAX, &mut changes);
    let mut severities: Vec<(_, Severity)> = Vec::new();
    for Change { signal, .. } in &changes {
        assert!(rules.iter().any(|rule| *rule.id == *signal.rule));
        assert!(signal.first_seen <= signal.last_seen && !signal.events.is_empty());
        if let Some((_, before)) = severities.iter().rev().find(|(id, _)| *id == signal.id) {
            assert!(*before <= signal.severity, "severity falls");
        }
        severities.push((signal.id, signal.severity));
    }
}

/// Bytes as a saved state.
fn restore(data: &[u8]) {
    let rules = picket::detect::rules::builtin().expect("own rules");
    // One rule is enough: reading thirty for each input is slow.
    let rules: Vec<_> = rules.into_iter().take(1).map(Arc::new).collect();
    let mut detection = Detection::new(&rules, [3; 16]).expect("own rules");
    if detection.restore(data, data).is_ok() {
        detection.observe(&event(1), 1_795_305_600 * SECOND, &mut Vec::new());
    }
}

fn event(n: u64) -> Value {
    let kinds = ["users.login.failure", "users.login.success", "payment.failure"];
    let kind = kinds.get(usize::try_from(n % 3).unwrap_or(0)).copied().unwrap_or_default();
    let attack = json!([{"rule": "picket-sqli-003", "name": "n", "location": "query.q", "value": "x",
        "tags": {"type": "sql_injection", "category": "attack_attempt"}}]);
    json!({
        "kind": "event", "id": format!("00000000-0000-7000-8000-{n:012x}"), "time": "2026-11-22T00:00:00Z",
        "service": {"name": "shop", "port": 80}, "client_ip": format!("203.0.113.{}", n % 3), "method": "GET",
        "path": format!("/a/{n}"), "endpoint": "/a/{id}", "status": 200 + 100 * (n % 4), "user_agent": "curl/8",
        "duration_us": n, "user": {"id": format!("u{}", n % 2)}, "session": {"id": "s"},
        "matches": if n.is_multiple_of(2) { attack } else { json!([]) },
        "business": [{"name": kind, "attributes": {"usr.login": format!("u{}", n % 5), "usr.exists": n.is_multiple_of(2)}}],
    })
}
