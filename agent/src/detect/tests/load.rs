//! Many actors: memory stays bounded, and what is heavy is still counted.

use super::{SECOND, START, builtin, event};
use crate::limits;

/// A tenth of what the bench does with a release build: enough to fill every bound.
#[test]
fn memory_is_bounded_for_any_number_of_actors() {
    const MEMORY: usize = 4 << 20;
    let rules: Vec<_> =
        crate::detect::rules::builtin().unwrap().into_iter().map(std::sync::Arc::new).collect();
    let mut detector = crate::detect::Detector::new(&rules, [1; 16]).unwrap().with_memory(MEMORY);
    let mut findings = Vec::new();
    let mut heavy = 0;
    for n in 0..40_000_u64 {
        let time = START + n * SECOND / 500;
        // One in fifty is the same attacker.
        let ip = if n % 50 == 0 {
            "203.0.113.7".to_owned()
        } else {
            format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255)
        };
        let said = serde_json::json!({
            "kind": "event", "client_ip": ip,
            "matches": [{"rule": "r", "name": "n", "tags": {"type": "xss", "category": "attack_attempt"}, "location": "q", "value": "x"}],
        });
        detector.observe(&event(n, time, &said), time, &mut findings);
        heavy += findings
            .drain(..)
            .filter(|finding| finding.group.first().is_some_and(|ip| ip == "203.0.113.7"))
            .count();
        if n % 1000 == 0 {
            let stats = detector.stats();
            assert!(stats.bytes as usize <= MEMORY + MEMORY / 10, "{stats:?}");
        }
    }
    let stats = detector.stats();
    assert!(stats.groups_evicted > 10_000, "the bound was reached: {stats:?}");
    assert!(heavy > 700, "the attacker was found {heavy} times");
}

/// What the sizes of groups are reckoned to be, against the caps.
#[test]
fn a_million_actors_fit() {
    let mut detection = builtin();
    let mut changes = Vec::new();
    for n in 0..2000_u64 {
        let time = START + n * SECOND / 100;
        let said = serde_json::json!({"client_ip": format!("10.0.{}.{}", n >> 8, n & 255), "path": "/search", "endpoint": "/search"});
        detection.observe(&event(n, time, &said), time, &mut changes);
    }
    let (stats, _) = detection.stats();
    let each = stats.bytes / stats.groups;
    assert!(each < 512, "{each} bytes a group");
    const { assert!(limits::DETECT_MEMORY < 256 << 20) };
}
