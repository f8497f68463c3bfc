//! The order in which libddwaf asks scanners: that of a hash table. Picket's is the order of the file.

use std::cmp::Ordering;
use std::path::Path;

use picket::rules::inapp::object::Object;
use picket::rules::inapp::processors::Scanner;
use picket_tests::judge::Ddwaf;
use serde_json::{Value, json};

/// Puts scanners into libddwaf's order. It is asked about each two: scanners with the same ids that all know
/// any text, and a processor for each pair.
pub fn sort(scanners: &mut [Scanner], directory: &Path, rules: &Value) {
    let ids: Vec<String> = scanners.iter().map(|scanner| scanner.id.clone()).collect();
    let any = |id: &String| {
        let value = json!({"operator": "match_regex", "parameters": {"regex": "."}});
        json!({"id": id, "tags": {"type": id}, "value": value})
    };
    let pair = |one: &str, other: &str| {
        json!({
            "id": format!("{one} {other}"), "generator": "extract_schema", "evaluate": false, "output": true,
            "parameters": {
                "mappings": [{"inputs": [{"address": "a"}], "output": format!("{one} {other}")}],
                "scanners": [{"id": one}, {"id": other}],
            },
        })
    };
    let pairs = ids.iter().flat_map(|one| ids.iter().map(move |other| pair(one, other)));
    let mut probe = rules.clone();
    probe["scanners"] = ids.iter().map(any).collect();
    probe["processors"] = pairs.collect();
    let judge = Ddwaf::with(directory, probe.to_string().as_bytes()).expect("libddwaf");
    let said = judge.attributes(&[("a".to_owned(), Object::String(b"a".into()))]).expect("it runs");
    scanners.sort_by(|one, other| {
        let first = &said[format!("{} {}", one.id, other.id)][1]["type"];
        match (first == &one.id, first == &other.id) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => panic!("{} or {}: {first}", one.id, other.id),
        }
    });
}
