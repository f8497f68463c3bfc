//! Policies over small programs and rules.

use std::{fs, sync::Arc};

use proptest::prelude::*;

use super::*;
use crate::{
    http::{self, Limits},
    rules::{
        load::{Wanted, load},
        program::run::{Facts, Scratch},
    },
};

/// Scores, a paranoia level as CRS has it, rules of request and response.
const PROGRAM: &str = r#"
SecAction "id:900000,phase:1,nolog,pass,setvar:tx.paranoia_level=1"
SecRule &TX:paranoia_level "@eq 0" "id:901120,phase:1,pass,nolog,setvar:tx.paranoia_level=1"
SecAction "id:901200,phase:1,nolog,pass,setvar:tx.anomaly_score=0"
SecRule ARGS|REQUEST_HEADERS:User-Agent "@contains evil" \
    "id:100,phase:2,pass,log,tag:'attack-sqli',tag:'paranoia-level/1',setvar:tx.anomaly_score=+5"
SecRule TX:PARANOIA_LEVEL "@lt 2" "id:101,phase:2,pass,nolog,skipAfter:END-2"
SecRule ARGS "@contains odd" "id:200,phase:2,pass,log,tag:'paranoia-level/2',setvar:tx.anomaly_score=+2"
SecMarker END-2
SecRule &ARGS:x "@ge 1" "id:300,phase:2,pass,log,tag:'count'"
SecRule QUERY_STRING "@contains whole" "id:400,phase:2,pass,log"
SecRule TX:ANOMALY_SCORE "@ge 5" "id:949110,phase:2,deny,status:403,log"
SecRule RESPONSE_STATUS|ARGS:x "@contains 500" "id:500,phase:3,pass,log"
"#;

const JSON: &str = r#"{"version": "2.2", "rules": [{"id": "own-1", "name": "Own",
  "tags": {"type": "sql_injection", "category": "attack_attempt"},
  "conditions": [{"operator": "phrase_match", "parameters": {"inputs": [
    {"address": "server.request.query"}, {"address": "server.request.body"}], "list": ["evil"]}}]}]}"#;

fn rules() -> Arc<Rules> {
    let directory = tempfile::tempdir().unwrap();
    let files = [("a.conf", PROGRAM), ("b.json", JSON)];
    let paths = files.map(|(name, text)| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    });
    Arc::new(Rules::new(load(&Wanted { paths: paths.to_vec(), ..Wanted::default() }).unwrap()))
}

fn facts(client: &str) -> Facts {
    Facts::of_client(client.parse().unwrap(), 0)
}

/// The rules that hold, `own-1 100 deny`, in the request and behind its response.
fn judged(policy: &Policy, scratch: &mut Scratch, client: &str, target: &str) -> String {
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nUser-Agent: evil\r\n\r\n");
    let exchange = http::exchange(request.as_bytes(), Some(b"HTTP/1.1 500 x\r\n\r\n"), Limits::default());
    let (said, saved) = policy.judge_request(&exchange.request, &facts(client), scratch);
    let response = exchange.response.as_ref();
    let verdict = match saved {
        Some(saved) => policy.judge_response(&exchange.request, *saved, response, scratch).unwrap(),
        None => said,
    };
    let own = verdict.in_app.iter().map(|found| found.rule.id.clone());
    let hits = verdict.hits.iter().map(|hit| hit.rule.id.to_string()).filter(|id| id != "949110");
    let deny = verdict.denied.is_some().then(|| "deny".to_owned());
    own.chain(hits).chain(deny).collect::<Vec<_>>().join(" ")
}

fn selectors(texts: &[&str]) -> Vec<Selector> {
    texts.iter().map(|text| Selector::parse(text).unwrap()).collect()
}

fn exclusion(rules: &[&str], inputs: &[&str], paths: &[&str], clients: &[&str]) -> Exclusion {
    Exclusion {
        rules: selectors(rules),
        inputs: inputs.iter().map(|text| Input::parse(text).unwrap()).collect(),
        paths: paths.iter().map(|text| Glob::new(text)).collect(),
        client_ips: clients.iter().map(|text| text.parse().unwrap()).collect(),
        ..Exclusion::default()
    }
}

#[test]
fn many_policies_over_the_same_rules() {
    let rules = rules();
    let all = "own-1 100 300 500 deny";
    type Case<'c> = (&'c str, Terms, &'c str, &'c str, &'c str);
    let with = |exclusion: Exclusion| Terms { exclusions: vec![exclusion], ..Terms::default() };
    let without = |disabled: &[&str]| Terms { disabled: selectors(disabled), ..Terms::default() };
    let level = |level| Terms { paranoia: Some(level), ..Terms::default() };
    let client = "192.0.2.1";
    let cases: Vec<Case<'_>> = vec![
        ("nothing said", Terms::default(), "/?x=evil", client, all),
        ("level 1", level(1), "/?y=odd", client, "100 500 deny"),
        ("level 2", level(2), "/?y=odd", client, "100 200 500 deny"),
        ("disabled by id", without(&["100"]), "/?x=evil", client, "own-1 300 500"),
        (
            "in both languages",
            without(&["tag:attack-sqli", "tag:sql_injection"]),
            "/?x=evil",
            client,
            "300 500",
        ),
        ("by range", without(&["100-499", "own-*"]), "/?x=evil", client, "500"),
        ("of the response", without(&["500"]), "/?x=evil", client, "own-1 100 300 deny"),
        (
            "a value",
            with(exclusion(&["100"], &["ARGS:x", "headers.user-agent"], &[], &[])),
            "/?x=evil",
            client,
            "own-1 300 500",
        ),
        ("one of several", with(exclusion(&["100"], &["ARGS:x"], &[], &[])), "/?x=evil", client, all),
        (
            "a value of all rules",
            with(exclusion(&[], &["query.x", "headers.user-agent"], &[], &[])),
            "/?x=evil",
            client,
            "500",
        ),
        (
            "the whole is another value",
            with(exclusion(&[], &["query.x"], &[], &[])),
            "/?x=whole",
            client,
            "100 400 500 deny",
        ),
        (
            "unless it is named",
            with(exclusion(&[], &["query"], &[], &[])),
            "/?x=whole",
            client,
            "100 500 deny",
        ),
        (
            "a path",
            with(exclusion(&["100", "own-1"], &[], &["/editor/*"], &[])),
            "/editor/a?x=evil",
            client,
            "300 500",
        ),
        (
            "another path",
            with(exclusion(&["100", "own-1"], &[], &["/editor/*"], &[])),
            "/?x=evil",
            client,
            all,
        ),
        (
            "a feigned path",
            with(exclusion(&["100"], &[], &["/editor/*"], &[])),
            "/editor/../?x=evil",
            client,
            all,
        ),
        (
            "a client",
            with(exclusion(&["tag:attack-sqli"], &[], &[], &["10.0.0.0/8"])),
            "/?x=evil",
            "10.1.1.1",
            "own-1 300 500",
        ),
        (
            "another client",
            with(exclusion(&["tag:attack-sqli"], &[], &[], &["10.0.0.0/8"])),
            "/?x=evil",
            client,
            all,
        ),
        ("a path as a whole", with(exclusion(&[], &[], &["/health"], &[])), "/health?x=evil", client, ""),
    ];
    let policies: Vec<Policy> = cases
        .iter()
        .map(|(name, terms, ..)| Policy::new(Some(name), Mode::Block, Arc::clone(&rules), terms.clone()))
        .collect();
    // One scratch for all, forwards and backwards: nothing of a policy stays for the next.
    let mut scratch = Scratch::default();
    let forwards = 0..cases.len();
    for at in forwards.clone().chain(forwards.rev()) {
        let (name, _, target, client, expected) = &cases[at];
        assert_eq!(judged(&policies[at], &mut scratch, client, target), *expected, "{name}");
    }
    assert_eq!(cases.len(), 18);
}

#[test]
fn a_request_is_judged_to_its_end_by_the_policy_that_began() {
    let rules = rules();
    let policy = |terms| Policy::new(None, Mode::Block, Arc::clone(&rules), terms);
    let plain = policy(Terms::default());
    let without = policy(Terms { disabled: selectors(&["500"]), ..Terms::default() });
    let mut scratch = Scratch::default();
    let exchange = http::exchange(
        b"GET /?x=1 HTTP/1.1\r\nHost: x\r\n\r\n",
        Some(b"HTTP/1.1 500 x\r\n\r\n"),
        Limits::default(),
    );
    let began = |policy: &Policy, scratch: &mut Scratch| {
        *policy.judge_request(&exchange.request, &facts("192.0.2.1"), scratch).1.unwrap()
    };
    let (first, second) = (began(&plain, &mut scratch), began(&without, &mut scratch));
    let mut ended = |policy: &Policy, saved| {
        let said = policy
            .judge_response(&exchange.request, saved, exchange.response.as_ref(), &mut scratch)
            .unwrap();
        said.hits.iter().any(|hit| hit.rule.id == 500)
    };
    // Even if the other one's overlay were laid: what was begun keeps its own.
    assert!(!ended(&plain, second));
    assert!(ended(&without, first));
}

/// A policy is small beside the rules it uses.
#[test]
fn an_overlay_removes_what_it_says() {
    let rules = rules();
    let engine = rules.engine().unwrap();
    let overlay = Overlay::new(engine, None, &selectors(&["100-499"]), &[]);
    assert_eq!(overlay.removed(), 5);
    assert!(engine.has_levels());
}

/// SecLang's own words for the same.
fn in_seclang(directives: &str) -> Policy {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.conf");
    fs::write(&path, format!("{PROGRAM}{directives}\n")).unwrap();
    let rules = Rules::new(load(&Wanted { paths: vec![path], ..Wanted::default() }).unwrap());
    Policy::new(None, Mode::Block, Arc::new(rules), Terms::default())
}

const IDS: [&str; 7] = ["100", "101", "200", "300", "400", "949110", "500"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A rule that a policy leaves out is one that `SecRuleRemoveById` takes away; a value it leaves alone is one that
    /// `SecRuleUpdateTargetById` takes away.
    #[test]
    fn what_policies_say_can_be_said_in_seclang(
        out in proptest::sample::subsequence(&IDS[..], 0..=3),
        rule in proptest::sample::select(&IDS[..]),
        member in "[xy]",
        targets in proptest::collection::vec("/(editor/)?[?][xy]=(evil|odd|whole|500)(&[xyz]=(evil|odd))?", 1..6),
    ) {
        let program = in_seclang("");
        let remove: String = out.iter().map(|id| format!("SecRuleRemoveById {id}\n")).collect();
        // A target that is out already can't be changed.
        let update = (!out.contains(&rule) && ["100", "200", "300", "500"].contains(&rule))
            .then(|| format!("SecRuleUpdateTargetById {rule} \"!ARGS:{member}\""));
        let input = format!("ARGS:{member}");
        let terms = Terms {
            disabled: selectors(&out),
            exclusions: update.iter().map(|_| exclusion(&[rule], &[&input], &[], &[])).collect(),
            ..Terms::default()
        };
        let laid = Policy::new(None, Mode::Block, Arc::clone(program.rules()), terms);
        let written = in_seclang(&format!("{remove}{}", update.unwrap_or_default()));
        let (mut one, mut other) = (Scratch::default(), Scratch::default());
        for target in &targets {
            let client = "192.0.2.1";
            prop_assert_eq!(judged(&laid, &mut one, client, target), judged(&written, &mut other, client, target));
        }
    }
}
