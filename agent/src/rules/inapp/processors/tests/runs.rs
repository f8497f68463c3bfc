//! Which processors run, when, and on what.

use serde_json::{Value, json};

use super::schemas::scanner;
use crate::http::{self, Limits, Request};
use crate::rules::inapp::object::{Facts, Key, Object, Transaction};
use crate::rules::inapp::processors::*;

fn input(address: &str, path: &[&str]) -> Input {
    let key_path = path.iter().map(|name| Key::Name((*name).to_owned())).collect();
    Input { address: address.to_owned(), key_path }
}

/// Runs before rules; events carry what it makes.
fn processor(generator: Generator, inputs: &[(&str, &[&str])], output: &str) -> Processor {
    let inputs = inputs.iter().map(|(address, path)| input(address, path)).collect();
    Processor {
        id: output.to_owned(),
        generator,
        conditions: Vec::new(),
        mappings: vec![Mapping { inputs, output: output.to_owned() }],
        scanners: Scanners::default(),
        evaluate: true,
        output: true,
    }
}

fn compile(processors: Vec<Processor>) -> Processors {
    Processors::compile(&Config { processors, scanners: Vec::new() }).expect("processors")
}

fn request() -> Request {
    let request = "GET /a?b=1 HTTP/1.1\r\nUser-Agent: x\r\nAuthorization: Bearer e30.eyJhIjoxfQ.x\r\n\r\n";
    http::exchange(request.as_bytes(), None, Limits::default()).request
}

fn made(processors: &Processors, extract_schema: bool) -> Vec<(String, Value)> {
    let request = request();
    let facts = Facts { extract_schema, ..Facts::default() };
    let mut store = Store::new(Transaction { request: &request, response: None, facts });
    let all = processors.all(&mut store);
    all.into_iter().map(|(address, object)| (address.to_owned(), object.to_json())).collect()
}

const HEADERS: &str = "server.request.headers.no_cookies";

/// A processor before rules whose object one after rules takes, wherever they stand in the file.
#[test]
fn stages() {
    let mut schema = processor(Generator::ExtractSchema, &[("jwt", &[])], "schema");
    schema.evaluate = false;
    let mut token = processor(Generator::JwtDecode, &[(HEADERS, &["authorization"])], "jwt");
    token.output = false;
    let network = processor(Generator::HttpNetworkFingerprint, &[(HEADERS, &[])], "net");
    let again = processor(Generator::HttpHeaderFingerprint, &[(HEADERS, &[])], "net");
    let processors = compile(vec![schema, token, network, again]);
    let expected = vec![
        ("net".to_owned(), json!("net-0-0000000000")),
        (
            "schema".to_owned(),
            json!([{"header": [{}], "payload": [{"a": [4]}], "signature": [{"available": [2]}]}]),
        ),
    ];
    assert_eq!(made(&processors, false), expected);

    let request = request();
    let transaction = Transaction { request: &request, response: None, facts: Facts::default() };
    let mut store = Store::new(transaction);
    assert_eq!(processors.run(Stage::AfterRules, &mut store), [], "what it takes is not made yet");
    assert!(processors.makes("jwt") && processors.makes("net") && !processors.makes("schema"));
    let payload = [Key::Name("payload".into()), Key::Name("a".into())];
    let token = processors.object("jwt", &mut store).and_then(|token| token.get(&payload));
    assert_eq!(token, Some(&Object::Unsigned(1)));
    assert_eq!(store.get("net"), None, "nobody asked for it");
    assert_eq!(processors.object("schema", &mut store), None, "for events only");
    assert_eq!(processors.object("server.request.method", &mut store), Some(&Object::String(b"GET".into())));
}

/// Nothing is made of what is not there, but for what need not be.
#[test]
fn what_is_needed() {
    type Vector = (Generator, &'static [(&'static str, &'static [&'static str])], bool);
    let vectors: [Vector; 10] = [
        (
            Generator::HttpEndpointFingerprint,
            &[("server.request.method", &[]), ("server.request.uri.raw", &[]), ("none", &[]), ("none", &[])],
            true,
        ),
        (
            Generator::HttpEndpointFingerprint,
            &[("none", &[]), ("server.request.uri.raw", &[]), ("server.request.query", &[]), ("none", &[])],
            false,
        ),
        (Generator::HttpHeaderFingerprint, &[("server.request.method", &[])], false),
        (Generator::HttpNetworkFingerprint, &[("none", &[])], false),
        (Generator::SessionFingerprint, &[("none", &[]), ("none", &[]), ("none", &[])], false),
        (
            Generator::SessionFingerprint,
            &[("none", &[]), ("none", &[]), ("server.request.method", &[])],
            true,
        ),
        (Generator::ExtractSchema, &[("none", &[])], false),
        (Generator::JwtDecode, &[(HEADERS, &["user-agent"])], false),
        (Generator::JwtDecode, &[(HEADERS, &[])], false),
        (Generator::UriParse, &[(HEADERS, &[])], false),
    ];
    for (generator, inputs, expected) in vectors {
        let processors = compile(vec![processor(generator, inputs, "made")]);
        assert_eq!(!made(&processors, false).is_empty(), expected, "{generator:?} {inputs:?}");
    }
    assert_eq!(vectors.len(), 10);
}

#[test]
fn conditions() {
    let is_true = || Operator::Equals(Scalar::Bool(true));
    let exact = |text: &str| Operator::Exact(vec![text.to_owned()]);
    let context = ("waf.context.processor", &["extract-schema"][..]);
    let method = ("server.request.method", &[][..]);
    let vectors = [
        (context, is_true(), false, true),
        (context, Operator::Equals(Scalar::Bool(false)), false, false),
        (context, is_true(), true, false),
        (context, exact("true"), true, false),
        (method, exact("GET"), false, true),
        (method, exact("GET"), true, false),
        (method, exact("PUT"), true, true),
        ((HEADERS, &[]), exact("x"), false, true),
        ((HEADERS, &["user-agent"]), exact("y"), false, false),
        ((HEADERS, &["none"]), exact("y"), true, false),
        ((HEADERS, &["user-agent"]), Operator::Exists, false, true),
        ((HEADERS, &["none"]), Operator::Exists, false, false),
        ((HEADERS, &["none"]), Operator::Exists, true, true),
        (("none", &[]), Operator::Exists, true, false),
        (("none", &[]), is_true(), true, false),
    ];
    let number = vectors.len();
    for ((address, path), operator, negated, expected) in vectors {
        let mut processor = processor(Generator::HttpNetworkFingerprint, &[(HEADERS, &[])], "net");
        let shown = format!("{address} {path:?} {operator:?} {negated}");
        processor.conditions.push(Condition { inputs: vec![input(address, path)], operator, negated });
        assert_eq!(!made(&compile(vec![processor]), true).is_empty(), expected, "{shown}");
    }
    assert_eq!(number, 15);
}

#[test]
fn errors_say_what_to_do() {
    let regex = |pattern: &str| Operator::Regex {
        pattern: pattern.into(),
        case_sensitive: false,
        min_length: 0,
        checksum: None,
    };
    let network = || processor(Generator::HttpNetworkFingerprint, &[(HEADERS, &[])], "net");
    let mut broken = network();
    broken.conditions.push(Condition { inputs: vec![input("a", &[])], operator: regex("("), negated: false });
    let unused = Processor { evaluate: false, output: false, ..network() };
    let few = processor(Generator::SessionFingerprint, &[("a", &[])], "ssn");
    let vectors = [
        (vec![broken], vec![], "processor `net`: condition 1: unclosed group: ("),
        (
            vec![unused],
            vec![],
            "processor `net` has neither `evaluate` nor `output`: set the one that is meant",
        ),
        (
            vec![few],
            vec![],
            "processor `ssn`: a mapping has 1 inputs; `session_fingerprint` takes cookies, session_id, user_id",
        ),
        (vec![], vec![scanner("s", Some("["), None)], "scanner `s`: its key: unclosed character class: ["),
        (vec![], vec![scanner("s", None, Some("(?=a)"))], "scanner `s`: its value: look-around"),
        (vec![], vec![scanner("s", None, None)], "scanner `s` has neither `key` nor `value`: give it one"),
    ];
    for (processors, scanners, says) in vectors.clone() {
        let error = Processors::compile(&Config { processors, scanners }).expect_err(says).to_string();
        assert!(error.starts_with(says), "{error}");
    }
    assert_eq!(vectors.len(), 6);
    let mut lost = network();
    lost.scanners.include.push(Reference::Id("lost".into()));
    assert_eq!(compile(vec![lost]).warnings(), ["processor `net`: no scanner has the id `lost`"]);
}

#[test]
fn generators_have_their_names() {
    for generator in Generator::ALL {
        assert_eq!(Generator::named(generator.name()), Some(generator));
    }
    assert_eq!(Generator::named("copy_data"), None);
}
