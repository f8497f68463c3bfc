//! Any bytes as a transaction, before In-App WAF's processors.

use std::sync::LazyLock;

use picket::http::{Body, Response};
use picket::limits::{OBJECT_DEPTH, OBJECT_ENTRIES, OBJECT_TEXT};
use picket::rules::inapp::object::{Facts, Object, Room, Transaction, read_json};
use picket::rules::inapp::processors::{
    Config, Generator, Input, Mapping, Operator, Processor, Processors, Reference, Scanner, Scanners, Store,
    jwt, uri,
};
use serde_json::Value;

use super::rules_judge::request;

/// One processor of each kind, fed with what it is for.
static PROCESSORS: LazyLock<Processors> = LazyLock::new(|| {
    let make = |generator: Generator, addresses: &[&str]| {
        let input = |address: &&str| Input { address: (*address).to_owned(), key_path: Vec::new() };
        let inputs = addresses.iter().map(input).collect();
        Processor {
            id: generator.name().to_owned(),
            generator,
            conditions: Vec::new(),
            mappings: vec![Mapping { inputs, output: generator.name().to_owned() }],
            scanners: Scanners { include: vec![Reference::Id("digits".to_owned())], exclude: Vec::new() },
            evaluate: generator != Generator::ExtractSchema,
            output: true,
        }
    };
    let regex = |pattern: &str| Operator::Regex {
        pattern: pattern.to_owned(),
        case_sensitive: false,
        min_length: 1,
        checksum: None,
    };
    let scanner = Scanner {
        id: "digits".to_owned(),
        tags: [("type".to_owned(), "digits".to_owned())].into(),
        key: Some(regex("[a-f]")),
        value: Some(regex(r"\d")),
    };
    let headers = "server.request.headers.no_cookies";
    let processors = vec![
        make(
            Generator::HttpEndpointFingerprint,
            &[
                "server.request.method",
                "server.request.uri.raw",
                "server.request.query",
                "server.request.body",
            ],
        ),
        make(Generator::HttpHeaderFingerprint, &[headers]),
        make(Generator::HttpNetworkFingerprint, &[headers]),
        make(Generator::SessionFingerprint, &["server.request.cookies", "usr.session_id", "usr.id"]),
        make(Generator::ExtractSchema, &["server.request.body"]),
        make(Generator::JwtDecode, &["server.request.body.raw"]),
        make(Generator::UriParse, &["server.request.uri.raw"]),
    ];
    Processors::compile(&Config { processors, scanners: vec![scanner] }).expect("own processors")
});

const ADDRESSES: [&str; 15] = [
    "server.request.method",
    "server.request.uri.raw",
    "server.request.path",
    "server.request.path_params",
    "server.request.query",
    "server.request.query.raw",
    "server.request.headers",
    "server.request.headers.no_cookies",
    "server.request.cookies",
    "server.request.body",
    "server.request.body.raw",
    "server.request.body.filenames",
    "server.request.body.files_content",
    "server.response.headers.no_cookies",
    "server.response.body",
];

/// Objects keep to their bounds, JSON texts become what they say, and processors make the same of the same.
pub fn run(data: &[u8]) {
    let request = request(data);
    let response = Response {
        number: 0,
        status: 200,
        headers: request.headers.clone(),
        body: Body { cut: true, ..request.body.clone() },
        anomalies: Vec::new(),
        started: 0,
        ended: 0,
    };
    let facts = Facts { extract_schema: true, ..Facts::default() };
    let transaction = Transaction { request: &request, response: Some(&response), facts };
    let mut store = Store::new(transaction);
    for address in ADDRESSES {
        if let Some(object) = store.get(address) {
            bounded(object, OBJECT_DEPTH + 1);
        }
    }
    let made = PROCESSORS.all(&mut store);
    assert!(made.len() <= Generator::ALL.len());
    for (address, object) in &made {
        assert!(object.to_json().to_string().len() <= 64 * data.len() + 512, "{address} is too long");
    }
    assert_eq!(made, PROCESSORS.all(&mut Store::new(transaction)), "the second time differs");
    for (address, object) in made.iter().filter(|(address, _)| *address != "extract_schema") {
        let mut store = Store::new(transaction);
        assert_eq!(PROCESSORS.object(address, &mut store), Some(object), "{address} alone differs");
    }
    json(&request.body.data);
    if let Some(object) = jwt::decode(data, &mut Room::default()) {
        bounded(&object, OBJECT_DEPTH + 2);
    }
    if let Some(object) = uri::parse(data, &mut Room::default()) {
        bounded(&object, 3);
    }
}

fn bounded(object: &Object<'_>, depth: usize) {
    let below = || depth.checked_sub(1).expect("too deep");
    match object {
        Object::String(text) => assert!(text.len() <= OBJECT_TEXT),
        Object::Array(items) => {
            assert!(items.len() <= OBJECT_ENTRIES);
            items.iter().for_each(|item| bounded(item, below()));
        }
        Object::Map(entries) => {
            assert!(
                entries.len() <= OBJECT_ENTRIES && entries.iter().all(|(name, _)| name.len() <= OBJECT_TEXT)
            );
            entries.iter().for_each(|(_, value)| bounded(value, below()));
        }
        _ => {}
    }
}

/// What is JSON to `serde_json` is JSON here, and the same as long as no name is there twice.
fn json(text: &[u8]) {
    let mut room = Room::default();
    let read = read_json(text, false, &mut room);
    let deep = text.iter().filter(|byte| b"[{".contains(byte)).count() > 100;
    let Ok(value) = serde_json::from_slice::<Value>(text) else {
        assert!(read.is_none() || deep, "not JSON, but read");
        return;
    };
    let read = read.expect("JSON");
    assert!(read_json(text, true, &mut Room::default()).is_some());
    if !room.cut() && !twice(&read) {
        assert_eq!(read.to_json(), value);
    }
}

fn twice(object: &Object<'_>) -> bool {
    match object {
        Object::Array(items) => items.iter().any(twice),
        Object::Map(entries) => {
            let mut names: Vec<_> = entries.iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            names.windows(2).any(|two| two[0] == two[1]) || entries.iter().any(|(_, value)| twice(value))
        }
        _ => false,
    }
}
