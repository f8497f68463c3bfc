//! Rules that judge requests, written while the agent runs.

use serde_json::{Value, json};

use super::{desk::Ground, *};
use crate::{
    http,
    rules::program::run::{Facts, Scratch},
};

const OWN: &str = "/v1/rules/100001";

fn seclang(id: u32, word: &str) -> String {
    format!("SecRule ARGS \"@contains {word}\" \"id:{id},phase:2,log,msg:'Own'\"")
}

fn body(text: &str) -> String {
    json!({ "text": text }).to_string()
}

/// What holds on a request, in each policy.
fn judged(ground: &Ground, target: &str) -> Vec<Vec<String>> {
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    let request = http::exchange(request.as_bytes(), None, http::Limits::default()).request;
    let settings = ground.control.settings();
    let of = |policy: &Arc<crate::rules::policy::Policy>| {
        let facts = Facts::of_client([192, 0, 2, 1].into(), 0);
        let (said, _) = policy.judge_request(&request, &facts, &mut Scratch::default());
        said.matches().iter().map(|found| found.rule.id.clone()).collect()
    };
    settings.policies.iter().map(of).collect()
}

fn audited(ground: &Ground) -> Value {
    ground.get("/v1/audit?limit=1")["items"][0].clone()
}

#[test]
fn a_rule_is_written_judges_in_every_policy_and_goes() {
    let config = "[[policies]]\nname = \"bare\"\nservices = [\"shop\"]\nrules = []\n\
        [[policies]]\nname = \"less\"\nservices = [\"api\"]\nrules = []\n";
    let config = crate::config::Config::parse(config, "t").expect("a configuration");
    let ground = Ground::of(InMemory { config, ..InMemory::default() });
    let without = vec![Vec::<String>::new(); 3];
    assert_eq!(judged(&ground, "/?q=evil"), without);
    let before = ground.audits();
    let (status, saved) = ground.ask("PUT", OWN, &body(&seclang(100_001, "evil")));
    assert_eq!(
        (status, &saved["enabled"], &saved["kept"]["written"]),
        (200, &true.into(), &true.into()),
        "{saved}"
    );
    assert_eq!((&saved["text"], &saved["file"]), (&seclang(100_001, "evil").into(), &Value::Null));
    assert_eq!(saved["policies"].as_array().map(Vec::len), Some(3), "{saved}");
    assert_eq!(judged(&ground, "/?q=evil"), vec![vec!["100001"]; 3]);
    let audit = audited(&ground);
    assert_eq!(
        (&audit["action"], &audit["what"], &audit["before"]),
        (&"save_rule".into(), &"100001".into(), &Value::Null)
    );
    assert!(audit["after"].to_string().contains("@contains evil"), "{audit}");

    // Another text in its place.
    assert_eq!(ground.ask("PUT", OWN, &body(&seclang(100_001, "worse"))).0, 200);
    assert_eq!(judged(&ground, "/?q=evil"), without);
    assert_eq!(judged(&ground, "/?q=worse"), vec![vec!["100001"]; 3]);
    let audit = audited(&ground);
    assert!(
        audit["before"].to_string().contains("evil") && audit["after"].to_string().contains("worse"),
        "{audit}"
    );

    let (_, off) = ground.ask("PATCH", OWN, r#"{"enabled":false}"#);
    assert_eq!(
        (&off["enabled"], &off["policies"][0]["off"]["why"], &off["kept"]["off"]),
        (&false.into(), &"switched_off".into(), &true.into()),
        "{off}"
    );
    assert_eq!(judged(&ground, "/?q=worse"), without);
    assert_eq!(ground.ask("PATCH", OWN, r#"{"enabled":true}"#).0, 200);
    assert_eq!(judged(&ground, "/?q=worse"), vec![vec!["100001"]; 3]);

    // In the other language, and listed.
    let json = r#"{"id":"own-path","name":"Own","tags":{"type":"t"},"conditions":[{"operator":"phrase_match",
        "parameters":{"inputs":[{"address":"server.request.uri.raw"}],"list":["/secret"]}}]}"#;
    assert_eq!(ground.ask("PUT", "/v1/rules/own-path", &body(json)).0, 200);
    assert_eq!(judged(&ground, "/secret"), vec![vec!["own-path"]; 3]);
    let listed = ground.get("/v1/rules?query=written:true&facets=language,written");
    let ids: Vec<_> = listed["items"].as_array().expect("a list").iter().map(|rule| &rule["id"]).collect();
    assert_eq!(ids, ["100001", "own-path"]);
    assert_eq!(
        listed["facets"][0]["items"],
        json!([{"value": "in_app", "count": 1}, {"value": "seclang", "count": 1}]),
        "{listed}"
    );

    let (status, was) = ground.ask("DELETE", OWN, "");
    assert_eq!((status, &was["id"]), (200, &"100001".into()));
    assert_eq!(judged(&ground, "/?q=worse"), without);
    assert_eq!(ground.ask("GET", OWN, "").0, 404);
    assert_eq!(ground.ask("DELETE", OWN, "").0, 404);
    assert_eq!(ground.audits(), before + 6, "each is in the audit");
}

#[test]
fn a_rule_of_others_is_switched_off_and_on() {
    let ground = Ground::new();
    let attack = "/?q=%3Cscript%3Ealert(1)%3C/script%3E";
    let holds = |ground: &Ground| judged(ground, attack)[0].iter().any(|id| id == "picket-xss-001");
    let rule = "/v1/rules/picket-xss-001";
    assert!(holds(&ground));
    let (status, off) = ground.ask("PATCH", rule, r#"{"enabled":false}"#);
    assert_eq!(
        (status, &off["kept"]["written"], &off["enabled"]),
        (200, &false.into(), &false.into()),
        "{off}"
    );
    assert!(!holds(&ground));
    let (status, answer) = ground.ask("DELETE", rule, "");
    assert_eq!(status, 404, "{answer}");
    assert_eq!(ground.ask("PATCH", rule, r#"{"enabled":true}"#).0, 200);
    assert!(holds(&ground));
    assert_eq!(ground.get(rule).get("kept"), None);
}

#[test]
fn what_is_no_rule_is_refused_and_says_where() {
    let ground = Ground::new();
    let before = ground.state();
    let mut asked = 0;
    for (method, path, text, status, says) in [
        ("PUT", OWN, body("SecRule ARGS \"@rx (\" \"id:100001,phase:2\""), 400, "rule:1:"),
        ("PUT", OWN, body(&format!("\n\n{}", "SecRule ARGS \"@nope x\" \"id:100001\"")), 400, "rule:3:"),
        ("PUT", OWN, body(&seclang(7, "x")), 400, "expected one rule with the id `100001`"),
        (
            "PUT",
            OWN,
            body(&format!("{}\n{}", seclang(100_001, "x"), seclang(8, "y"))),
            400,
            "rule:2:1: expected one rule",
        ),
        ("PUT", OWN, body("Include /etc/passwd"), 400, "rule:1:"),
        ("PUT", OWN, body("SecRule ARGS \"@pmFromFile /etc/passwd\" \"id:100001,phase:2\""), 400, "no files"),
        ("PUT", OWN, body(""), 400, "expected one rule"),
        ("PUT", OWN, body(&"x".repeat(70_000)), 400, "at most 65536 bytes"),
        ("PUT", OWN, "{}".to_owned(), 400, "text"),
        ("PUT", OWN, "x".repeat(500_000), 413, "at most"),
        ("PATCH", "/v1/rules/none", r#"{"enabled":true}"#.to_owned(), 404, "no policy has a rule"),
        ("PATCH", "/v1/rules/picket-xss-001", "{}".to_owned(), 400, "enabled"),
        ("DELETE", "/v1/rules/picket-xss-001", String::new(), 404, "was not written here"),
        ("GET", "/v1/rules?facets=hots", String::new(), 400, "have no facet"),
        ("GET", "/v1/rules?facets=id,id,id,id,id,id,id,id,id", String::new(), 400, "at most 8"),
        ("POST", "/v1/rules/try", r#"{"own":true}"#.to_owned(), 400, "own goes with text"),
        ("POST", "/v1/rules/try", json!({"text": "SecRule", "own": true}).to_string(), 400, "rule:1:"),
    ] {
        let (got, answer) = ground.ask(method, path, &text);
        assert_eq!(got, status, "{method} {path} {text:.100}: {answer}");
        assert!(answer.to_string().contains(says), "{method} {path} {text:.100}: {answer}");
        asked += 1;
    }
    assert_eq!(asked, 17);
    // An id of another rule, in either language.
    let taken = r#"{"id":"picket-xss-001","name":"n","tags":{"type":"t"},"conditions":[{"operator":"is_xss",
        "parameters":{"inputs":[{"address":"server.request.query"}]}}]}"#;
    for (method, path, body) in [
        ("PUT", "/v1/rules/picket-xss-001", body(taken)),
        ("POST", "/v1/rules/try", json!({"text": taken, "own": true}).to_string()),
    ] {
        let (status, answer) = ground.ask(method, path, &body);
        assert_eq!(status, 409, "{answer}");
        assert!(answer.to_string().contains("there is a rule picket-xss-001 already"), "{answer}");
    }
    let (status, checked) =
        ground.ask("POST", "/v1/rules/try", &json!({"text": seclang(100_001, "x"), "own": true}).to_string());
    assert_eq!((status, &checked["own"], &checked["rules"]), (200, &"100001".into(), &1.into()), "{checked}");
    assert_eq!(ground.state(), before, "nothing was kept");
    assert_eq!(ground.control.rules().list().expect("rules"), []);
}

#[test]
fn what_can_t_be_put_in_force_is_not_kept() {
    let reload = Some(Err(ApiError::new(Code::BadRequest, "kept rule 100001:3:7: it is wrong")));
    let ground = Ground::of(InMemory { reload, ..InMemory::default() });
    let before = ground.audits();
    for (method, path, text) in [
        ("PUT", OWN, body(&seclang(100_001, "evil"))),
        ("PATCH", "/v1/rules/picket-xss-001", r#"{"enabled":false}"#.to_owned()),
    ] {
        let (status, answer) = ground.ask(method, path, &text);
        assert_eq!(status, 400, "{answer}");
        assert!(answer.to_string().contains("100001:3:7"), "{answer}");
    }
    assert_eq!(ground.control.rules().list().expect("rules"), []);
    assert_eq!(ground.audits(), before);
}

#[test]
fn what_people_made_goes_along_to_another_agent() {
    let (ground, other) = (Ground::new(), Ground::new());
    let detection = json!({"id": "own", "name": "n", "queries": [{"query": "@status:401"}],
        "cases": [{"status": "low", "condition": "a > 5"}],
        "options": {"evaluationWindow": 600, "keepAlive": 600, "maxSignalDuration": 3600}});
    assert_eq!(ground.ask("PUT", "/v1/detection/rules/own", &detection.to_string()).0, 200);
    assert_eq!(ground.ask("PUT", OWN, &body(&seclang(100_001, "evil"))).0, 200);
    assert_eq!(ground.ask("PATCH", "/v1/rules/picket-xss-001", r#"{"enabled":false}"#).0, 200);
    ground.control.set_modes(&[("shop".to_owned(), Mode::Off)].into(), "alice").expect("set");
    let export = ground.get("/v1/export");
    assert_eq!(export["rules"][0], json!({"id": "100001", "text": seclang(100_001, "evil")}));
    assert_eq!(export["rules"][1], json!({"id": "picket-xss-001", "off": true}));
    assert_eq!(export["modes"], json!([{"service": "shop", "mode": "off"}]));

    let before = other.state();
    let counts = |answer: &Value| {
        ["detections", "rules", "modes", "unchanged"].map(|name| answer[name].as_u64().expect("a count"))
    };
    let (_, tried) = other.ask("POST", "/v1/import?dry_run=true", &export.to_string());
    assert_eq!(counts(&tried), [1, 2, 1, 0], "{tried}");
    assert_eq!(other.state(), before, "a trial changes nothing");
    let (status, done) = other.ask("POST", "/v1/import", &export.to_string());
    assert_eq!((status, counts(&done)), (200, [1, 2, 1, 0]), "{done}");
    assert_eq!(judged(&other, "/?q=evil")[0], ["100001"]);
    assert_eq!(other.get("/v1/rules/picket-xss-001")["enabled"], false);
    assert_eq!(other.get("/v1/detection/rules/own")["own"], true);
    assert_eq!(other.get("/v1/export")["modes"], export["modes"]);
    let (_, again) = other.ask("POST", "/v1/import", &export.to_string());
    assert_eq!(counts(&again), [0, 0, 0, 4], "{again}");

    // Wrong in one place: nothing of it is taken.
    let third = Ground::new();
    let before = third.state();
    let rule = json!({"id": "7", "text": seclang(7, "x")});
    for (name, entries, says) in [
        ("rules", json!([rule, {"id": "8", "text": "SecRule ARGS"}]), "rules[1]: rule:1:"),
        (
            "rules",
            json!([rule, {"id": "8", "text": seclang(9, "x")}]),
            "rules[1]: expected one rule with the id",
        ),
        ("rules", json!([rule, rule]), "rules[1]: the id"),
        ("rules", json!([rule, {"id": "8"}]), "rules[1]: expected a text"),
        ("rules", json!([rule, {"id": "*", "off": true}]), "rules[1]: expected a text"),
        ("rules", json!([{"id": "7", "txt": ""}]), "unknown field"),
        (
            "rules",
            json!([rule, {"id": "try", "text": "{\"id\":\"try\",\"name\":\"n\",\"tags\":{\"type\":\"t\"},\"conditions\":[{\"operator\":\"is_xss\",\"parameters\":{\"inputs\":[{\"address\":\"server.request.query\"}]}}]}"}]),
            "can't be kept",
        ),
        ("detections", json!([{"id": "x", "text": "{}"}]), "detections[0]: "),
        ("modes", json!([{"service": "a", "mode": "of"}]), "unknown variant `of`"),
        ("modes", json!([{"service": "", "mode": "off"}]), "modes[0]: service"),
        ("modes", json!([{"service": "a", "mode": "off"}, {"service": "a", "mode": "off"}]), "modes[1]: "),
    ] {
        let mut export = json!({"format": 1, "rules": [rule], "modes": [{"service": "shop", "mode": "off"}]});
        export[name] = entries;
        for target in ["/v1/import?dry_run=true", "/v1/import"] {
            let (status, answer) = third.ask("POST", target, &export.to_string());
            assert_eq!(status, 400, "{export}: {answer}");
            assert!(answer.to_string().contains(says), "{export}: {answer}");
        }
    }
    assert_eq!(third.state(), before);
    assert_eq!(third.control.rules().list().expect("rules"), []);
    assert!(third.control.modes().is_empty());
}

#[test]
fn an_import_that_can_t_be_put_in_force_leaves_all_as_it_was() {
    let reload = Some(Err(ApiError::new(Code::BadRequest, "line 3 is wrong")));
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("picket.toml");
    std::fs::write(&file, "[respond]\nevents = 3\n").expect("written");
    let ground = Ground::of(InMemory { reload, config_file: Some(file.clone()), ..InMemory::default() });
    let export = json!({"format": 1, "configuration": "[respond]\nevents = 4\n",
        "rules": [{"id": "7", "text": seclang(7, "x")}], "detections": [{"id": "web-shell", "off": true}],
        "exclusions": [{"rules": ["picket-xss-001"]}], "modes": [{"service": "shop", "mode": "off"}],
        "denylist": [{"net": "198.51.100.9"}]});
    let (status, answer) = ground.ask("POST", "/v1/import", &export.to_string());
    assert_eq!(status, 400, "{answer}");
    assert_eq!(std::fs::read_to_string(&file).expect("read"), "[respond]\nevents = 3\n");
    assert_eq!(ground.control.rules().list().expect("rules"), []);
    assert_eq!(ground.control.detections().list().expect("rules"), []);
    assert_eq!(ground.get("/v1/exclusions")["items"], json!([]));
    assert!(ground.control.modes().is_empty());
    assert_eq!(ground.get("/v1/denylist")["total"], 0);
}
