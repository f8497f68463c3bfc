//! In-App WAF's processors beside libddwaf's: the same objects, the same fingerprints, schemas and tokens.

mod config;
mod order;
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use picket::http::{self, Exchange, Limits};
use picket::rules::inapp::object::{Facts, Object, Transaction};
use picket::rules::inapp::processors::{Processors, Store};
use picket_tests::{bench::rules::random::Random, judge::Ddwaf};
use serde_json::{Value, json};

/// Transactions that are compared.
const TRANSACTIONS: usize = 2000;

/// Where `cargo xtask setup` puts libddwaf and its rules.
fn directory() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").expect("a home directory")).join(".cache"),
        PathBuf::from,
    );
    let directory = cache.join("picket/wheels/ddtrace-4.16.0");
    let library = directory.join("libddwaf.so");
    assert!(library.is_file(), "{} is not there: get it with `cargo xtask setup`", library.display());
    directory
}

/// The processors and scanners of libddwaf's rules file and some of our own, and one rule, for it wants one.
fn rules(directory: &std::path::Path) -> Value {
    let text = std::fs::read(directory.join("rules.json")).expect("rules.json");
    let file: Value = serde_json::from_slice(&text).expect("JSON");
    let mut processors = file["processors"].as_array().expect("processors").clone();
    processors.extend(requests::processors());
    let mut scanners = requests::scanners();
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

/// Lists of schemas come in no order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(sorted).collect();
            if items.iter().all(Value::is_array) {
                items.sort_by_key(ToString::to_string);
            }
            items.into()
        }
        Value::Object(entries) => entries
            .iter()
            .map(|(name, value)| (name.clone(), sorted(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// Addresses that processors take and that are seen from outside.
fn addresses(rules: &Value) -> BTreeSet<String> {
    let config = config::read(rules);
    let conditions = config.processors.iter().flat_map(|p| &p.conditions).flat_map(|c| &c.inputs);
    let mappings = config.processors.iter().flat_map(|p| &p.mappings).flat_map(|m| &m.inputs);
    conditions.chain(mappings).map(|input| input.address.clone()).collect()
}

#[test]
fn the_same_is_made_of_the_same() {
    let directory = directory();
    let rules = rules(&directory);
    let theirs = Ddwaf::with(&directory, rules.to_string().as_bytes()).expect("libddwaf");
    let mut config = config::read(&rules);
    order::sort(&mut config.scanners, &directory, &rules);
    let ours = Processors::compile(&config).expect("processors");
    let addresses = addresses(&rules);
    let mut random = Random::new(20_261_122);
    let mut made = BTreeMap::<String, usize>::new();
    let mut wrong = Vec::new();
    for number in 0..TRANSACTIONS {
        let (request, response) = requests::exchange(&mut random);
        let Exchange { request, response } = http::exchange(&request, Some(&response), Limits::default());
        let facts = Facts {
            client_ip: None,
            user_id: random.percent(30).then_some(&b"Admin"[..]),
            session_id: random.percent(30).then_some(&b"ansd0182u2n"[..]),
            extract_schema: random.percent(80),
        };
        let transaction = Transaction { request: &request, response: response.as_ref(), facts };
        let mut store = Store::new(transaction);
        let objects: Vec<(String, Object<'_>)> = addresses
            .iter()
            .filter_map(|address| Some((address.clone(), store.get(address)?.clone())))
            .collect();
        let theirs = theirs.attributes(&objects).expect("it runs");
        let ours: serde_json::Map<_, _> = ours
            .all(transaction)
            .0
            .iter()
            .map(|(address, object)| ((*address).to_owned(), object.to_json()))
            .collect();
        for address in ours.keys() {
            *made.entry(address.clone()).or_default() += 1;
        }
        let theirs = theirs.as_object().expect("a map");
        for address in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
            let sides = [&ours, theirs].map(|side| side.get(address).map(sorted));
            if sides[0] != sides[1] {
                let [ours, theirs] = sides.map(|side| side.map(|value| value.to_string()));
                wrong.push(format!("{number}: {address}\nours   {ours:?}\ntheirs {theirs:?}"));
            }
        }
    }
    println!("made: {made:#?}");
    println!("PICKET-CASES kind=processors ran={TRANSACTIONS} failed={}", wrong.len());
    assert!(
        wrong.is_empty(),
        "{} differ, the first:\n{}",
        wrong.len(),
        wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n")
    );
    let least = made.values().min().copied().unwrap_or_default();
    assert!(made.len() == 14 && least >= TRANSACTIONS / 20, "too little was made: {made:?}");
}
