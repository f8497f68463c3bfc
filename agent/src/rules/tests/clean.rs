//! Requests that must not match anything: what browsers, apps and people really send.

use super::{compile, ids, own};
use crate::rules::cases::Case;

#[test]
fn nothing_matches_on_clean_requests() {
    let engine = compile(&own()).unwrap();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/clean.json");
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let wrong: Vec<_> = cases
        .iter()
        .filter_map(|case| {
            let found = ids(&engine, &case.request());
            (!found.is_empty()).then(|| format!("{found:?}: {case:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 200, "{} clean requests", cases.len());
}
