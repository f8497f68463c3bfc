//! Requests that must not match anything: what browsers, apps and people really send.

use std::collections::BTreeSet;

use super::{cases::answered, compile, own};
use crate::rules::{cases::Case, program::run::Scratch};

/// Rules of confidence `high` and `medium` hold on none of them. Those of `low` are counted, so that nobody is surprised.
#[test]
fn nothing_matches_on_clean_requests() {
    let engine = compile(&own()).unwrap();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/clean.json");
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut scratch = Scratch::default();
    let (mut low, mut wrong) = (0, Vec::new());
    let mut seen = BTreeSet::new();
    for case in &cases {
        assert!(seen.insert(case.bytes()), "stands twice: {}", case.shown());
        let found = answered(&engine, case, &mut scratch);
        let is_low = |confidence: Option<&String>| confidence.is_some_and(|text| text == "low");
        let (slight, held): (Vec<_>, Vec<_>) =
            found.iter().partition(|rule| is_low(rule.tags.get("confidence")));
        low += usize::from(!slight.is_empty());
        if !held.is_empty() {
            let held: Vec<_> = held.iter().map(|rule| &rule.id).collect();
            wrong.push(format!("{held:?}: {}", case.shown()));
        }
    }
    println!("PICKET-CASES kind=clean_request ran={} failed={}", cases.len(), wrong.len());
    println!("{low} of {} clean requests match a rule of low confidence", cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 600, "{} clean requests", cases.len());
    assert!(low * 100 <= cases.len(), "{low} match a rule of low confidence: more than one in a hundred");
}
