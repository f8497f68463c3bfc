//! Tests of the engine as a whole.

mod cases;
mod clean;
mod differential;
mod effects;
mod inputs;
mod plain;
mod request;
mod tls;

use request::{get, post};

use super::{
    inapp::{self, Set},
    matched::Match,
    program::{
        compile::{CompileError, compile_lenient},
        engine::Engine,
        model::Program,
        run::{Facts, Scratch},
    },
};
use crate::http::Request;

fn set(rules: &str) -> Set {
    inapp::resolve([inapp::read(rules.as_bytes(), "test.json").unwrap().file]).unwrap().set
}

fn own() -> Set {
    inapp::resolve(super::builtin().unwrap()).unwrap().set
}

fn compile(set: &Set) -> Result<Engine, CompileError> {
    let (engine, errors) = compile_lenient(&Program::default(), set, &|_, _| Err("no files".into()))?;
    errors.into_iter().next().map_or(Ok(engine), Err)
}

fn engine(rules: &str) -> Engine {
    compile(&set(rules)).unwrap()
}

fn judge(engine: &Engine, request: &Request, scratch: &mut Scratch) -> Vec<Match> {
    engine.judge(request, None, &Facts::of_client([192, 0, 2, 7].into(), 1_000), scratch).in_app
}

fn ids(engine: &Engine, request: &Request) -> Vec<String> {
    judge(engine, request, &mut Scratch::default()).iter().map(|found| found.rule.id.clone()).collect()
}

/// A rule whose conditions and transformers are given as JSON.
fn rule(id: &str, conditions: &str, transformers: &str) -> String {
    format!(
        r#"{{"id": "{id}", "name": "{id}", "tags": {{"type": "t", "category": "c"}},
            "conditions": {conditions}, "transformers": {transformers}}}"#
    )
}

fn rules(rules: &[String]) -> String {
    format!(r#"{{"version": "2.2", "rules": [{}]}}"#, rules.join(","))
}

#[test]
fn all_conditions_must_hold_and_the_first_is_reported() {
    let conditions = r#"[
        {"operator": "phrase_match", "parameters": {"inputs": [{"address": "server.request.query"}], "list": ["evil"]}},
        {"operator": "exact_match", "parameters": {"inputs": [{"address": "server.request.method"}], "list": ["POST"]}}]"#;
    let engine = engine(&rules(&[rule("a", conditions, "[]")]));
    assert!(ids(&engine, &get("/?x=evil")).is_empty());
    assert!(ids(&engine, &post("/?x=good", "", "")).is_empty());
    let mut scratch = Scratch::default();
    let found = judge(&engine, &post("/?x=so+evil+", "", ""), &mut scratch);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].location.as_str(), found[0].value.as_str()), ("query.x", "evil"));
    assert_eq!(found[0].key.as_deref(), Some("x"));
    // Conditions that held for one request say nothing about the next.
    assert!(judge(&engine, &get("/?x=evil"), &mut scratch).is_empty());
    assert_eq!(scratch.stats.transactions, 2);
}

#[test]
fn a_scratch_serves_engines_in_turn() {
    let with = |word: &str| {
        let condition = format!(
            r#"[{{"operator": "match_regex", "parameters": {{"inputs": [{{"address": "server.request.query"}}], "regex": "{word}"}}}}]"#
        );
        engine(&rules(&[rule(word, &condition, "[]"), rule("x", &condition, "[\"lowercase\"]")]))
    };
    let (one, two) = (with("one"), with("t[wv]o+"));
    let mut scratch = Scratch::default();
    for _ in 0..3 {
        assert_eq!(judge(&one, &get("/?a=one"), &mut scratch).len(), 2);
        assert_eq!(judge(&two, &get("/?a=one"), &mut scratch).len(), 0);
        assert_eq!(judge(&two, &get("/?a=two"), &mut scratch).len(), 2);
    }
}

#[test]
fn key_paths_sources_and_addresses_choose_values() {
    let condition = |input: &str| {
        format!(
            r#"[{{"operator": "exact_match", "parameters": {{"inputs": [{input}], "list": ["x", "192.0.2.7", "/p/x", "GET"]}}}}]"#
        )
    };
    let cases = [
        (r#"{"address": "server.request.query"}"#, get("/?a=x"), true),
        (r#"{"address": "server.request.query", "key_path": ["a"]}"#, get("/?a=x"), true),
        (r#"{"address": "server.request.query", "key_path": ["b"]}"#, get("/?a=x"), false),
        (r#"{"address": "server.request.query", "transformers": ["keys_only"]}"#, get("/?x=1"), true),
        (r#"{"address": "server.request.query", "transformers": ["keys_only"]}"#, get("/?a=x"), false),
        (r#"{"address": "server.request.path"}"#, get("/p/x?x"), true),
        (r#"{"address": "server.request.path"}"#, get("http://host/%70/x"), true),
        (r#"{"address": "server.request.path_params"}"#, get("/p/x/"), true),
        (r#"{"address": "server.request.query.raw"}"#, get("/?x"), true),
        (r#"{"address": "server.request.uri.raw"}"#, get("/p/x"), true),
        (r#"{"address": "server.request.method"}"#, get("/"), true),
        (r#"{"address": "http.client_ip"}"#, get("/"), true),
        (
            r#"{"address": "server.request.headers.no_cookies", "key_path": ["X-Y"]}"#,
            get("/").with("x-y", "x"),
            true,
        ),
        (
            r#"{"address": "server.request.headers.no_cookies", "key_path": ["x-z"]}"#,
            get("/").with("x-y", "x"),
            false,
        ),
        (r#"{"address": "server.request.headers.no_cookies"}"#, get("/").with("cookie", "x"), false),
        (r#"{"address": "server.request.cookies"}"#, get("/").with("Cookie", "a=1; b=\"x\""), true),
        (
            r#"{"address": "server.request.cookies", "key_path": ["b"]}"#,
            get("/").with("Cookie", "a=1; b=x"),
            true,
        ),
        (
            r#"{"address": "server.request.body", "key_path": ["user", "names", "1"]}"#,
            post("/", "application/json", r#"{"user": {"names": ["y", "x"]}}"#),
            true,
        ),
        (
            r#"{"address": "server.request.body", "key_path": ["names"]}"#,
            post("/", "application/json", r#"{"user": {"names": ["y", "x"]}}"#),
            false,
        ),
        (r#"{"address": "server.request.body.raw"}"#, post("/", "application/json", "x"), true),
    ];
    let mut ran = 0;
    for (input, request, expected) in cases {
        let engine = engine(&rules(&[rule("r", &condition(input), "[]")]));
        assert_eq!(!ids(&engine, &request).is_empty(), expected, "{input}");
        ran += 1;
    }
    assert_eq!(ran, 20);
}

#[test]
fn a_disabled_rule_is_not_compiled() {
    let text = rules(&[rule(
        "r",
        r#"[{"operator": "is_sqli", "parameters": {"inputs": [{"address": "server.request.query"}]}}]"#,
        "[]",
    )]);
    assert_eq!(engine(&text).rules(), 1);
    assert_eq!(engine(&text.replace("\"name\"", "\"enabled\": false, \"name\"")).rules(), 0);
}

#[test]
fn what_does_not_compile_is_named() {
    let condition = r#"[{"operator": "match_regex", "parameters": {"inputs": [{"address": "server.request.query"}], "regex": "(?:a{1000}){1000}"}}]"#;
    let error = compile(&set(&rules(&[rule("big", condition, "[]")]))).unwrap_err();
    assert!(error.problem.contains("larger than"), "{error}");
}

#[test]
fn builtin_rules_compile() {
    let set = own();
    let engine = compile(&set).unwrap();
    assert!(engine.rules() >= 50, "{} rules", engine.rules());
    for rule in &set.rules {
        let tags = &rule.tags;
        assert!(rule.id.starts_with("picket-"), "{}", rule.id);
        assert!(["high", "medium", "low"].contains(&tags["confidence"].as_str()), "{}", rule.id);
        assert!(
            ["attack_attempt", "security_scanner", "information_leak"].contains(&tags["category"].as_str()),
            "{}",
            rule.id
        );
    }
}
