//! Which processors run, when, and on what.

use serde_json::{Value, json};

use super::{place, schemas::scanner};
use crate::http::{self, Limits, Request};
use crate::rules::inapp::Set;
use crate::rules::inapp::ast::{
    Address, Condition, Expected, Generator, Input, Key, List, Mapping, Operator, Processor, Reference,
    Source,
};
use crate::rules::inapp::object::{Facts, Object, Transaction};
use crate::rules::inapp::processors::{Processors, Stage, Store};

fn input(address: &str, path: &[&str]) -> Input {
    let key_path = path.iter().map(|name| Key::Name((*name).to_owned())).collect();
    Input { address: Address::named(address), key_path, source: Source::Values, transforms: Vec::new() }
}

/// Runs before rules; events carry what it makes.
fn processor(generator: Generator, inputs: &[(&str, &[&str])], output: &str) -> Processor {
    let inputs = inputs.iter().map(|(address, path)| input(address, path)).collect();
    Processor {
        id: output.into(),
        generator,
        conditions: Vec::new(),
        mappings: vec![Mapping { inputs, output: Address::named(output) }],
        scanners: Vec::new(),
        not_scanners: Vec::new(),
        evaluate: true,
        output: true,
        place: place(),
    }
}

fn compile(processors: Vec<Processor>) -> Processors {
    Processors::compile(&Set { processors, ..Set::default() }).expect("processors")
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
    let network = processor(Generator::NetworkFingerprint, &[(HEADERS, &[])], "net");
    let again = processor(Generator::HeaderFingerprint, &[(HEADERS, &[])], "net");
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
    let all = processors.all(&mut store);
    let all: Vec<_> =
        all.into_iter().map(|(address, object)| (address.to_owned(), object.to_json())).collect();
    assert_eq!(all, expected, "as if nobody had asked before");
    assert_eq!(processors.object("server.request.method", &mut store), Some(&Object::String(b"GET".into())));
}

/// Two that need each other's object, and one that needs its own.
#[test]
fn circles_end() {
    let of = |from, to| processor(Generator::UriParse, &[(from, &[])], to);
    let processors = compile(vec![of("a", "b"), of("b", "a"), of("c", "c")]);
    assert_eq!(made(&processors, false), []);
    let request = request();
    let transaction = Transaction { request: &request, response: None, facts: Facts::default() };
    for address in ["a", "b", "c"] {
        assert_eq!(processors.object(address, &mut Store::new(transaction)), None);
    }
}

/// Nothing is made of what is not there, but for what need not be.
#[test]
fn what_is_needed() {
    type Vector = (Generator, &'static [(&'static str, &'static [&'static str])], bool);
    let vectors: [Vector; 10] = [
        (
            Generator::EndpointFingerprint,
            &[("server.request.method", &[]), ("server.request.uri.raw", &[]), ("none", &[]), ("none", &[])],
            true,
        ),
        (
            Generator::EndpointFingerprint,
            &[("none", &[]), ("server.request.uri.raw", &[]), ("server.request.query", &[]), ("none", &[])],
            false,
        ),
        (Generator::HeaderFingerprint, &[("server.request.method", &[])], false),
        (Generator::NetworkFingerprint, &[("none", &[])], false),
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
    let is_true = || Operator::Equals(Expected::Boolean(true));
    let exact = |text: &str| Operator::ExactMatch(List::Here(vec![text.to_owned()]));
    let context = ("waf.context.processor", &["extract-schema"][..]);
    let method = ("server.request.method", &[][..]);
    let vectors = [
        (context, is_true(), false, true),
        (context, Operator::Equals(Expected::Boolean(false)), false, false),
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
        let mut processor = processor(Generator::NetworkFingerprint, &[(HEADERS, &[])], "net");
        let shown = format!("{address} {path:?} {operator:?} {negated}");
        processor.conditions.push(Condition {
            operator,
            negated,
            inputs: vec![input(address, path)],
            place: place(),
        });
        assert_eq!(!made(&compile(vec![processor]), true).is_empty(), expected, "{shown}");
    }
    assert_eq!(number, 15);
}

#[test]
fn errors_say_where_and_what_to_do() {
    let network = || processor(Generator::NetworkFingerprint, &[(HEADERS, &[])], "net");
    let with = |operator| {
        let condition = Condition { operator, negated: false, inputs: vec![input("a", &[])], place: place() };
        Processor { conditions: vec![condition], ..network() }
    };
    let mut scanners = vec![scanner("s", Some("a"), None)];
    scanners[0].value = Some(Operator::IsXss);
    let vectors = [
        (
            vec![with(Operator::IsSqli)],
            vec![],
            "processor `net`: `is_sqli` is for rules: ask something else here",
        ),
        (
            vec![with(Operator::IpMatch(List::Data("x".into())))],
            vec![],
            "processor `net`: `ip_match` takes no `data` here: give it a `list`",
        ),
        (vec![], scanners, "scanner `s`: its value: `is_xss` is for rules: ask something else here"),
        (
            vec![],
            vec![scanner("s", Some("(a{1000}){1000}"), None)],
            "scanner `s`: its key: compiled, it is larger than",
        ),
    ];
    let number = vectors.len();
    for (processors, scanners, says) in vectors {
        let error = Processors::compile(&Set { processors, scanners, ..Set::default() }).expect_err(says);
        assert!(error.problem.starts_with(says), "{error}");
        assert_eq!((&error.source_name[..], error.line, error.column), ("test.json", 7, 3), "{error}");
    }
    assert_eq!(number, 4);
    let mut lost = network();
    lost.scanners.push(Reference::Id("lost".into()));
    let compiled = compile(vec![lost, network()]);
    let warnings: Vec<_> = compiled.warnings().iter().map(|warning| &warning.problem[..]).collect();
    assert_eq!(warnings, ["processor `net`: no scanner has the id `lost`"]);
    assert!(!compiled.is_empty() && Processors::default().is_empty());
}
