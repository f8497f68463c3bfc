//! Detection rules, and rules that judge requests.

use super::*;

const RULE: &str = r#"{"id": "search-errors", "name": "Errors of the search", "message": "{{@client_ip}} made it fail.",
  "queries": [{"name": "errors", "query": "@path:/search* @status:>=500", "groupByFields": ["client_ip"]}],
  "cases": [{"name": "many", "status": "high", "condition": "errors > 4",
             "actions": [{"type": "block_ip", "options": {"duration": 3600}}]},
            {"name": "some", "status": "low", "condition": "errors > 2"}],
  "options": {"detectionMethod": "threshold", "evaluationWindow": 300, "keepAlive": 600, "maxSignalDuration": 3600}}"#;

const SCENARIOS: &str = r#"{"scenario": "three", "signals": [{"rule": "search-errors", "severity": "low"}]}
{"at": 0, "repeat": 3, "every": 2, "event": {"path": "/search/{n}", "status": 500}}
{"scenario": "two", "signals": []}
{"at": 0, "repeat": 2, "event": {"path": "/search", "status": 500}}
"#;

#[test]
fn detection_rules_are_checked_and_tested_offline() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("search.json", RULE);
    let here = directory.path().to_str().expect("UTF-8");
    let detection = |args: &[&str]| picket_at(None, &[&["rules", "detection"], args].concat());

    let did = detection(&["check", here]);
    assert_eq!(
        did.out, "1 detection rules work, from 1 file\n  search-errors acts: block_ip\n",
        "{}",
        did.err
    );
    let did = detection(&["test", here]);
    assert_eq!((did.exit, did.err.contains("no scenarios")), (Exit::Usage, true), "{}", did.err);
    write("scenarios/search.jsonl", SCENARIOS);
    let did = detection(&["test", here]);
    assert_eq!((did.exit, did.out.as_str(), did.err.as_str()), (Exit::Done, "2 scenarios, 0 failed\n", ""));
    write(
        "scenarios/wrong.jsonl",
        "{\"scenario\": \"five\", \"signals\": [{\"rule\": \"search-errors\", \"severity\": \"low\"}]}\n\
        {\"at\": 0, \"repeat\": 5, \"event\": {\"path\": \"/search\", \"status\": 500, \"client_ip\": \"203.0.113.7\"}}\n",
    );
    let did = detection(&["test", here]);
    assert_eq!(did.exit, Exit::Failed);
    assert_eq!(
        did.out,
        format!(
            "{here}/scenarios/wrong.jsonl: five\n  did not come: search-errors low\n  \
             not expected: search-errors high client_ip:203.0.113.7\n3 scenarios, 1 failed\n"
        )
    );
    // Of a file named, its own scenarios.
    let did = detection(&["test", Path::new(here).join("search.json").to_str().expect("UTF-8"), "--json"]);
    let told: Value = serde_json::from_str(&did.out).expect("JSON");
    assert_eq!((did.exit, &told["scenarios"], &told["never_raised"]), (Exit::Done, &json!(2), &json!([])));

    let did = detection(&["show", "search-errors", "--rules", here]);
    for line in [
        "search-errors  Errors of the search",
        "  counts       errors: count of @path:/search* @status:>=500",
        "SEVERITY  WHEN        CASE  DOES",
        "high      errors > 4  many  block_ip for 1h",
        "low       errors > 2  some  nothing",
    ] {
        assert!(did.out.lines().any(|shown| shown == line), "{line:?} in\n{}", did.out);
    }
    let did = detection(&["show", "sql-injecton"]);
    assert_eq!(
        (did.exit, did.err.contains("did you mean sql-injection?")),
        (Exit::Usage, true),
        "{}",
        did.err
    );
    let did = detection(&["list", "--rules", here]);
    let shown: Vec<_> = did.out.lines().collect();
    assert!(shown[1].starts_with("search-errors  "), "{}", did.out);
    assert_eq!((shown.len(), shown[2]), (3, format!("as {here} has it").as_str()), "{}", did.out);
    write("search.json", &RULE.replace("block_ip", "shoot"));
    let did = detection(&["check", here]);
    assert_eq!((did.exit, did.err.contains("cases[0].actions[0].type")), (Exit::Usage, true), "{}", did.err);
}

/// Which rules run is asked of the agent; without one, the configuration says it. The list says which.
#[test]
fn the_list_is_the_agents_or_the_configurations() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("picket.toml");
    fs::write(&file, "[detection]\ndisabled = [\"rate-*\"]\n[geoip]\nasn_database = \"a.mmdb\"\n")
        .expect("written");
    let file = file.to_str().expect("UTF-8");
    let agent = Agent::start();
    agent.attack();
    let has = |out: &str, line: &str| {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
        assert!(out.lines().any(|shown| words(shown).starts_with(line)), "{line:?} in\n{out}");
    };

    let did = agent.picket(&["rules", "detection", "list"]);
    assert_eq!(did.exit, Exit::Done, "{}", did.err);
    assert!(
        did.out.lines().next().is_some_and(|line| line.contains("GROUPS") && line.contains("LAST SIGNAL"))
    );
    has(
        &did.out,
        "sql-injection SQL injection attempted threshold low to medium client_ip, service 1 1 11 min ago on",
    );
    has(&did.out, "new-country Login from a new country new_value low user.id 0 0 - off");
    has(
        &did.out,
        "new-country is unavailable: it needs a GeoIP database of countries, `database` in `[geoip]`",
    );
    assert_eq!(did.out.lines().last(), Some("as the running agent has it"));
    let did = agent.picket(&["rules", "detection", "show", "sql-injection"]);
    has(&did.out, "signals 1 stored, the last 11 min ago");
    assert_eq!(did.out.lines().last(), Some("as the running agent has it"));
    assert_eq!(agent.json(&["rules", "detection", "show", "sql-injection"])["state"]["signals"], 1);
    let did = agent.picket(&["rules", "detection", "show", "new-country"]);
    has(&did.out, "new-country Login from a new country switched off");
    has(&did.out, "unavailable: it needs a GeoIP database of countries, `database` in `[geoip]`");
    let list = agent.json(&["rules", "detection", "list"]);
    assert_eq!((&list["source"], &list["next"]), (&json!("agent"), &Value::Null));
    assert!(list["items"].as_array().is_some_and(|rules| rules.len() > 25), "{list}");

    // With a file the agent is not asked.
    let did = agent.picket(&["rules", "detection", "list", "--config", file]);
    has(&did.out, "rate-abuse-user One user asks too often threshold low to medium user.id, service off");
    has(&did.out, "rate-abuse-user is switched off: `disabled` in `[detection]` names it");
    assert_eq!(did.out.lines().last(), Some(format!("as {file} has it").as_str()));

    // Without an agent it says so; an agent elsewhere has to answer.
    let nowhere = tempfile::tempdir().expect("a directory");
    let did = picket_at(Some(nowhere.path()), &["rules", "detection", "list", "--json"]);
    let list: Value = serde_json::from_str(&did.out).expect("JSON");
    assert_eq!((did.exit, &list["source"]), (Exit::Done, &json!("files")), "{}", did.err);
    let did = picket_at(Some(nowhere.path()), &["rules", "detection", "list"]);
    assert!(did.out.lines().last().is_some_and(|line| line.starts_with("no agent runs: as ")), "{}", did.out);
    let token = nowhere.path().join("token");
    fs::write(&token, "pkt_x\n").expect("written");
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port");
    let did = picket_at(
        None,
        &[
            "--api",
            &format!("http://{closed}"),
            "--token-file",
            token.to_str().expect("UTF-8"),
            "rules",
            "detection",
            "list",
        ],
    );
    assert_eq!((did.exit, did.out.as_str()), (Exit::NotRunning, ""), "{}", did.err);
    let did = agent.picket(&["rules", "detection", "list", "--config", file, "--rules", "default"]);
    assert_eq!((did.exit, did.err.contains("cannot be used with")), (Exit::Usage, true), "{}", did.err);
}

#[test]
fn a_rule_is_saved_shown_switched_removed_and_taken_along() {
    let (agent, other) = (Agent::start(), Agent::start());
    agent.attack();
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).to_str().expect("UTF-8").to_owned();
    let (file, export) = (path("own.conf"), path("all.json"));
    fs::write(&file, "SecRule REQUEST_METHOD \"@rx .\" \\\n  \"id:100001,phase:1,log,msg:'Any'\"\n")
        .expect("a file");
    let did = agent.picket(&["rules", "save", &file, "--dry-run", "--from", "-30d"]);
    assert_eq!(did.exit, Exit::Done, "{}", did.err);
    assert!(
        did.out.starts_with("100001 works\nof ") && did.out.contains("it would have matched"),
        "{}",
        did.out
    );
    assert_eq!(agent.picket(&["rules", "show", "100001"]).exit, Exit::Usage, "nothing was kept");
    let did = agent.picket(&["rules", "save", &file]);
    assert_eq!(
        (did.exit, did.out.as_str()),
        (Exit::Done, "100001 judges requests from now on\n"),
        "{}",
        did.err
    );
    let did = agent.picket(&["rules", "show", "100001"]);
    for part in ["100001 Any", "written by ", "SecRule REQUEST_METHOD \"@rx .\" \\"] {
        assert!(did.out.contains(part), "{part} in {}{}", did.out, did.err);
    }
    let did = agent.picket(&["rules", "off", "picket-xss-001"]);
    assert_eq!(did.out, "picket-xss-001 is switched off\n", "{}", did.err);
    assert_eq!(agent.json(&["rules", "list", "by:*"])["items"].as_array().map(Vec::len), Some(2));

    let did = agent.picket(&["export", &export]);
    assert!(did.out.ends_with("of the passlist, 2 exclusions, rules and modes\n"), "{}{}", did.out, did.err);
    let did = other.picket(&["import", &export]);
    assert!(did.out.contains("took over 2 rules that judge requests"), "{}{}", did.out, did.err);
    assert_eq!(other.json(&["rules", "show", "100001"])["kept"]["written"], true);

    assert_eq!(agent.picket(&["rules", "on", "picket-xss-001"]).out, "picket-xss-001 is switched on\n");
    assert_eq!(agent.picket(&["rules", "remove", "100001"]).out, "100001 is not kept any longer\n");
    let did = agent.picket(&["rules", "remove", "100001"]);
    assert_eq!((did.exit, did.err.contains("100001")), (Exit::Refused, true), "{}", did.err);
    fs::write(&file, "SecRule ARGS \"@rx (\" \"id:100001,phase:1\"\nSecRule").expect("a file");
    let did = agent.picket(&["rules", "save", &file]);
    assert_eq!((did.exit, did.err.contains("own.conf:2:")), (Exit::Usage, true), "{}", did.err);
}
