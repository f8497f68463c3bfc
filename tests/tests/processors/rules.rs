//! The rules that both sides get.

use std::{fs, path::Path};

use serde_json::{Value, json};

/// The processors and scanners of libddwaf's rules file and some of our own, and one rule, for it wants one.
pub fn read(directory: &Path) -> Value {
    let text = fs::read(directory.join("rules.json")).expect("rules.json");
    let file: Value = serde_json::from_slice(&text).expect("JSON");
    let mut processors = file["processors"].as_array().expect("processors").clone();
    processors.extend(own_processors());
    let mut scanners = own_scanners();
    scanners.extend(file["scanners"].as_array().expect("scanners").clone());
    json!({
        "version": "2.2",
        "processors": processors,
        "scanners": scanners,
        "rules": [{
            "id": "1", "name": "none", "tags": {"type": "none", "category": "attack_attempt"},
            "conditions": [{
                "operator": "match_regex",
                "parameters": {"inputs": [{"address": "none"}], "regex": "none"},
            }],
        }],
    })
}

/// Processors beside those of libddwaf's file: what that file does not use.
fn own_processors() -> Vec<Value> {
    let make = |id: &str, generator: &str, condition: Value, address: &str, output: &str, scanners: Value| {
        json!({
            "id": id, "generator": generator, "conditions": [condition], "evaluate": false, "output": true,
            "parameters": {
                "mappings": [{"inputs": [{"address": address}], "output": output}],
                "scanners": scanners,
            },
        })
    };
    let condition =
        |operator: &str, parameters: Value| json!({"operator": operator, "parameters": parameters});
    vec![
        make(
            "own-uri",
            "uri_parse",
            condition("exists", json!({"inputs": [{"address": "server.request.method"}]})),
            "server.request.uri.raw",
            "own.uri",
            json!([]),
        ),
        make(
            "own-status",
            "extract_schema",
            condition(
                "!exact_match",
                json!({"inputs": [{"address": "server.response.status"}], "list": ["500", "404"]}),
            ),
            "server.request.body",
            "own.body",
            json!([{"id": "own-luhn"}, {"id": "own-word"}, {"id": "nobody"}]),
        ),
        make(
            "own-no-cookie",
            "extract_schema",
            condition(
                "!exists",
                json!({"inputs": [{"address": "server.request.cookies", "key_path": ["lang"]}]}),
            ),
            "server.request.cookies",
            "own.cookies",
            json!([{"tags": {"category": "own"}}]),
        ),
    ]
}

/// Scanners beside those of libddwaf's file.
fn own_scanners() -> Vec<Value> {
    vec![
        json!({
            "id": "own-luhn", "tags": {"type": "luhn", "category": "own"},
            "value": {
                "operator": "match_regex_with_checksum",
                "parameters": {"regex": r"\b\d{16}\b", "options": {"min_length": 16}, "checksum": "luhn"},
            },
        }),
        json!({
            "id": "own-word", "tags": {"type": "word", "category": "own"},
            "key": {"operator": "exact_match", "parameters": {"list": ["note", "Name"]}},
            "value": {
                "operator": "phrase_match",
                "parameters": {"list": ["blue", "shoe"], "options": {"enforce_word_boundary": true}},
            },
        }),
    ]
}
