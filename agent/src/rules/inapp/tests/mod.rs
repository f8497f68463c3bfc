//! The reader and what it makes of files.
//!
//! `fixture.json` has one of each construct; libddwaf 2.1.0 loads all of it but for the index in the
//! exclusion `ex-inputs`, which is ours. What constructs mean was tried out with that library, too.

mod constructs;
mod errors;
mod report;
mod resolve;

use super::{ast::File, *};

const FIXTURE: &str = include_str!("fixture.json");

/// A file of one rule with one condition, the operator and its parameters beside inputs given.
fn one(operator: &str, parameters: &str) -> String {
    rule(&format!(
        r#"[{{"operator": "{operator}", "parameters": {{"inputs": [{{"address": "server.request.query"}}]{parameters}}}}}]"#
    ))
}

fn rule(conditions: &str) -> String {
    format!(
        r#"{{"version": "2.2", "rules": [{{"id": "a", "name": "A", "tags": {{"type": "t"}}, "conditions": {conditions}}}]}}"#
    )
}

/// A file of one section.
fn section(name: &str, items: &str) -> String {
    format!(r#"{{"version": "2.2", "{name}": [{items}]}}"#)
}

fn file(text: &str) -> File {
    let reading = read(text.as_bytes(), "test.json").unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(reading.left_out.is_empty(), "{}", reading.left_out);
    reading.file
}

fn set(texts: &[&str]) -> Set {
    resolve(texts.iter().map(|text| file(text))).unwrap_or_else(|error| panic!("{error}")).set
}

#[test]
fn the_fixture_is_read_whole() {
    let reading = read(FIXTURE.as_bytes(), "fixture.json").unwrap();
    assert_eq!(reading.left_out.to_string(), "");
    assert_eq!(reading.warnings.to_string(), "");
    assert_eq!(
        reading.skipped.to_string(),
        "fixture.json:133:5: rules[9]: is for libddwaf 99.0.0 and newer; this engine stands for libddwaf 2.1.0 (id \"later-1\")\n"
    );
    let file = &reading.file;
    let counts = [
        file.rules.len(),
        file.exclusions.len(),
        file.overrides.len(),
        file.rules_data.len(),
        file.exclusion_data.len(),
        file.actions.len(),
        file.processors.len(),
        file.processor_overrides.len(),
        file.scanners.len(),
    ];
    assert_eq!(counts, [11, 5, 3, 3, 1, 5, 7, 2, 3]);
    assert_eq!((file.version, file.rules_version.as_deref()), ((2, 2), Some("1.2.3")));
    let resolved = resolve([reading.file]).unwrap();
    assert_eq!(resolved.warnings.to_string(), "");
    assert_eq!(resolved.left_out.to_string(), "");
}

#[test]
fn leniently_read_it_is_the_same() {
    assert_eq!(read_lenient(FIXTURE.as_bytes(), "x"), read(FIXTURE.as_bytes(), "x"));
}
