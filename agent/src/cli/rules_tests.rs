//! `picket eval` and `picket rules`, with rules and requests of their own.

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{Exit, tests::picket_at};

const RULES: &str = r#"SecAction "id:1,phase:1,nolog,pass,setvar:tx.anomaly_score=0"
SecRule ARGS "@contains evil" "id:10,phase:2,pass,log,msg:'Evil',tag:'paranoia-level/1',severity:CRITICAL,\
    setvar:tx.anomaly_score=+5"
SecRule TX:ANOMALY_SCORE "@ge 5" "id:90,phase:2,deny,status:403,log,msg:'Too much'"
"#;

fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    directory
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn line(id: u32, request: &str) -> String {
    json!({ "id": id, "client_ip": "192.0.2.1", "request": BASE64_STANDARD.encode(request) }).to_string()
}

#[test]
fn a_line_out_for_each_line_in() {
    let requests = [
        line(1, "GET /?x=good HTTP/1.1\r\nHost: x\r\n\r\n"),
        line(2, "GET /?x=evil HTTP/1.1\r\nHost: x\r\n\r\n"),
        line(3, "\u{0}\u{1}no HTTP"),
        "{\"id\": 4}".to_owned(),
        "nothing".to_owned(),
        line(6, "GET /?x=evil"),
    ];
    let files = directory(&[("rules.conf", RULES), ("requests.jsonl", &(requests.join("\n") + "\n"))]);
    let (rules, input) = (text(&files.path().join("rules.conf")), text(&files.path().join("requests.jsonl")));
    for threads in ["1", "4"] {
        let did = picket_at(None, &["eval", "--rules", &rules, "--threads", threads, &input]);
        assert_eq!(did.exit, Exit::Done, "{}", did.err);
        let out: Vec<Value> =
            did.out.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
        assert_eq!(out.len(), 6);
        let ids: Vec<&Value> = out.iter().map(|line| &line["id"]).collect();
        assert_eq!(ids, [&json!(1), &json!(2), &json!(3), &Value::Null, &Value::Null, &json!(6)]);
        assert_eq!((&out[0]["blocked"], &out[0]["matches"]), (&json!(false), &json!([])));
        assert_eq!((&out[1]["blocked"], &out[1]["score"]), (&json!(true), &json!({ "anomaly_score": 5 })));
        assert_eq!(out[1]["matches"][0]["rule"], "10");
        assert_eq!(out[1]["matches"][0]["location"], "ARGS:x");
        assert!(out[1]["us"].as_f64().is_some_and(|us| us > 0.0));
        assert!(out[3]["error"].as_str().is_some_and(|error| error.contains("line 4")), "{}", out[3]);
        assert!(out[4]["error"].as_str().is_some_and(|error| error.contains("line 5")), "{}", out[4]);
        assert_eq!(out[5]["blocked"], true, "a request that was cut off is judged as far as it goes");
        assert!(
            did.err.contains("4 requests, 3 rules") && did.err.contains("2 lines refused"),
            "{}",
            did.err
        );
    }
}

#[test]
fn rules_are_checked_shown_and_tested() {
    let cases = r#"[{"rule": "10", "matches": ["/?a=evil", {"target": "/", "headers": {"content-type":
        "application/x-www-form-urlencoded"}, "body": "x=evil"}], "clean": ["/?a=good"]}]"#;
    let files = directory(&[("rules/own.conf", RULES), ("rules/cases/own.json", cases)]);
    let rules = files.path().join("rules");
    let did = picket_at(None, &["--json", "rules", "check", &text(&rules)]);
    let report: Value = serde_json::from_str(&did.out).expect("JSON");
    assert_eq!((&report["rules"], &report["phases"]["phase 2"]), (&json!(3), &json!(2)), "{report}");
    assert_eq!(report["levels"]["paranoia level 1"], 1);

    let did = picket_at(None, &["rules", "show", "10", "--rules", &text(&rules)]);
    assert!(did.out.contains("10 Evil") && did.out.contains("@contains evil"), "{}", did.out);
    let did = picket_at(None, &["rules", "show", "11", "--rules", &text(&rules)]);
    assert_eq!(did.exit, Exit::Usage);

    let did = picket_at(None, &["rules", "test", &text(&rules)]);
    assert_eq!((did.exit, did.out.as_str()), (Exit::Done, "3 cases, 0 failed\n"));
    fs::write(rules.join("cases/own.json"), r#"[{"rule": "10", "matches": ["/?a=good"]}]"#).expect("a file");
    let did = picket_at(None, &["rules", "test", &text(&rules)]);
    assert_eq!(did.exit, Exit::Failed);
    assert!(did.out.contains("rule 10 does not hold on GET /?a=good"), "{}", did.out);
}

#[test]
fn mistakes_have_a_place() {
    let files = directory(&[
        ("operator.conf", "SecRule ARGS \"@nope x\" \"id:1\"\n"),
        ("marker.conf", "\n  SecAction \"id:1,phase:1,skipAfter:NOWHERE\"\n"),
        ("twice.conf", "SecAction \"id:1,phase:1\"\nSecAction \"id:1,phase:1\"\n"),
        ("pattern.conf", "SecRule ARGS \"@rx (a\" \"id:1\"\n"),
        ("chain.conf", "SecRule ARGS \"@rx a\" \"id:1,chain\"\n"),
        ("kind.txt", ""),
    ]);
    for (name, says) in [
        ("operator.conf", "operator.conf:1:"),
        ("marker.conf", "marker.conf:2:3"),
        ("twice.conf", "twice.conf:2:1"),
        ("pattern.conf", "pattern.conf:1:"),
        ("chain.conf", "chain.conf:1:"),
        ("kind.txt", "expected a .conf file"),
        ("missing.conf", "No such file"),
    ] {
        let did = picket_at(None, &["rules", "check", &text(&files.path().join(name))]);
        assert_eq!(did.exit, Exit::Usage, "{name}: {}", did.err);
        assert!(did.err.contains(says), "{name}: {}", did.err);
    }
    let lenient = text(&files.path().join("pattern.conf"));
    let did = picket_at(None, &["rules", "check", "--lenient", &lenient]);
    assert_eq!(did.exit, Exit::Done, "{}", did.err);
    assert!(did.out.contains("0 rules") && did.err.contains("left out: "), "{}{}", did.out, did.err);
}
