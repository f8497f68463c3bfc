//! What is asked of events, signals, users and lists, and what is answered.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    desk::{CLIENT, EVENTS, Ground, event},
    *,
};

fn items(list: &Value) -> &Vec<Value> {
    list["items"].as_array().expect("a list")
}

fn ids(list: &Value) -> Vec<String> {
    items(list).iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn pages_have_all_events_once_though_new_ones_come() {
    let ground = Ground::new();
    let whole = ids(&ground.get("/v1/events?limit=1000"));
    assert_eq!(whole.len(), usize::try_from(EVENTS).expect("positive"));
    let mut paged = Vec::new();
    let mut target = "/v1/events?limit=7".to_owned();
    let mut pages = 0;
    loop {
        let page = ground.get(&target);
        paged.extend(ids(&page));
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        target = format!("/v1/events?limit=7&cursor={next}");
        let fields = json!({"n": 1000 + pages});
        let _ = ground
            .control
            .desk()
            .take(&event(Timestamp::now(), &fields), CLIENT.parse().expect("an address"));
        ground.flush();
    }
    assert_eq!((paged, pages), (whole, 9));
    // A cursor is one of its own list, query and time.
    let next = ground.get("/v1/events?limit=7&query=service:shop&from=-2h")["next"]
        .as_str()
        .expect("more")
        .to_owned();
    for (target, expected) in [
        (format!("/v1/events?limit=3&query=service:shop&from=-2h&cursor={next}"), 200),
        (format!("/v1/events?query=service:other&from=-2h&cursor={next}"), 400),
        (format!("/v1/events?query=service:shop&from=-3h&cursor={next}"), 400),
        (format!("/v1/signals?query=service:shop&from=-2h&cursor={next}"), 400),
        (format!("/v1/audit?cursor={next}"), 400),
        ("/v1/events?cursor=x".to_owned(), 400),
    ] {
        assert_eq!(ground.ask("GET", &target, "").0, expected, "{target}");
    }
}

#[test]
fn facets_and_timelines_count_what_lists_have() {
    let ground = Ground::new();
    for (facet, of) in [
        ("service", "events"),
        ("@rule.type", "events"),
        ("@status", "events"),
        ("user.id", "events"),
        ("@path", "events"),
        ("@host", "events"),
        ("@user_agent", "events"),
        ("@business.name", "events"),
        ("blocked", "events"),
        ("@usr.exists", "events"),
        ("@rule.tags.type", "events"),
        ("severity", "signals"),
        ("rule", "signals"),
        ("client_ip", "signals"),
        ("tags", "signals"),
        ("status", "signals"),
    ] {
        let view = ground.get(&format!("/v1/{of}/facets?facet={facet}"));
        assert!(view["complete"].as_bool().expect("a flag"), "{view}");
        let mut counted = 0;
        for entry in items(&view) {
            let value = entry["value"].to_string();
            let value = if entry["value"].is_string() { value } else { format!("\"{value}\"") };
            let query = client::segment(&format!("{facet}:{value}"));
            let listed = ground.get(&format!("/v1/{of}?limit=1000&query={query}"));
            assert_eq!(
                items(&listed).len() as u64,
                entry["count"].as_u64().expect("a count"),
                "{facet} {value}"
            );
            counted += 1;
        }
        assert!(counted > 0, "{of} have no {facet}");
    }
    for (of, names) in
        [("events", "service,@rule.type,@host,blocked"), ("signals", "severity,client_ip,status")]
    {
        let together = ground.get(&format!("/v1/{of}/facets?facets={names}&limit=3"));
        let apart = names.split(',').map(|name| ground.get(&format!("/v1/{of}/facets?facet={name}&limit=3")));
        assert_eq!(*items(&together), apart.collect::<Vec<_>>(), "{names}");
    }
    let flags = ground.get("/v1/events/facets?facet=blocked");
    assert_eq!(items(&flags)[0], json!({"value": "false", "count": EVENTS}));

    for of in ["events", "signals"] {
        let all = items(&ground.get(&format!("/v1/{of}?limit=1000"))).len() as u64;
        let by = if of == "events" { "@rule.type" } else { "severity" };
        let view = ground.get(&format!("/v1/{of}/timeline?by={by}&buckets=10&from=-2h"));
        let sum: u64 = items(&view).iter().map(|bucket| bucket["count"].as_u64().expect("a count")).sum();
        assert_eq!(sum, all, "{view}");
        assert!(view["width_seconds"].as_u64().is_some_and(|width| width >= 720), "{view}");
        assert!(items(&view).iter().any(|bucket| bucket["values"].is_object()), "{view}");
    }
}

#[test]
fn a_query_that_is_none_is_shown_where() {
    let ground = Ground::new();
    let (status, answer) = ground.ask("GET", "/v1/events?query=servce:shop", "");
    assert_eq!(status, 400);
    let error = &answer["error"];
    assert_eq!((error["code"].as_str(), error["place"]["column"].as_u64()), (Some("bad_query"), Some(1)));
    assert_eq!(error["place"]["expected"], json!(["service"]), "{answer}");
}

#[test]
fn people_decide_on_signals_and_that_is_audited() {
    let ground = Ground::new();
    let id = ground.signal();
    let (status, signal) = ground.ask(
        "PATCH",
        &format!("/v1/signals/{id}"),
        r#"{"status":"under_review","assignee":"alice","case":"SEC-7","note":"looking"}"#,
    );
    assert_eq!(status, 200, "{signal}");
    assert_eq!(
        (signal["status"].as_str(), signal["assignee"].as_str()),
        (Some("under_review"), Some("alice"))
    );
    assert_eq!(ground.get(&format!("/v1/signals/{id}"))["case"], "SEC-7");
    let (_, signal) = ground.ask("PATCH", &format!("/v1/signals/{id}"), r#"{"assignee":null}"#);
    assert_eq!((signal.get("assignee"), signal["case"].as_str()), (None, Some("SEC-7")));
    let history = ground.get(&format!("/v1/signals/{id}/history"));
    assert!(
        items(&history).iter().any(|entry| entry["who"] == "root" && entry["what"] == "status"),
        "{history}"
    );
    assert!(!items(&ground.get(&format!("/v1/signals/{id}/events"))).is_empty());

    let unknown = uuid::Uuid::from_u128(7);
    let body = json!({"ids": [id, unknown], "status": "archived", "reason": "false_positive"}).to_string();
    let (status, triaged) = ground.ask("POST", "/v1/signals/triage", &body);
    assert_eq!(status, 200);
    assert_eq!(items(&triaged)[0]["archive_reason"], "false_positive");
    assert_eq!(triaged["failed"][0]["error"]["code"], "not_found");
    let audit = ground.get("/v1/audit");
    let entry = &items(&audit)[0];
    assert_eq!((entry["who"].as_str(), entry["action"].as_str()), (Some("root"), Some("triage")));
    assert_eq!(entry["after"]["status"], "archived", "{entry}");
    let first = ground.get("/v1/audit?limit=1");
    let next = first["next"].as_str().expect("more");
    assert_eq!(items(&ground.get(&format!("/v1/audit?limit=1&cursor={next}")))[0], items(&audit)[1]);
}

#[test]
fn actors_and_users_are_summed_up() {
    let ground = Ground::new();
    assert_eq!(ground.ask("POST", "/v1/denylist", r#"{"net":"203.0.113.0/24","forever":true}"#).0, 200);
    assert_eq!(ground.ask("POST", "/v1/denylist", r#"{"user":"alice","for_seconds":60}"#).0, 200);
    let actor = ground.get(&format!("/v1/actors/{CLIENT}"));
    assert_eq!((actor["events"].as_i64(), actor["blocked"].as_bool()), (Some(EVENTS), Some(true)));
    assert_eq!((actor["passlisted"].as_bool(), &actor["users"]), (Some(false), &json!(["alice"])));
    assert_eq!(actor["types"]["sql_injection"].as_i64(), Some(20), "{actor}");
    assert!(actor["signals"].as_u64() > Some(0), "{actor}");
    assert_eq!(items(&ground.get("/v1/actors?query=@rule.type:xss"))[0]["types"], json!({"xss": 10}));
    let user = ground.get("/v1/users/alice");
    assert_eq!(
        (&user["logins"], user["blocked"].as_bool()),
        (&json!({"success": 0, "failure": 30}), Some(true)),
        "{user}"
    );
    assert_eq!(items(&ground.get("/v1/users"))[0], user);
    assert_eq!(ground.ask("GET", "/v1/users/nobody", "").0, 404);
    assert_eq!(ground.ask("GET", "/v1/actors/192.0.2.99", "").0, 404);
}

#[test]
fn what_is_exported_is_imported_whole_or_tried() {
    let directory = tempfile::tempdir().expect("directory");
    let file = directory.path().join("picket.toml");
    std::fs::write(&file, "[respond]\nevents = 3\n").expect("written");
    let ground = Ground::of(InMemory { config_file: Some(file.clone()), ..InMemory::default() });
    for body in
        [r#"{"net":"198.51.100.7","forever":true,"reason":"scans"}"#, r#"{"user":"mallory","forever":true}"#]
    {
        assert_eq!(ground.ask("POST", "/v1/denylist", body).0, 200);
    }
    assert_eq!(ground.ask("POST", "/v1/passlist", r#"{"net":"192.0.2.0/24","comment":"office"}"#).0, 200);
    let export = ground.get("/v1/export");
    assert_eq!(export["configuration"], "[respond]\nevents = 3\n");
    assert_eq!(
        (export["denylist"].as_array().map(Vec::len), export["passlist"].as_array().map(Vec::len)),
        (Some(2), Some(1))
    );

    let file_b = directory.path().join("b.toml");
    std::fs::write(&file_b, "[respond]\nevents = 5\n").expect("written");
    let other = Ground::of(InMemory { config_file: Some(file_b.clone()), ..InMemory::default() });
    let before = other.state();
    let (status, tried) = other.ask("POST", "/v1/import?dry_run=true", &export.to_string());
    assert_eq!(status, 200, "{tried}");
    assert_eq!(
        (&tried["denylist"], &tried["passlist"], &tried["configuration"]),
        (&json!(2), &json!(1), &json!(["respond.events"]))
    );
    assert_eq!(other.state(), before, "a trial changes nothing");
    let (status, done) = other.ask("POST", "/v1/import", &export.to_string());
    assert_eq!(status, 200, "{done}");
    assert_eq!((&done["denylist"], &done["passlist"], &done["refused"]), (&json!(2), &json!(1), &json!([])));
    assert_eq!(std::fs::read_to_string(&file_b).expect("read"), "[respond]\nevents = 3\n");
    let (_, again) = other.ask("POST", "/v1/import", &export.to_string());
    assert_eq!((&again["unchanged"], &again["denylist"]), (&json!(3), &json!(0)));
    // Wrong in one place: nothing of it is taken.
    let before = other.state();
    for body in [
        json!({"format": 2}),
        json!({"format": 1, "denylist": [{"net": "198.51.100.9"}, {"net": "x"}]}),
        json!({"format": 1, "denylist": [{"net": "198.51.100.9"}], "configuration": "[respond]\nevents = 0"}),
        json!({"format": 1, "passlist": [{"net": "192.0.2.1", "user": "x"}]}),
        json!({"format": 1, "passlist": [{"net": "192.0.2.1", "until": "2030-01-01T00:00:00Z"}]}),
        json!({"format": 1, "denylist": [{"net": "0.0.0.0/0"}]}),
    ] {
        let (status, answer) = other.ask("POST", "/v1/import", &body.to_string());
        assert!(matches!(status, 400 | 409), "{body}: {answer}");
    }
    assert_eq!(other.state(), before);
}

#[test]
fn completions_and_rules() {
    let ground = Ground::new();
    let found = ground.get("/v1/query/complete?q=service:shop%20@sta&at=18");
    assert!(items(&found).iter().any(|item| item["text"] == "@status:"), "{found}");
    assert_eq!(ground.ask("GET", "/v1/query/complete?q=a&at=3", "").0, 400);
    let rules = ground.get("/v1/detection/rules");
    assert!(items(&rules).len() >= 25);
    let (status, answer) = ground.ask(
        "POST",
        "/v1/detection/check",
        r#"{"id":"x","name":"x","queries":[{"query":"servce:x"}],"cases":[]}"#,
    );
    assert_eq!((status, answer["error"]["code"].as_str()), (400, Some("bad_rule")), "{answer}");
}
