//! What is beside rules: exclusions, data, actions, overrides, outputs, processors.

use super::{Engine, Scratch, compile, engine, get, inapp, post};
use crate::rules::program::{run::Facts, verdict::Verdict};

const TIME: i64 = 1_700_000_000;

fn judged(engine: &Engine, client: [u8; 4], request: &crate::http::Request) -> Verdict {
    engine.judge(request, None, &Facts::of_client(client.into(), TIME), &mut Scratch::default())
}

fn ids(verdict: &Verdict) -> Vec<&str> {
    verdict.in_app.iter().map(|found| found.rule.id.as_str()).collect()
}

/// The example of `docs/rules.md` does what stands there.
#[test]
fn the_documentation_holds() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    let text = std::fs::read_to_string(path).unwrap();
    let example = text.split("```json in-app\n").nth(1).unwrap().split("```").next().unwrap();
    let read = inapp::read(example.as_bytes(), "docs/rules.md").unwrap();
    assert!(read.warnings.is_empty(), "{}", read.warnings);
    let set = inapp::resolve([read.file]).unwrap().set;
    let engine = compile(&set).unwrap();
    let verdict = judged(&engine, [203, 0, 113, 9], &get("/"));
    assert_eq!(ids(&verdict), ["bad-neighbours"]);
    assert_eq!(verdict.block.as_ref().unwrap().parameters["status_code"], "418");
    assert!(verdict.blocks());
    assert_eq!(ids(&judged(&engine, [198, 51, 100, 7], &get("/"))), ["bad-neighbours"], "until 2030");
    let later = Facts::of_client([198, 51, 100, 7].into(), 1_893_456_001);
    let verdict = engine.judge(&get("/"), None, &later, &mut Scratch::default());
    assert_eq!(ids(&verdict), [""; 0], "its time is over");
    assert_eq!(ids(&judged(&engine, [203, 0, 113, 9], &get("/health"))), [""; 0], "the exclusion");
    assert_eq!(ids(&judged(&engine, [192, 0, 2, 1], &get("/"))), [""; 0]);
}

fn rule(id: &str, more: &str) -> String {
    format!(
        r#"{{"id": "{id}", "name": "{id}", "tags": {{"type": "{id}"}}, "conditions": [
            {{"operator": "match_regex", "parameters": {{"regex": "evil", "inputs": [
                {{"address": "server.request.query"}}, {{"address": "server.request.body"}}]}}}}]{more}}}"#
    )
}

/// Sections of a file, a request, and what comes of it: ids that are told, the action that blocks.
#[test]
fn vectors() {
    let a = rule("a", r#", "on_match": ["block"]"#);
    let b = rule("b", "");
    let both = format!(r#""rules": [{a}, {b}]"#);
    let json = |body: &str| post("/", "application/json", body);
    let when = |id: &str, effect: &str| {
        format!(
            r#"{both}, "exclusions": [{{"id": "{id}", "conditions": [{{"operator": "exact_match", "parameters":
                {{"list": ["POST"], "inputs": [{{"address": "server.request.method"}}]}}}}], {effect}}}]"#
        )
    };
    let always = |effect: &str| format!(r#"{both}, "exclusions": [{{"id": "x", {effect}}}]"#);
    let evil = || get("/?q=evil");
    let vectors = [
        (both.clone(), evil(), "a b", "block"),
        (always(r#""rules_target": [{"rule_id": "a"}]"#), evil(), "b", ""),
        (always(r#""rules_target": [{"tags": {"type": "b"}}]"#), evil(), "a", "block"),
        (always(r#""rules_target": [{"rule_id": "a"}], "on_match": "monitor""#), evil(), "a b", ""),
        (
            format!(
                r#"{}, "actions": [{{"id": "away", "type": "redirect_request", "parameters": {{"location": "/"}}}}]"#,
                always(r#""rules_target": [{"rule_id": "a"}], "on_match": "away""#)
            ),
            evil(),
            "a b",
            "away",
        ),
        (when("x", r#""rules_target": [{"rule_id": "a"}]"#), evil(), "a b", "block"),
        (when("x", r#""rules_target": [{"rule_id": "a"}]"#), json(r#"{"q": "evil"}"#), "b", ""),
        (always(r#""inputs": [{"address": "server.request.query"}]"#), evil(), "", ""),
        (
            always(r#""inputs": [{"address": "server.request.query", "key_path": ["p"]}]"#),
            evil(),
            "a b",
            "block",
        ),
        (always(r#""inputs": [{"address": "server.request.query", "key_path": ["q"]}]"#), evil(), "", ""),
        (
            always(r#""inputs": [{"address": "server.request.body", "key_path": ["c", "*", "t"]}]"#),
            json(r#"{"c": {"1": {"t": "evil"}}}"#),
            "",
            "",
        ),
        (
            always(r#""inputs": [{"address": "server.request.body", "key_path": ["c", "*", "t"]}]"#),
            json(r#"{"c": {"1": {"u": "evil"}}}"#),
            "a b",
            "block",
        ),
        (
            always(r#""rules_target": [{"rule_id": "b"}], "inputs": [{"address": "server.request.query"}]"#),
            evil(),
            "a",
            "block",
        ),
        (when("x", r#""inputs": [{"address": "server.request.body"}]"#), json(r#"{"q": "evil"}"#), "", ""),
        (
            format!(
                r#"{both}, "rules_override": [{{"rules_target": [{{"rule_id": "a"}}], "enabled": false}}]"#
            ),
            evil(),
            "b",
            "",
        ),
        (
            format!(
                r#"{both}, "rules_override": [{{"rules_target": [{{"rule_id": "b"}}], "on_match": ["block"]}}]"#
            ),
            evil(),
            "a b",
            "block",
        ),
        (
            format!(
                r#""rules": [{}]"#,
                rule("a", r#", "output": {"event": false, "attributes": {"n": {"value": 7}}}"#)
            ),
            evil(),
            "",
            "",
        ),
    ];
    let mut ran = 0;
    for (sections, request, told, block) in vectors {
        let engine = engine(&format!(r#"{{"version": "2.2", {sections}}}"#));
        let verdict = judged(&engine, [192, 0, 2, 1], &request);
        assert_eq!(ids(&verdict).join(" "), told, "{sections}");
        let found = verdict.block.as_ref().map_or("", |action| &action.id);
        assert_eq!(found, block, "{sections}");
        ran += 1;
    }
    assert_eq!(ran, 17);
}

/// Operators on values that are no texts, and on what is not there.
#[test]
fn values_of_other_kinds() {
    let engine = |operator: &str, parameters: &str| {
        engine(&format!(
            r#"{{"version": "2.2", "rules": [{{"id": "r", "name": "r", "tags": {{"type": "t"}}, "conditions": [
                {{"operator": "{operator}", "parameters": {{"inputs": [{{"address": "server.request.body", "key_path": ["n"]}}]{parameters}}}}}]}}]}}"#
        ))
    };
    let vectors = [
        ("equals", r#", "type": "unsigned", "value": 7"#, r#"{"n": 7}"#, true),
        ("equals", r#", "type": "unsigned", "value": 7"#, r#"{"n": "7"}"#, false),
        ("equals", r#", "type": "signed", "value": -7"#, r#"{"n": -7}"#, true),
        ("equals", r#", "type": "boolean", "value": true"#, r#"{"n": true}"#, true),
        ("equals", r#", "type": "boolean", "value": true"#, r#"{"n": "true"}"#, false),
        ("equals", r#", "type": "string", "value": "true""#, r#"{"n": "true"}"#, true),
        ("equals", r#", "type": "float", "value": 1.5"#, r#"{"n": 1.505}"#, true),
        ("!equals", r#", "type": "unsigned", "value": 7"#, r#"{"n": 8}"#, true),
        ("!equals", r#", "type": "unsigned", "value": 7"#, r#"{"n": "x"}"#, false),
        ("greater_than", r#", "type": "unsigned", "value": 7"#, r#"{"n": 8}"#, true),
        ("greater_than", r#", "type": "unsigned", "value": 7"#, r#"{"n": 7}"#, false),
        ("lower_than", r#", "type": "signed", "value": 0"#, r#"{"n": -1}"#, true),
        ("exists", "", r#"{"n": {"m": []}}"#, true),
        ("exists", "", r#"{"m": 1}"#, false),
        ("!exists", "", r#"{"m": 1}"#, true),
        ("!exists", "", r#"{"n": 1}"#, false),
        ("!match_regex", r#", "regex": "^a""#, r#"{"n": "b"}"#, true),
        ("!match_regex", r#", "regex": "^a""#, r#"{"n": "ab"}"#, false),
        ("!match_regex", r#", "regex": "^a""#, r#"{"m": "b"}"#, false),
        ("!match_regex", r#", "regex": "^a""#, r#"{"n": ["b", "a"]}"#, false),
        ("match_regex", r#", "regex": "^7$""#, r#"{"n": 7}"#, true),
        ("hidden_ascii_match", "", "{\"n\": \"x\u{e0041}\u{e0042}\u{e0043}\u{e0044}\"}", true),
    ];
    let mut ran = 0;
    for (operator, parameters, body, expected) in vectors {
        let verdict =
            judged(&engine(operator, parameters), [192, 0, 2, 1], &post("/", "application/json", body));
        assert_eq!(!verdict.in_app.is_empty(), expected, "{operator} {parameters} on {body}");
        ran += 1;
    }
    assert_eq!(ran, 22);
}

/// Of what is hidden nobody can say whether it is there.
#[test]
fn what_is_hidden_neither_exists_nor_does_not() {
    let engine = |operator: &str, hidden: &str| {
        engine(&format!(
            r#"{{"version": "2.2", "rules": [{{"id": "r", "name": "r", "tags": {{"type": "t"}}, "conditions": [
                {{"operator": "{operator}", "parameters": {{"inputs": [{{"address": "server.request.body", "key_path": ["a", "b"]}}]}}}}]}}],
                "exclusions": [{{"id": "x", "inputs": [{{"address": "server.request.body", "key_path": {hidden}}}]}}]}}"#
        ))
    };
    let vectors = [
        ("exists", r#"["a"]"#, r#"{"a": {"b": 1}}"#, false),
        ("exists", r#"["a", "b"]"#, r#"{"a": {"b": 1}}"#, false),
        ("exists", r#"["a", "c"]"#, r#"{"a": {"b": 1}}"#, true),
        ("!exists", r#"["a"]"#, r#"{"a": {"c": 1}}"#, false),
        ("!exists", r#"["b"]"#, r#"{"a": {"c": 1}}"#, true),
    ];
    let mut ran = 0;
    for (operator, hidden, body, expected) in vectors {
        let verdict = judged(&engine(operator, hidden), [192, 0, 2, 1], &post("/", "application/json", body));
        assert_eq!(!verdict.in_app.is_empty(), expected, "{operator}, {hidden} hidden, on {body}");
        ran += 1;
    }
    assert_eq!(ran, 5);
}

/// Rules look at what processors make, and events carry it.
#[test]
fn tokens_and_fingerprints() {
    let text = r#"{"version": "2.2", "rules": [
        {"id": "none", "name": "JWT without a signature", "tags": {"type": "jwt"}, "conditions": [
            {"operator": "match_regex", "parameters": {"regex": "^none$", "inputs": [{"address": "server.request.jwt", "key_path": ["header", "alg"]}]}}],
         "output": {"event": true, "attributes": {"alg": {"address": "server.request.jwt", "key_path": ["header", "alg"]}, "weight": {"value": 3}}}},
        {"id": "no-end", "name": "JWT that never ends", "tags": {"type": "jwt"}, "conditions": [
            {"operator": "!exists", "parameters": {"inputs": [{"address": "server.request.jwt", "key_path": ["payload", "exp"]}]}}]}],
        "processors": [
        {"id": "p", "generator": "jwt_decode", "conditions": [], "parameters": {"mappings": [{"inputs": [{"address": "server.request.headers.no_cookies", "key_path": ["authorization"]}], "output": "server.request.jwt"}]}, "evaluate": true, "output": false},
        {"id": "f", "generator": "http_endpoint_fingerprint", "conditions": [], "parameters": {"mappings": [{"method": [{"address": "server.request.method"}], "uri_raw": [{"address": "server.request.uri.raw"}], "body": [{"address": "server.request.body"}], "query": [{"address": "server.request.query"}], "output": "_dd.appsec.fp.http.endpoint"}]}, "evaluate": false, "output": true}]}"#;
    let engine = engine(text);
    // {"alg":"none"} . {"sub":"1"}
    let request = get("/a?b=1").with("authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.");
    let verdict = judged(&engine, [192, 0, 2, 1], &request);
    assert_eq!(ids(&verdict), ["none", "no-end"]);
    assert_eq!(verdict.in_app[0].location, "jwt.header.alg");
    let written: Vec<_> = verdict.attributes.iter().map(|a| (a.name.as_str(), a.value.to_string())).collect();
    assert_eq!(written, [("alg", "\"none\"".to_owned()), ("weight", "3".to_owned())]);
    let made = engine.attributes(&request, None, &Facts::of_client([192, 0, 2, 1].into(), TIME));
    assert_eq!(made.len(), 1);
    assert!(made[0].value.as_str().unwrap().starts_with("http-get-"), "{made:?}");
    assert!(ids(&judged(&engine, [192, 0, 2, 1], &get("/"))).is_empty(), "no token, nothing is asked of it");
}

/// Rules of the response: with a value of the request and the status, and told once.
#[test]
fn responses() {
    let text = r#"{"version": "2.2", "rules": [
        {"id": "probe", "name": "probe", "tags": {"type": "t"}, "conditions": [
            {"operator": "match_regex", "parameters": {"regex": "^/\\.git", "inputs": [{"address": "server.request.uri.raw"}]}},
            {"operator": "match_regex", "parameters": {"regex": "^404$", "inputs": [{"address": "server.response.status"}]}}]},
        {"id": "either", "name": "either", "tags": {"type": "u"}, "conditions": [
            {"operator": "match_regex", "parameters": {"regex": "secret", "inputs": [{"address": "server.request.query"}, {"address": "server.response.body"}]}}]}]}"#;
    let engine = engine(text);
    let response = |status: u16, body: &str| {
        let bytes = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        crate::http::exchange(request, Some(bytes.as_bytes()), crate::http::Limits::default())
            .response
            .unwrap()
    };
    let facts = Facts::of_client([192, 0, 2, 1].into(), TIME);
    let vectors = [
        ("/.git/config", 404, "", "probe"),
        ("/.git/config", 200, "", ""),
        ("/a", 404, "", ""),
        ("/a", 200, "a secret", "either"),
        ("/a?q=secret", 200, "a secret", "either"),
        ("/a?q=secret", 200, "", "either"),
    ];
    let mut ran = 0;
    for (target, status, body, told) in vectors {
        let (request, response) = (get(target), response(status, body));
        let mut scratch = Scratch::default();
        let whole = engine.judge(&request, Some(&response), &facts, &mut scratch);
        assert_eq!(ids(&whole).join(" "), told, "{target} {status} {body}");
        let (first, saved) = engine.judge_request(&request, &facts, &mut scratch);
        assert_eq!(ids(&first).len(), usize::from(target.contains("secret")), "{target}");
        let later = engine.judge_response(&request, *saved.unwrap(), Some(&response), &mut scratch);
        assert_eq!(ids(&later).join(" "), told, "in two steps: {target} {status} {body}");
        ran += 1;
    }
    assert_eq!(ran, 6);
}
