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
