use serde_json::{Value, json};

use super::*;

fn rule() -> Value {
    json!({
        "name": "Many errors", "message": "{{@client_ip}}: {{events_matched}}", "isEnabled": true, "tags": ["env:prod"],
        "type": "application_security",
        "queries": [
            {"query": "@status:500", "aggregation": "count", "groupByFields": ["@http.client_ip"], "distinctFields": [], "metric": ""},
            {"name": "warnings", "query": "@status:404", "groupByFields": ["client_ip"]},
        ],
        "cases": [{"name": "", "status": "high", "condition": "a > 3 && warnings > 1", "notifications": ["@slack-x"],
            "actions": [{"type": "block_ip", "options": {"duration": 900}}, {"type": "flag_ip"}]}],
        "options": {"evaluationWindow": 300, "keepAlive": 600, "maxSignalDuration": 900},
        "filters": [{"action": "suppress", "query": "client_ip:192.0.2.1"}],
    })
}

fn read_value(value: &Value) -> Result<Vec<Rule>, RuleError> {
    read(value.to_string().as_bytes(), "x.json")
}

/// A copy with the value at a JSON pointer replaced; objects and lists on the way are made.
fn with(pointer: &str, value: Value) -> Value {
    let mut rule = rule();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = rule.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"));
    match parent {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        other => other[key] = value,
    }
    rule
}

#[test]
fn a_rule() {
    let rules = read_value(&rule()).unwrap();
    let [rule] = rules.as_slice() else { panic!("{rules:?}") };
    assert_eq!((&*rule.id, rule.name.source(), rule.enabled), ("many-errors", "Many errors", true));
    assert_eq!((rule.window, rule.keep_alive, rule.max_duration), (300, 600, 900));
    assert_eq!(rule.queries.iter().map(|query| &*query.name).collect::<Vec<_>>(), ["a", "warnings"]);
    assert_eq!(rule.queries[0].group_by, [std::sync::Arc::from("client_ip")]);
    assert_eq!(rule.queries[0].aggregation, Aggregation::Count);
    let actions = [(ActionKind::BlockIp, 900), (ActionKind::FlagIp, 0)];
    assert_eq!(rule.cases[0].actions, actions.map(|(kind, duration)| Action { kind, duration }));
    assert_eq!((rule.cases[0].severity, rule.filters[0].require), (Severity::High, false));
    assert!(rule.cases[0].condition.holds(&[4.0, 2.0]) && !rule.cases[0].condition.holds(&[4.0, 1.0]));
}

#[test]
fn lists_and_sets() {
    let mut other = rule();
    other["id"] = "other".into();
    assert_eq!(read_value(&json!([rule(), other])).unwrap().len(), 2);
    assert_eq!(read_value(&json!({"rules": [rule(), other]})).unwrap().len(), 2);
    let error = read_value(&json!([rule(), rule()])).unwrap_err();
    assert_eq!(error.to_string(), "x.json: [1]: the id `many-errors` stands twice");
    let error = read(b"{\"name\": ", "x.json").unwrap_err();
    assert!(error.to_string().starts_with("x.json: line 1 column 9: this is not JSON"), "{error}");
}

/// What says nothing to Picket, or nothing at all, is taken.
#[test]
fn harmless() {
    let vectors = [
        ("/createdAt", json!(1_700_000_000)),
        ("/creator", json!({"handle": "ada"})),
        ("/version", json!(3)),
        ("/isDefault", json!(true)),
        ("/hasExtendedTitle", json!(true)),
        ("/calculatedFields", json!([])),
        ("/referenceTables", Value::Null),
        ("/groupSignalsBy", json!(["client_ip"])),
        ("/queries/0/index", json!("")),
        ("/queries/0/indexes", json!([])),
        ("/queries/0/dataSource", json!("logs")),
        ("/options/detectionMethod", json!("threshold")),
        ("/options/decreaseCriticalityBasedOnEnv", json!(false)),
        ("/options/newValueOptions", json!({})),
        ("/options/evaluationWindow", json!(0)),
        ("/cases/0/customStatus", Value::Null),
        ("/id", json!("abc-def-ghi")),
    ];
    for (pointer, value) in &vectors {
        assert!(
            read_value(&with(pointer, value.clone())).is_ok(),
            "{pointer}: {:?}",
            read_value(&with(pointer, value.clone()))
        );
    }
    assert_eq!(vectors.len(), 17);
}

/// Everything else is refused, and the place is named.
#[test]
fn refused() {
    let two = json!([{"query": "@status:500", "groupByFields": ["client_ip"]}, {"query": "*", "groupByFields": []}]);
    let steps = |steps: Value, transitions: Value| json!({"steps": steps, "stepTransitions": transitions});
    let step = |name: &str| json!({"name": name, "condition": "a > 0", "evaluationWindow": 60});
    let follows =
        |parent: &str, child: &str| json!({"parent": parent, "child": child, "evaluationWindow": 60});
    let sequence = |value: Value| json!({"keepAlive": 1, "maxSignalDuration": 1, "detectionMethod": "sequence_detection", "sequenceDetectionOptions": value});
    let method = |name: &str, key: &str, value: Value| json!({"keepAlive": 1, "maxSignalDuration": 1, "detectionMethod": name, key: value});
    let vectors: Vec<(&str, Value, &str, &str)> = vec![
        ("/name", Value::Null, "name", "is missing"),
        ("/name", json!(5), "name", "expected a text, not 5"),
        ("/name", json!(" "), "name", "is empty"),
        ("/name", json!("{{x"), "name", "`}}` is missing"),
        ("/message", json!("{{eval \"1\"}}"), "message", "not supported"),
        ("/id", json!("a b"), "id", "letters, digits"),
        ("/isEnabled", json!("yes"), "isEnabled", "true or false"),
        ("/isenabled", json!(true), "isenabled", "did you mean `isEnabled`?"),
        ("/nonsense", json!(true), "nonsense", "known are id, name"),
        ("/type", json!("workload_security"), "type", "expected one of application_security"),
        ("/tags", json!([1]), "tags[0]", "expected a text"),
        ("/calculatedFields", json!([{"name": "x"}]), "calculatedFields", "is not supported"),
        ("/schedulingOptions", json!({"rrule": "x"}), "schedulingOptions", "leave it out"),
        ("/groupSignalsBy", json!(["service"]), "groupSignalsBy[0]", "groupByFields"),
        ("/queries", json!([]), "queries", "at least one query"),
        ("/queries", two, "queries[1].groupByFields", "joined"),
        ("/queries/0/query", Value::Null, "queries[0].query", "is missing"),
        ("/queries/0/query", json!("@status:abc"), "queries[0].query", "@status"),
        (
            "/queries/0/query",
            json!("@appsec.event_rules.x:1"),
            "queries[0].query",
            "no facet `@appsec.event_rules.x`",
        ),
        ("/queries/0/query", json!("(a"), "queries[0].query", ""),
        ("/queries/0/name", json!("a b"), "queries[0].name", "letters, digits"),
        ("/queries/0/name", json!("warnings"), "queries[1]", "stands twice"),
        (
            "/queries/0/aggregation",
            json!("median"),
            "queries[0].aggregation",
            "count, cardinality, sum, max, new_value",
        ),
        ("/queries/0/aggregation", json!("cardinality"), "queries[0].distinctFields", "is missing"),
        ("/queries/0/aggregation", json!("sum"), "queries[0].metric", "is missing"),
        ("/queries/0/aggregation", json!("new_value"), "queries[0].metrics", "is missing"),
        (
            "/queries/0/groupByFields",
            json!(["clientip"]),
            "queries[0].groupByFields[0]",
            "did you mean `client_ip`?",
        ),
        (
            "/queries/0/groupByFields",
            json!(["@network.destination.ip"]),
            "queries[0].groupByFields[0]",
            "no facet",
        ),
        (
            "/queries/0/customQueryExtension",
            json!("x"),
            "queries[0].customQueryExtension",
            "write it into `query`",
        ),
        ("/queries/0/ruleId", json!("x"), "queries[0].ruleId", "is not supported"),
        ("/queries/0/dataSource", json!("audit"), "queries[0].dataSource", "expected one of"),
        ("/cases", json!([]), "cases", "at least one case"),
        ("/cases/0/status", json!("urgent"), "cases[0].status", "info, low, medium, high, critical"),
        ("/cases/0/condition", json!("a >"), "cases[0].condition", "column 4"),
        ("/cases/0/condition", json!("b > 1"), "cases[0].condition", "the names here are `a`, `warnings`"),
        ("/cases/0/condition", json!(""), "cases[0]", "`condition` is empty"),
        ("/cases/0/customStatus", json!("x"), "cases[0].customStatus", "is not supported"),
        (
            "/cases/0/actions/0/type",
            json!("user_behavior"),
            "cases[0].actions[0].type",
            "block_ip, block_user, flag_ip",
        ),
        (
            "/cases/0/actions/0/options/duration",
            json!(-1),
            "cases[0].actions[0].options.duration",
            "whole number",
        ),
        (
            "/cases/0/actions/0/options/userBehaviorName",
            json!("x"),
            "cases[0].actions[0].options.userBehaviorName",
            "is not supported",
        ),
        ("/options", Value::Null, "options", "is missing"),
        ("/options/evaluationWindow", Value::Null, "options.evaluationWindow", "is missing"),
        ("/options/evaluationWindow", json!(601), "options.keepAlive", "shorter than evaluationWindow"),
        ("/options/keepAlive", json!(901), "options.maxSignalDuration", "shorter than keepAlive"),
        ("/options/keepAlive", json!(1.5), "options.keepAlive", "whole number"),
        (
            "/options/detectionMethod",
            json!("impossible_travel"),
            "options.detectionMethod",
            "threshold, new_value",
        ),
        (
            "/options/impossibleTravelOptions",
            json!({"baselineUserLocations": true}),
            "options.impossibleTravelOptions",
            "new_value over",
        ),
        ("/options/newValueOptions", json!({"forgetAfter": 7}), "options.newValueOptions", "no query"),
        ("/options", method("new_value", "newValueOptions", json!({})), "queries", "aggregation new_value"),
        (
            "/options",
            method("new_value", "newValueOptions", json!({"forgetAfter": 99})),
            "queries",
            "aggregation new_value",
        ),
        (
            "/options",
            method("anomaly_detection", "anomalyDetectionOptions", json!({"instantaneousBaseline": true})),
            "options.anomalyDetectionOptions.instantaneousBaseline",
            "is not supported",
        ),
        (
            "/options",
            method("anomaly_detection", "anomalyDetectionOptions", json!({"detectionTolerance": 9})),
            "options.anomalyDetectionOptions.detectionTolerance",
            "0 to 5",
        ),
        (
            "/options",
            method("anomaly_detection", "anomalyDetectionOptions", json!({"learningDuration": 0})),
            "options.anomalyDetectionOptions",
            "eight buckets",
        ),
        (
            "/options",
            sequence(steps(json!([step("x")]), json!([]))),
            "options.sequenceDetectionOptions.steps",
            "at least two",
        ),
        (
            "/options",
            sequence(steps(json!([step("x"), step("x")]), json!([]))),
            "options.sequenceDetectionOptions.steps[1].name",
            "no other step",
        ),
        (
            "/options",
            sequence(steps(json!([step("x"), step("y")]), json!([]))),
            "options.sequenceDetectionOptions.stepTransitions",
            "is empty",
        ),
        (
            "/options",
            sequence(steps(json!([step("x"), step("y")]), json!([follows("x", "z")]))),
            "options.sequenceDetectionOptions.stepTransitions[0].child",
            "no step `z`",
        ),
        (
            "/options",
            sequence(steps(json!([step("x"), step("y")]), json!([follows("x", "y"), follows("y", "x")]))),
            "options.sequenceDetectionOptions.stepTransitions",
            "circle",
        ),
        ("/filters/0/action", json!("drop"), "filters[0].action", "require, suppress"),
        ("/filters/0/query", json!("client_ip:foo"), "filters[0].query", "client_ip"),
    ];
    let count = vectors.len();
    for (pointer, value, path, part) in vectors {
        let read = read_value(&with(pointer, value.clone()));
        let error = read.expect_err(&format!("{pointer} = {value}"));
        assert_eq!(error.path, path, "{pointer} = {value}: {error}");
        assert!(error.problem.contains(part), "{pointer} = {value}: {error}");
        assert!(error.to_string().starts_with("x.json: "), "{error}");
    }
    assert_eq!(count, 60);
}

/// Examples of Datadog's public documentation of its API, with queries over facets that Picket's events have.
#[test]
fn methods() {
    let new_value = json!({
        "name": "New address", "message": "", "isEnabled": true,
        "queries": [{"query": "@business.name:users.login.success", "aggregation": "new_value", "groupByFields": ["@usr.id"], "metric": "@network.client.ip", "metrics": ["@network.client.ip"]}],
        "cases": [{"name": "", "status": "info", "notifications": []}],
        "options": {"detectionMethod": "new_value", "evaluationWindow": 0, "keepAlive": 300, "maxSignalDuration": 600,
            "newValueOptions": {"forgetAfter": 7, "learningDuration": 0, "learningMethod": "duration", "instantaneousBaseline": false}},
    });
    let rule = &read_value(&new_value).unwrap()[0];
    assert_eq!(rule.queries[0].aggregation, Aggregation::NewValue(vec!["client_ip".into()]));
    assert_eq!(rule.learning, NewValue { learn: 0, forget: 7 * 86_400 });
    let anomaly = json!({
        "name": "Spike", "queries": [{"query": "service:app @status:500", "groupByFields": ["@usr.id", "client_ip"], "hasOptionalGroupByFields": true}],
        "cases": [{"status": "info", "condition": "a > 0.995"}],
        "options": {"detectionMethod": "anomaly_detection", "evaluationWindow": 900, "keepAlive": 3600, "maxSignalDuration": 86400,
            "anomalyDetectionOptions": {"bucketDuration": 300, "learningDuration": 24, "detectionTolerance": 3}},
    });
    let rule = &read_value(&anomaly).unwrap()[0];
    assert_eq!(rule.method, Method::Anomaly(Anomaly { bucket: 300, learn: 86_400, tolerance: 3 }));
    assert!(rule.queries[0].optional_group);
    let sequence = json!({
        "name": "Sequence", "queries": [{"query": "@status:500"}, {"query": "@status:200"}],
        "cases": [{"name": "", "status": "info", "condition": "step_b > 0"}],
        "options": {"detectionMethod": "sequence_detection", "evaluationWindow": 0, "keepAlive": 300, "maxSignalDuration": 600,
            "sequenceDetectionOptions": {
                "steps": [{"name": "step_b", "condition": "b > 0", "evaluationWindow": 60}, {"name": "step_a", "condition": "a > 0", "evaluationWindow": 120}],
                "stepTransitions": [{"parent": "step_a", "child": "step_b", "evaluationWindow": 900}]}},
    });
    let rule = &read_value(&sequence).unwrap()[0];
    let Method::Sequence(Sequence { steps }) = &rule.method else { panic!("{rule:?}") };
    let names: Vec<_> = steps.iter().map(|step| (&*step.name, step.after.clone())).collect();
    assert_eq!(names, [("step_a", vec![]), ("step_b", vec![(0, 900)])], "in the order they are taken");
    assert!(rule.cases[0].condition.holds(&[0.0, 1.0]));
    assert_eq!(rule.queries.iter().map(|query| query.window).collect::<Vec<_>>(), [120, 60]);
}

#[test]
fn from_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let error = load(&[folder.path().to_owned()]).unwrap_err();
    assert!(matches!(error, LoadError::Empty(_)), "{error}");
    std::fs::write(path("a.json"), rule().to_string()).unwrap();
    let mut own = rule();
    own["id"] = "brute-force".into();
    std::fs::write(path("b.json"), own.to_string()).unwrap();
    std::fs::write(path("notes.txt"), "not a rule").unwrap();
    let loaded = load(&["default".into(), folder.path().to_owned()]).unwrap();
    assert_eq!(loaded.rules.len(), builtin().unwrap().len() + 1);
    assert_eq!(loaded.replaced, [std::sync::Arc::from("brute-force")]);
    assert_eq!(loaded.files, [path("a.json"), path("b.json")]);
    std::fs::write(path("c.json"), rule().to_string()).unwrap();
    let error = load(&[folder.path().to_owned()]).unwrap_err().to_string();
    assert!(error.contains("c.json: the id `many-errors` stands in") && error.contains("a.json"), "{error}");
    std::fs::write(path("c.json"), with("/cases/0/status", json!("urgent")).to_string()).unwrap();
    let error = load(&[path("c.json")]).unwrap_err().to_string();
    assert!(error.contains("c.json: cases[0].status: `urgent` is not known"), "{error}");
    assert!(load(&[path("none.json")]).unwrap_err().to_string().contains("none.json"));
}

/// What a configuration says of rules.
#[test]
fn rules_of_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.json");
    let mut off = with("/isEnabled", json!(false));
    off["id"] = "off".into();
    std::fs::write(&file, json!([rule(), off]).to_string()).unwrap();
    let text = format!(
        r#"
        [detection]
        rules = [{file:?}]
        disabled = ["rate-*"]
        [[detection.responses]]
        rules = ["credential-stuffing"]
        action = "block_ip"
        for = "2h"
        [[detection.responses]]
        rules = ["many-errors"]
        severity = "low"
        action = "block_ip"
        for = "forever"
        [[detection.suppressions]]
        rules = ["credential-*"]
        query = "client_ip:192.0.2.0/24"
        "#
    );
    let config = crate::config::Config::parse(&text, "t").unwrap().detection;
    let loaded = configured(&config, Places::default()).unwrap();
    let of = |id: &str| loaded.rules.iter().find(|rule| *rule.id == *id).unwrap();
    let actions = |id: &str| -> Vec<_> {
        let cases = of(id).cases.iter();
        cases.map(|case| (case.severity.name(), case.actions.clone())).collect()
    };
    let block = |duration: u64| Action { kind: ActionKind::BlockIp, duration };
    assert_eq!(
        actions("credential-stuffing"),
        [("critical", vec![block(7200)]), ("high", vec![block(7200)]), ("medium", vec![])]
    );
    let flag = Action { kind: ActionKind::FlagIp, duration: 0 };
    assert_eq!(actions("many-errors"), [("high", vec![flag, block(0)])], "one block of a case");
    assert_eq!((of("credential-stuffing").filters.len(), of("brute-force").filters.len()), (1, 0));
    let mut offs: Vec<_> = loaded.off.iter().map(|(id, off)| (&**id, *off)).collect();
    offs.sort_unstable_by_key(|(id, _)| *id);
    let expected = [
        ("new-country", Off::NoPlaces),
        ("off", Off::NotEnabled),
        ("rate-abuse-endpoint", Off::Disabled),
        ("rate-abuse-user", Off::Disabled),
    ];
    assert_eq!(offs, expected);
    assert_eq!(loaded.running().len(), loaded.rules.len() - 4);
    assert!(loaded.off("new-country").unwrap().to_string().contains("[geoip]"));
    assert_eq!((loaded.file("many-errors"), loaded.file("brute-force")), (Some(file.as_path()), None));
    assert!(crate::detect::Detection::new(&loaded.running(), [0; 16]).is_ok());
}

/// Which database a rule needs is said by the facets that it asks for.
#[test]
fn rules_need_the_database_of_their_facets() {
    let rules = [
        ("country", json!({"query": "client_geo.country:NL"})),
        ("city", json!({"query": "*", "groupByFields": ["@network.client.geoip.city.name"]})),
        ("asn", json!({"query": "@status:401", "groupByFields": ["client_geo.asn"]})),
        (
            "asn-counted",
            json!({"query": "*", "aggregation": "cardinality", "distinctFields": ["@network.client.geoip.as.number"]}),
        ),
        ("both", json!({"query": "country:NL -client_geo.asn:64500"})),
        ("any", json!({"query": "@client_geo:*"})),
        ("none", json!({"query": "@status:401"})),
    ];
    let read = |(id, fields): &(&str, Value)| {
        let mut rule = rule();
        rule["id"] = (*id).into();
        rule["queries"] = json!([{"query": "*", "aggregation": "count"}]);
        rule["queries"][0].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        rule["cases"] = json!([{"status": "low", "condition": "a > 5"}]);
        rule
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.json");
    std::fs::write(&file, Value::from_iter(rules.iter().map(read)).to_string()).unwrap();
    let mut tried = 0;
    for (geoip, expected) in [
        (
            "",
            [
                Some(Off::NoPlaces),
                Some(Off::NoPlaces),
                Some(Off::NoSystems),
                Some(Off::NoSystems),
                Some(Off::NoPlaces),
                Some(Off::NoPlaces),
                None,
            ],
        ),
        (
            "database = \"c.mmdb\"",
            [None, None, Some(Off::NoSystems), Some(Off::NoSystems), Some(Off::NoSystems), None, None],
        ),
        (
            "asn_database = \"a.mmdb\"",
            [Some(Off::NoPlaces), Some(Off::NoPlaces), None, None, Some(Off::NoPlaces), None, None],
        ),
        ("database = \"c.mmdb\"\nasn_database = \"a.mmdb\"", [None; 7]),
    ] {
        let text = format!("[detection]\nrules = [{file:?}]\n[geoip]\n{geoip}");
        let config = crate::config::Config::parse(&text, "t").unwrap();
        let loaded = configured(&config.detection, Places::from(&config.geoip)).unwrap();
        for ((id, _), expected) in rules.iter().zip(expected) {
            assert_eq!(loaded.off(id), expected, "{id} with {geoip:?}");
            assert_eq!(loaded.running().iter().any(|rule| *rule.id == **id), expected.is_none(), "{id}");
            tried += 1;
        }
        let new_country = loaded.off("new-country");
        assert_eq!(new_country.is_some(), !geoip.starts_with("database"), "{geoip:?}");
        assert!(new_country.is_none_or(|off| off.to_string().contains("`database` in `[geoip]`")));
    }
    assert_eq!(tried, 28);
}

#[test]
fn names_that_fit_no_rule() {
    let vectors = [
        ("[detection]\ndisabled = [\"brute-fource\"]", "detection.disabled", "did you mean `brute-force`?"),
        (
            "[detection]\ndefault_rules = false\ndisabled = [\"brute-force\"]",
            "detection.disabled",
            "no detection rule",
        ),
        (
            "[[detection.responses]]\naction = \"flag_ip\"\nrules = [\"x*\"]",
            "detection.responses.rules",
            "`x*`",
        ),
        (
            "[[detection.suppressions]]\nquery = \"service:a\"\nrules = [\"y\"]",
            "detection.suppressions.rules",
            "`y`",
        ),
    ];
    for (text, key, part) in vectors {
        let config = crate::config::Config::parse(text, "t").unwrap().detection;
        let error = configured(&config, Places::default()).unwrap_err().to_string();
        assert!(error.starts_with(key) && error.contains(part), "{error}");
    }
    assert_eq!(vectors.len(), 4);
}
