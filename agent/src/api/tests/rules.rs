//! Detection rules: which run, why others don't, what each does.

use super::{desk::Ground, *};
use crate::config::Config;

#[test]
fn rules_say_whether_they_run_why_not_and_what_they_do() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("own.json");
    let own = serde_json::json!([
        {"id": "own-asn", "name": "n", "queries": [{"query": "@status:401", "groupByFields": ["client_geo.asn"]}],
         "cases": [{"status": "low", "condition": "a > 1000"}],
         "options": {"evaluationWindow": 60, "keepAlive": 60, "maxSignalDuration": 60}},
        {"id": "own-off", "name": "n", "isEnabled": false, "queries": [{"query": "@status:401"}],
         "cases": [{"status": "low", "condition": "a > 1000"}],
         "options": {"evaluationWindow": 60, "keepAlive": 60, "maxSignalDuration": 60}},
    ]);
    std::fs::write(&file, own.to_string()).expect("written");
    let config = format!("[detection]\nrules = [{file:?}]\ndisabled = [\"rate-abuse-user\"]\n");
    let config = Config::parse(&config, "t").expect("a configuration");
    let ground = Ground::of(InMemory { config, ..InMemory::default() });
    let list = ground.get("/v1/detection/rules");
    let rule = |id: &str| {
        let items = list["items"].as_array().expect("a list");
        items.iter().find(|rule| rule["id"] == id).unwrap_or_else(|| panic!("no {id}")).clone()
    };
    let mut off = 0;
    for (id, why, message) in [
        ("own-asn", "no_systems", "`asn_database` in `[geoip]`"),
        ("own-off", "not_enabled", "isEnabled"),
        ("rate-abuse-user", "disabled", "`disabled` in `[detection]`"),
        ("new-country", "no_places", "`database` in `[geoip]`"),
    ] {
        let rule = rule(id);
        assert_eq!((&rule["enabled"], &rule["off"]["why"]), (&false.into(), &why.into()), "{rule}");
        assert!(rule["off"]["message"].as_str().is_some_and(|text| text.contains(message)), "{rule}");
        assert_eq!(rule["state"], serde_json::json!({"groups": 0, "signals": 0}), "{rule}");
        off += 1;
    }
    let items = list["items"].as_array().expect("a list");
    assert_eq!(items.iter().filter(|rule| rule["enabled"] == false).count(), off);
    assert_eq!(items.iter().filter(|rule| rule["off"].is_object()).count(), off);
    assert_eq!(rule("own-off")["file"], file.display().to_string());
    // The ground's failed logins.
    let forced = rule("brute-force");
    assert_eq!(
        (&forced["file"], &forced["state"]["groups"]),
        (&serde_json::Value::Null, &1.into()),
        "{forced}"
    );
    let signals = ground.get("/v1/signals?query=rule:brute-force");
    let signals = signals["items"].as_array().expect("a list");
    assert!(!signals.is_empty(), "the ground raises it");
    assert_eq!(forced["state"]["signals"], signals.len());
    assert_eq!(
        forced["state"]["last_signal"].as_str().map(|time| time.parse::<jiff::Timestamp>().expect("a time")),
        signals[0]["last_seen"].as_str().map(|time| time.parse().expect("a time")),
    );
    let quiet = rule("web-shell");
    assert_eq!(quiet["state"], serde_json::json!({"groups": 0, "signals": 0}), "{quiet}");

    // After a reload, what the new configuration says.
    let config = Config::parse("[geoip]\nasn_database = \"a.mmdb\"\n", "t").expect("a configuration");
    ground.control.desk().reload(&config).expect("reloaded");
    let list = ground.get("/v1/detection/rules");
    let items = list["items"].as_array().expect("a list");
    assert!(items.iter().all(|rule| rule["id"] != "own-off"));
    let off: Vec<_> = items.iter().filter(|rule| rule["enabled"] == false).map(|rule| &rule["id"]).collect();
    assert_eq!(off, ["new-country"]);
}

#[test]
fn rules_that_judge_requests_are_listed_counted_and_paged() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("own.conf");
    std::fs::write(
        &file,
        "SecRule ARGS:q \"@rx evil\" \"id:77001,phase:2,deny,log,msg:'Evil',tag:'attack-sqli',tag:'paranoia-level/3'\"\n",
    )
    .expect("written");
    let config = format!(
        "[rules]\nbuiltin = false\nfiles = [{file:?}]\n[[policies]]\nname = \"strict\"\nservices = [\"shop\"]\n\
         rules = [\"default\", {file:?}]\ndisabled = [\"77001\"]\nmode = \"monitor\"\n[respond]\nenabled = true\n"
    );
    let config = Config::parse(&config, "t").expect("a configuration");
    let ground = Ground::of(InMemory { config, ..InMemory::default() });
    let own = ground.get("/v1/rules/77001");
    assert_eq!(own["policies"][0], serde_json::json!({"name": "default", "mode": "block"}), "{own}");
    assert_eq!((&own["policies"][1]["off"]["why"], &own["enabled"]), (&"disabled".into(), &true.into()));
    assert_eq!((&own["file"], &own["line"]), (&file.display().to_string().into(), &1.into()));
    assert_eq!(own["tags"]["type"], "sql_injection");
    assert!(own["text"].as_str().is_some_and(|text| text.contains("@rx evil")), "{own}");
    let picked = ground.get("/v1/rules/picket-xss-001");
    assert_eq!(picked["policies"].as_array().map(Vec::len), Some(1), "only one policy has it");
    assert!(picked["reason"].is_string() && picked["file"].is_null());

    // Every rule once, whatever the pages; hits are those of events.
    let whole = ground.get("/v1/rules?limit=1000");
    let ids = |list: &serde_json::Value| -> Vec<String> {
        let items = list["items"].as_array().expect("a list").iter();
        items.map(|rule| rule["id"].as_str().expect("an id").to_owned()).collect()
    };
    let mut paged = Vec::new();
    let mut target = "/v1/rules?limit=100".to_owned();
    loop {
        let page = ground.get(&target);
        paged.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { break };
        target = format!("/v1/rules?limit=100&cursor={next}");
    }
    assert_eq!(paged, ids(&whole));
    assert!(paged.len() > 100, "{}", paged.len());
    assert!(whole["items"].as_array().expect("a list").iter().all(|rule| rule["hits"] == 0));
    for (query, some) in [
        ("language:seclang", 1),
        ("id:77001 policy:strict blocks:true", 1),
        ("enabled:false", 0),
        ("paranoia_level:3", 1),
        ("tag:attack-sqli input:ARGS*", 1),
        ("hits:>0", 0),
    ] {
        let found = ground.get(&format!("/v1/rules?query={}", client::segment(query)));
        assert_eq!(ids(&found).len(), some, "{query}");
    }
    let counted = ground.get("/v1/rules/facets?facet=language");
    assert_eq!(counted["items"][1], serde_json::json!({"value": "seclang", "count": 1}), "{counted}");
    assert_eq!(ground.ask("GET", "/v1/rules/none", "").0, 404);
    assert_eq!(ground.ask("GET", "/v1/rules?query=tpye:x", "").0, 400);
}

#[test]
fn a_detection_rule_has_its_text() {
    let ground = Ground::new();
    for rule in ground.get("/v1/detection/rules")["items"].as_array().expect("a list") {
        let id = rule["id"].as_str().expect("an id");
        let details = ground.get(&format!("/v1/detection/rules/{id}"));
        let text: serde_json::Value =
            serde_json::from_str(details["text"].as_str().expect("a text")).expect("JSON");
        assert_eq!(text["id"], id);
        assert!(details["cases"].as_array().expect("cases").iter().all(|case| case["condition"].is_string()));
    }
    assert_eq!(ground.ask("GET", "/v1/detection/rules/none", "").0, 404);
}

#[test]
fn what_is_excluded_is_tried_kept_in_force_and_taken_back() {
    let ground = Ground::new();
    // The ground's events: `r-xss` and `r-sql_injection` in `query.q` of /search.
    let of = |rule: &str| {
        ground.get(&format!("/v1/events?limit=1000&query=@rule.id:{rule}"))["items"]
            .as_array()
            .map_or(0, Vec::len)
    };
    let (xss, sqli) = (of("r-xss"), of("r-sql_injection"));
    assert!(xss > 0 && sqli > 0);
    let before = ground.state();
    for (body, silenced) in [
        (r#"{"rules":["r-xss"]}"#, xss),
        (
            r#"{"rules":["tag:sql_injection"],"services":["shop"],"paths":["/search"],"inputs":["query.q"]}"#,
            sqli,
        ),
        (r#"{"client_ips":["203.0.113.0/24"]}"#, xss + sqli),
        (r#"{"rules":["r-xss"],"services":["other"]}"#, 0),
        (r#"{"rules":["r-xss"],"paths":["/other"]}"#, 0),
        (r#"{"rules":["r-xss"],"inputs":["query.x"]}"#, 0),
        (r#"{"rules":["r-*"],"client_ips":["10.0.0.0/8"]}"#, 0),
    ] {
        let (status, tried) = ground.ask("POST", "/v1/exclusions?dry_run=true", body);
        assert_eq!((status, &tried["past"]["silenced"]), (200, &silenced.into()), "{body}: {tried}");
        let examples = tried["past"]["examples"].as_array().expect("a list").len();
        assert_eq!(examples, silenced.min(10), "{body}");
        assert_eq!(tried["past"]["complete"], true);
    }
    assert_eq!(ground.state(), before, "a trial changes nothing");
    let (_, none) = ground.ask("POST", "/v1/exclusions?dry_run=true&from=-1m", r#"{"rules":["r-xss"]}"#);
    assert_eq!(none["past"]["looked_at"], 0, "{none}");

    let (status, made) = ground.ask(
        "POST",
        "/v1/exclusions",
        r#"{"rules":["picket-xss-001"],"services":["shop"],"reason":"by right"}"#,
    );
    assert_eq!(status, 200, "{made}");
    let id = made["exclusion"]["id"].as_str().expect("an id");
    let list = ground.get("/v1/exclusions");
    assert_eq!(list["items"][0]["id"], id);
    assert_eq!(
        (&list["items"][0]["in_force"], &list["items"][0]["origin"]),
        (&true.into(), &"manual".into())
    );
    assert!(ground.get("/v1/audit?limit=5").to_string().contains("add_exclusion"));
    pages_of_exclusions(&ground);
    // Requests are judged by it.
    let judged = |service: &str| {
        let settings = ground.control.settings();
        let policy = std::sync::Arc::clone(settings.policies.default().expect("the default"));
        let request = crate::http::exchange(
            b"GET /?q=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1\r\nHost: x\r\n\r\n",
            None,
            crate::http::Limits::default(),
        )
        .request;
        let facts = crate::rules::program::run::Facts::of_client([192, 0, 2, 1].into(), 0);
        let mut scratch = crate::rules::program::run::Scratch::default();
        scratch.serve(service);
        let (said, _) = policy.judge_request(&request, &facts, &mut scratch);
        said.matches().iter().any(|found| found.rule.id == "picket-xss-001")
    };
    let plain = judged("other");
    assert!(!judged("shop"));
    let (status, _) = ground.ask("DELETE", &format!("/v1/exclusions?id={id}"), "");
    assert_eq!(status, 200);
    assert_eq!(judged("shop"), plain);
    assert_eq!(ground.get("/v1/exclusions")["items"], serde_json::json!([]));
    assert_eq!(ground.ask("DELETE", &format!("/v1/exclusions?id={id}"), "").0, 404);
    for (body, says) in [
        ("{}", "expected what is excluded"),
        (r#"{"rules":["9-1"]}"#, "rules: "),
        (r#"{"rules":["1"],"path":["/x"]}"#, "unknown field"),
    ] {
        let (status, answer) = ground.ask("POST", "/v1/exclusions", body);
        assert_eq!(status, 400, "{answer}");
        assert!(answer.to_string().contains(says), "{body}: {answer}");
    }
}

#[test]
fn an_exclusion_that_can_t_come_into_force_is_not_kept() {
    let reload = Some(Err(ApiError::new(Code::BadRequest, "line 3 is wrong")));
    let ground = Ground::of(InMemory { reload, ..InMemory::default() });
    let (status, answer) = ground.ask("POST", "/v1/exclusions", r#"{"rules":["r-xss"]}"#);
    assert_eq!(status, 400, "{answer}");
    assert_eq!(ground.get("/v1/exclusions")["items"], serde_json::json!([]));
}

#[test]
fn a_rule_is_tried_before_it_goes_live() {
    let ground = Ground::new();
    let before = ground.state();
    let request = "GET /?q=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1\nHost: x";
    let (status, tried) = ground.ask(
        "POST",
        "/v1/rules/try",
        &serde_json::json!({"rule": "picket-xss-001", "request": request}).to_string(),
    );
    assert_eq!(status, 200, "{tried}");
    assert_eq!((&tried["rules"], &tried["matches"][0]["location"]), (&1.into(), &"query.q".into()));
    // All rules of the default policy; the same as `picket eval` reads.
    let base64 =
        base64::Engine::encode(&base64::prelude::BASE64_STANDARD, request.replace('\n', "\r\n") + "\r\n\r\n");
    let (_, all) = ground.ask(
        "POST",
        "/v1/rules/try",
        &serde_json::json!({"exchange": {"request": base64}}).to_string(),
    );
    assert!(all["rules"].as_u64() > Some(100), "{all}");
    assert_eq!(all["matches"][0]["tags"]["type"], "xss", "{all}");
    // On what is stored: 30 of 60 are logins.
    let login = "SecRule REQUEST_METHOD \"@streq POST\" \"id:9,phase:1,log\"";
    let (_, past) =
        ground.ask("POST", "/v1/rules/try", &serde_json::json!({"text": login, "past": true}).to_string());
    assert_eq!((&past["past"]["looked_at"], &past["past"]["matched"]), (&60.into(), &30.into()), "{past}");
    assert_eq!(past["past"]["complete"], true);
    let mut asked = 0;
    for (body, status, says) in [
        (serde_json::json!({"rule": "picket-xss-001"}), 400, "expected one of request"),
        (serde_json::json!({"rule": "none", "past": true}), 404, "no policy has a rule"),
        (serde_json::json!({"text": "SecRule", "past": true}), 400, "rule:1:"),
        (serde_json::json!({"text": "Include /etc/passwd", "past": true}), 400, "rule:1:"),
        (serde_json::json!({"rule": "a", "text": "b", "past": true}), 400, "not both"),
        (
            serde_json::json!({"request": "x", "event": "0193a5c2-7d00-7000-8000-000000000001"}),
            400,
            "not several",
        ),
        (serde_json::json!({"event": "0193a5c2-7d00-7000-8000-000000000001"}), 404, "there is no event"),
        (serde_json::json!({"exchange": {"request": "%%"}}), 400, "not base64"),
    ] {
        let (got, answer) = ground.ask("POST", "/v1/rules/try", &body.to_string());
        assert_eq!(got, status, "{body}: {answer}");
        assert!(answer.to_string().contains(says), "{body}: {answer}");
        asked += 1;
    }
    assert_eq!(asked, 8);
    let tokens = Tokens::of(ground.tokens.path());
    let viewer = tokens.add("v", Role::Viewer, None).expect("a token");
    let caller = Caller::Remote("203.0.113.50".parse().expect("an address"));
    let own = serde_json::json!({"text": login, "past": true}).to_string();
    let (status, _) = ground.ask_as(caller, Some(viewer.show()), "POST", "/v1/rules/try", own.as_bytes());
    assert_eq!(status, 403, "a viewer compiles nothing");
    assert_eq!(ground.state(), before);
}

#[test]
fn detection_rules_are_played_the_past_written_switched_and_forgotten() {
    let ground = Ground::new();
    let rule = serde_json::json!({"id": "own", "name": "n", "message": "m",
        "queries": [{"name": "a", "query": "@status:401", "groupByFields": ["client_ip"]}],
        "cases": [{"status": "low", "condition": "a > 5"}],
        "options": {"evaluationWindow": 600, "keepAlive": 600, "maxSignalDuration": 3600}});
    let (status, checked) = ground.ask("POST", "/v1/detection/check?past=true&from=-1d", &rule.to_string());
    assert_eq!(status, 200, "{checked}");
    assert_eq!(
        (&checked["past"]["looked_at"], &checked["past"]["signals"]),
        (&60.into(), &1.into()),
        "{checked}"
    );
    assert_eq!(checked["past"]["severities"], serde_json::json!({"low": 1}));
    let before = ground.audits();
    let own = "/v1/detection/rules/own";
    let (status, saved) = ground.ask("PUT", own, &rule.to_string());
    assert_eq!((status, &saved["own"], &saved["enabled"]), (200, &true.into(), &true.into()), "{saved}");
    let (_, off) = ground.ask("PATCH", own, r#"{"enabled":false}"#);
    assert_eq!((&off["enabled"], &off["off"]["why"]), (&false.into(), &"switched_off".into()));
    // One that comes with Picket stays what it is.
    let (_, off) = ground.ask("PATCH", "/v1/detection/rules/web-shell", r#"{"enabled":false}"#);
    assert_eq!((&off["off"]["why"], off.get("own")), (&"switched_off".into(), None), "{off}");
    let (_, on) = ground.ask("PATCH", "/v1/detection/rules/web-shell", r#"{"enabled":true}"#);
    assert_eq!(on["enabled"], true);
    assert_eq!(ground.ask("DELETE", own, "").0, 200);
    assert_eq!(ground.ask("DELETE", own, "").0, 404);
    assert_eq!(ground.audits(), before + 5, "each is in the audit");
    for (method, path, body, status, says) in [
        ("PUT", own, "{}", 400, "is missing"),
        (
            "PUT",
            "/v1/detection/rules/other",
            &*rule.to_string(),
            400,
            "expected one rule with the id `other`",
        ),
        ("PATCH", "/v1/detection/rules/none", r#"{"enabled":true}"#, 404, "there is no detection rule"),
        ("PATCH", "/v1/detection/rules/web-shell", "{}", 400, "enabled"),
        ("DELETE", "/v1/detection/rules/web-shell", "", 404, "was not written here"),
    ] {
        let (got, answer) = ground.ask(method, path, body);
        assert_eq!(got, status, "{method} {path}: {answer}");
        assert!(answer.to_string().contains(says), "{method} {path}: {answer}");
    }
}

#[test]
fn exclusions_go_along_to_another_agent() {
    let (ground, other) = (Ground::new(), Ground::new());
    let body = r#"{"rules":["picket-xss-001"],"paths":["/editor/*"]}"#;
    assert_eq!(ground.ask("POST", "/v1/exclusions", body).0, 200);
    let mut export = ground.get("/v1/export");
    assert_eq!(
        export["exclusions"],
        serde_json::json!([serde_json::from_str::<serde_json::Value>(body).expect("JSON")])
    );
    let before = other.state();
    let (_, tried) = other.ask("POST", "/v1/import?dry_run=true", &export.to_string());
    assert_eq!((&tried["exclusions"], other.state() == before), (&1.into(), true), "{tried}");
    let (status, done) = other.ask("POST", "/v1/import", &export.to_string());
    assert_eq!((status, &done["exclusions"]), (200, &1.into()), "{done}");
    assert_eq!(other.get("/v1/exclusions")["items"][0]["in_force"], true);
    let (_, again) = other.ask("POST", "/v1/import", &export.to_string());
    assert_eq!((&again["exclusions"], &again["unchanged"]), (&0.into(), &1.into()), "{again}");
    export["exclusions"] = serde_json::json!([{"rules": ["9-1"]}]);
    let (status, answer) = other.ask("POST", "/v1/import", &export.to_string());
    assert!(status == 400 && answer.to_string().contains("exclusions[0]: rules: "), "{answer}");
}

/// Pages have all exclusions, each once, and go on where one was taken away meanwhile. Those that this makes are gone
/// afterwards.
fn pages_of_exclusions(ground: &Ground) {
    let ids = |list: &serde_json::Value| -> Vec<String> {
        let items = list["items"].as_array().expect("items").iter();
        items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
    };
    let before = ids(&ground.get("/v1/exclusions"));
    for number in 0..6 {
        let body = format!(r#"{{"rules":["picket-xss-001"],"services":["of page {number}"]}}"#);
        assert_eq!(ground.ask("POST", "/v1/exclusions", &body).0, 200);
    }
    let all = ids(&ground.get("/v1/exclusions"));
    assert_eq!(all.len(), before.len() + 6);
    for limit in 1..=8 {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = ground.get(&format!("/v1/exclusions?limit={limit}{cursor}"));
            assert!((1..=limit).contains(&ids(&page).len()), "{page}");
            found.extend(ids(&page));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, all, "by {limit}");
    }
    let first = ground.get("/v1/exclusions?limit=2");
    let next = first["next"].as_str().expect("there are more");
    assert_eq!(ground.ask("DELETE", &format!("/v1/exclusions?id={}", all[0]), "").0, 200);
    let second = ground.get(&format!("/v1/exclusions?limit=2&cursor={next}"));
    assert_eq!(ids(&second), all[2..4], "the first of the page before is gone");
    for (target, expected) in [
        (format!("/v1/tokens?cursor={next}"), "another list"),
        ("/v1/exclusions?cursor=x".to_owned(), "next"),
        ("/v1/exclusions?limit=0".to_owned(), "from 1"),
    ] {
        let (status, answer) = ground.ask("GET", &target, "");
        assert_eq!((status, answer.to_string().contains(expected)), (400, true), "{target}: {answer}");
    }
    for id in all[1..].iter().filter(|id| !before.contains(id)) {
        assert_eq!(ground.ask("DELETE", &format!("/v1/exclusions?id={id}"), "").0, 200);
    }
}
