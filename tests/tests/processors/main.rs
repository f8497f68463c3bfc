//! In-App WAF's processors beside libddwaf's: the same objects, the same fingerprints, schemas and tokens.

mod config;
mod objects;
mod order;
mod requests;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use picket::http::{self, Exchange, Limits};
use picket::rules::inapp::object::{Facts, Object, Transaction};
use picket::rules::inapp::processors::{Config, Processors, Store};
use picket_tests::{
    bench::rules::random::Random,
    judge::{Ddwaf, shown},
};
use serde_json::Value;

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

/// An object as libddwaf's are shown.
fn exact(object: &Object<'_>) -> Value {
    match object {
        Object::String(text) => shown(text).into(),
        Object::Array(items) => items.iter().map(exact).collect(),
        Object::Map(entries) => {
            let entries = entries.iter().map(|(name, value)| (shown(name), exact(value)));
            entries.collect::<serde_json::Map<_, _>>().into()
        }
        scalar => scalar.to_json(),
    }
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

/// Addresses that processors take.
fn addresses(config: &Config) -> Vec<String> {
    let conditions = config.processors.iter().flat_map(|p| &p.conditions).flat_map(|c| &c.inputs);
    let mappings = config.processors.iter().flat_map(|p| &p.mappings).flat_map(|m| &m.inputs);
    let names = conditions.chain(mappings).map(|input| input.address.clone());
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Both, with the same processors and scanners.
struct Sides {
    theirs: Ddwaf,
    ours: Processors,
    /// That processors take.
    addresses: Vec<String>,
    made: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Sides {
    fn load() -> Self {
        let directory = directory();
        let rules = rules::read(&directory);
        let theirs = Ddwaf::with(&directory, rules.to_string().as_bytes()).expect("libddwaf");
        let mut config = config::read(&rules);
        order::sort(&mut config.scanners, &directory, &rules);
        let ours = Processors::compile(&config).expect("processors");
        Self { theirs, ours, addresses: addresses(&config), made: BTreeMap::new(), wrong: Vec::new() }
    }

    /// Compares what both make of a store, and notes it.
    fn compare(&mut self, name: &str, store: &mut Store<'_>) {
        let taken = self.addresses.iter();
        let objects: Vec<(String, Object<'_>)> =
            taken.filter_map(|address| Some((address.clone(), store.get(address)?.clone()))).collect();
        let theirs = self.theirs.attributes(&objects).expect("it runs");
        let ours =
            self.ours.all(store).into_iter().map(|(address, object)| (address.to_owned(), exact(&object)));
        let ours: serde_json::Map<String, Value> = ours.collect();
        let none = serde_json::Map::new();
        let theirs = theirs.as_object().unwrap_or(&none);
        for address in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
            *self.made.entry(address.clone()).or_default() += 1;
            let sides = [&ours, theirs].map(|side| side.get(address).map(sorted));
            if sides[0] != sides[1] {
                let [ours, theirs] = sides.map(|side| side.map(|value| value.to_string()));
                let objects: Vec<_> = objects.iter().map(|(name, object)| (name, object.to_json())).collect();
                self.wrong
                    .push(format!("{name}: {address}\nours   {ours:?}\ntheirs {theirs:?}\nof {objects:?}"));
            }
        }
    }

    /// `addresses` is for how many something has to have been made.
    fn end(&self, kind: &str, ran: usize, addresses: usize) {
        let Self { made, wrong, .. } = self;
        println!("{made:#?}");
        println!("PICKET-CASES kind={kind} ran={ran} failed={}", wrong.len());
        let first: Vec<&str> = wrong.iter().take(5).map(String::as_str).collect();
        assert!(wrong.is_empty(), "{} differ, the first:\n{}", wrong.len(), first.join("\n"));
        assert_eq!(made.len(), addresses, "addresses for which something was made: {made:?}");
        let least = made.values().min().copied().unwrap_or_default();
        assert!(least >= ran / 50, "one was made {least} times in {ran}: {made:?}");
    }
}

#[test]
fn of_transactions() {
    let mut sides = Sides::load();
    let mut random = Random::new(20_261_122);
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
        sides.compare(&format!("transaction {number}"), &mut Store::new(transaction));
    }
    sides.end("processors_of_transactions", TRANSACTIONS, 15);
}

#[test]
fn of_objects() {
    let mut sides = Sides::load();
    let mut random = Random::new(20_261_123);
    let request = http::exchange(b"", None, Limits::default()).request;
    let facts = Facts { extract_schema: true, ..Facts::default() };
    for number in 0..TRANSACTIONS {
        let mut store = Store::new(Transaction { request: &request, response: None, facts });
        for address in sides.addresses.iter().filter(|address| *address != "waf.context.processor") {
            store.remove(address);
        }
        for (address, object) in objects::addresses(&mut random, &sides.addresses) {
            store.insert(&address, object);
        }
        sides.compare(&format!("objects {number}"), &mut store);
    }
    // And of the two that only a service knows.
    sides.end("processors_of_objects", TRANSACTIONS, 17);
}
