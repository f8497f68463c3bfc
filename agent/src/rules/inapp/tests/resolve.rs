//! Files put together.

use proptest::prelude::*;

use super::*;
use crate::rules::inapp::ast::*;

fn ids(set: &Set) -> Vec<&str> {
    set.rules.iter().map(|rule| &*rule.id).collect()
}

fn plain(id: &str, tags: &str, more: &str) -> String {
    format!(
        r#"{{"id": "{id}", "name": "", "tags": {{{tags}}}, "conditions": [{{"operator": "is_xss", "parameters": {{"inputs": [{{"address": "server.request.query"}}]}}}}]{more}}}"#
    )
}

/// As libddwaf 2.1.0 reports rules of these kinds that all match.
#[test]
fn order() {
    let base = [
        plain("w1", r#""type": "b""#, ""),
        plain("w2", r#""type": "a""#, ""),
        plain("r", r#""type": "a", "module": "rasp""#, ""),
        plain("bl", r#""type": "a", "module": "business-logic""#, ""),
        plain("cf", r#""type": "a", "module": "configuration""#, ""),
        plain("au", r#""type": "a", "module": "authentication-acl""#, ""),
        plain("n", r#""type": "a", "module": "network-acl""#, ""),
        plain("wb", r#""type": "z""#, r#", "on_match": ["nothing", "block"]"#),
        plain("w3", r#""type": "a", "module": "something""#, ""),
    ];
    let custom = [
        plain("cw", r#""type": "c""#, ""),
        plain("cn", r#""type": "a", "module": "network-acl""#, ""),
        plain("ccf", r#""type": "a", "module": "configuration""#, ""),
        plain("cst", r#""type": "a", "module": "custom-acl""#, ""),
    ];
    let set = set(&[&section("rules", &base.join(", ")), &section("custom_rules", &custom.join(", "))]);
    assert_eq!(ids(&set), ["n", "cn", "au", "cst", "ccf", "cf", "bl", "r", "wb", "cw", "w2", "w3", "w1"]);
    assert!(set.rules.iter().all(|rule| set.blocks(rule) == (&*rule.id == "wb")));
}

#[test]
fn overrides() {
    let set = set(&[FIXTURE]);
    let rule = |id: &str| set.rules.iter().find(|rule| &*rule.id == id).unwrap();
    assert!(rule("xss-1").enabled);
    assert_eq!(rule("xss-1").tags["team"], "blue", "by tags");
    assert_eq!(rule("xss-1").tags["type"], "xss", "tags of its own stay");
    assert_eq!(rule("scan-1").tags["team"], "red", "by id counts more");
    assert_eq!(rule("scan-1").on_match, ["block"]);
    assert_eq!(rule("sqli-1").on_match, ["block", "stack_trace"]);
    assert!(!rule("mine-1").tags.contains_key("team"), "custom rules are not overridden");
    assert_eq!(&*set.rules[0].id, "ip-1", "network-acl first");
}

#[test]
fn overrides_one_after_the_other() {
    let rules = section("rules", &plain("a", r#""type": "t""#, ""));
    let vectors = [
        (r#"{"id": "a", "enabled": false}, {"id": "a", "enabled": true}"#, true, ""),
        (r#"{"id": "a", "enabled": true}, {"id": "a", "enabled": false}"#, false, ""),
        (
            r#"{"id": "a", "enabled": true}, {"rules_target": [{"tags": {"type": "t"}}], "enabled": false}"#,
            true,
            "",
        ),
        (r#"{"id": "a", "tags": {"x": "1"}}, {"id": "a", "tags": {"x": "2"}}"#, true, "2"),
        // Targets are found by the tags of the rule itself.
        (
            r#"{"rules_target": [{"tags": {"type": "t"}}], "tags": {"x": "1"}}, {"rules_target": [{"tags": {"x": "1"}}], "enabled": false}"#,
            true,
            "1",
        ),
        (r#"{"rules_target": [{"rule_id": "a"}, {"id": "a"}], "on_match": []}"#, true, ""),
    ];
    let mut ran = 0;
    for (overrides, enabled, x) in vectors {
        let set = set(&[&rules, &section("rules_override", overrides)]);
        assert_eq!(set.rules[0].enabled, enabled, "{overrides}");
        assert_eq!(set.rules[0].tags.get("x").map_or("", String::as_str), x, "{overrides}");
        ran += 1;
    }
    assert_eq!(ran, 6);
}

#[test]
fn references() {
    let set = set(&[FIXTURE]);
    let meant = |exclusion: &str| {
        let exclusion = set.exclusions.iter().find(|e| &*e.id == exclusion).unwrap();
        let mut ids: Vec<_> = set.rules_of(&exclusion.targets).map(|at| &*set.rules[at].id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(meant("ex-inputs"), ["sqli-1", "xss-1"]);
    assert_eq!(meant("ex-bypass"), ["scan-1"]);
    assert_eq!(meant("ex-all-of-an-address").len(), set.rules.len());
    // An exclusion finds rules by tags that overrides gave them.
    let by_team = [Reference::Tags([("team".to_owned(), "blue".to_owned())].into())];
    assert_eq!(set.rules_of(&by_team).count(), 2);
}

#[test]
fn data_of_the_same_id_is_one() {
    let set = set(&[
        FIXTURE,
        &section(
            "rules_data",
            r#"{"id": "blocked_users", "type": "data_with_expiration", "data": [{"value": "eve", "expiration": 5}, {"value": "7", "expiration": 5}]}"#,
        ),
    ]);
    let DataValues::Ip(ips) = &set.rules_data["blocked_ips"] else { panic!() };
    let ips: Vec<_> = ips.iter().map(|ip| (ip.value.to_string(), ip.until)).collect();
    let ip = |network: &str, until| (network.to_owned(), until);
    assert_eq!(ips, [ip("203.0.113.7/32", 1_893_456_001), ip("203.0.113.0/28", 0), ip("203.0.113.9/32", 0)]);
    let DataValues::Text(users) = &set.rules_data["blocked_users"] else { panic!() };
    let users: Vec<_> = users.iter().map(|user| (user.value.as_str(), user.until)).collect();
    assert_eq!(users, [("mallory", 1_893_456_000), ("7", 0), ("eve", 5)]);
    assert_eq!(set.exclusion_data.len(), 1);
}

#[test]
fn actions_are_there_without_being_written() {
    let set = set(&[
        FIXTURE,
        &section(
            "actions",
            r#"{"id": "block", "type": "block_request", "parameters": {"status_code": 404}}"#,
        ),
    ]);
    assert_eq!(set.actions.len(), 5 + 4);
    assert_eq!(set.actions["block"].parameters["status_code"], "404");
    assert_eq!(set.actions["stack_trace"].kind, ActionKind::Stack);
}

/// As libddwaf 2.1.0 names what it finds.
#[test]
fn scanners_of_processors() {
    let scanner = |id: &str, category: &str| {
        format!(
            r#"{{"id": "{id}", "tags": {{"category": "{category}"}}, "value": {{"operator": "is_xss", "parameters": {{}}}}}}"#
        )
    };
    let scanners = section("scanners", &format!("{}, {}", scanner("s", "c"), scanner("s2", "c2")));
    let vectors = [
        ("", r#"{"include": [{"id": "s2"}]}"#, "s2"),
        ("", "{}", ""),
        ("", r#"{"include": [{"id": "s2"}], "exclude": [{"id": "s2"}]}"#, ""),
        ("", r#"{"include": [{"id": "s2"}], "exclude": [{"tags": {"category": "c2"}}]}"#, "s2"),
        ("", r#"{"include": [{"tags": {"category": "c2"}}], "exclude": [{"id": "s2"}]}"#, ""),
        (r#"{"id": "s"}"#, r#"{"include": [{"id": "s2"}]}"#, "s s2"),
        (r#"{"id": "s"}"#, r#"{"exclude": [{"id": "s"}]}"#, ""),
        (r#"{"id": "s"}"#, r#"{"exclude": [{"tags": {"category": "c"}}]}"#, "s"),
        (r#"{"tags": {"category": "c"}}"#, r#"{"exclude": [{"tags": {"category": "c"}}]}"#, ""),
        (r#"{"tags": {"category": "c"}}"#, r#"{"exclude": [{"id": "s"}]}"#, ""),
        (r#"{"id": "s"}"#, r#"[{"id": "s2"}]"#, "s2"),
        (r#"{"id": "s"}"#, "[]", ""),
    ];
    let mut ran = 0;
    for (own, change, expected) in vectors {
        let processors = section(
            "processors",
            &format!(
                r#"{{"id": "p", "generator": "extract_schema", "parameters": {{"mappings": [{{"inputs": [{{"address": "a"}}], "output": "o"}}], "scanners": [{own}]}}}}"#
            ),
        );
        let key = if change.starts_with('[') { "processor_override" } else { "processor_overrides" };
        let changes = section(key, &format!(r#"{{"target": [{{"id": "p"}}], "scanners": {change}}}"#));
        let set = set(&[&scanners, &processors, &changes]);
        let found: Vec<_> = set.scanners_of(&set.processors[0]).map(|scanner| &*scanner.id).collect();
        assert_eq!(found.join(" "), expected, "{own} {change}");
        ran += 1;
    }
    assert_eq!(ran, 12);
    // Later counts more.
    let set = set(&[FIXTURE]);
    assert_eq!(
        set.processors.iter().map(|p| p.evaluate).collect::<Vec<_>>(),
        [true, true, true, true, true, false, false],
        "those that rules can ask come first"
    );
}

#[test]
fn an_id_stands_once() {
    let sections = ["rules", "exclusions", "processors", "scanners", "actions"];
    let mut ran = 0;
    let mut again = file(FIXTURE);
    again.name = "again.json".into();
    for name in sections {
        let mut second = File::default();
        let mut place = None;
        match name {
            "rules" => second.rules = again.rules[..1].to_vec(),
            "exclusions" => second.exclusions = again.exclusions[..1].to_vec(),
            "processors" => second.processors = again.processors[..1].to_vec(),
            "scanners" => second.scanners = again.scanners[..1].to_vec(),
            _ => {
                second.actions = again.actions[..1].to_vec();
                place = Some("test.json:210:5");
            }
        }
        let error = resolve([file(FIXTURE), second.clone()]).unwrap_err();
        let what = name.trim_end_matches('s');
        assert!(error.problem.starts_with(&format!("{what} id \"")), "{error}");
        assert!(error.problem.contains("a second time: ids are unique, and test.json:"), "{error}");
        assert!(place.is_none_or(|place| error.problem.contains(place)), "{error}");
        let resolved = resolve_lenient([file(FIXTURE), second]).unwrap();
        assert_eq!(resolved.left_out.len(), 1);
        assert_eq!(resolved.set, set(&[FIXTURE]), "the first counts");
        ran += 1;
    }
    assert_eq!(ran, 5);
}

#[test]
fn what_leads_nowhere() {
    let rules = section("rules", &plain("a", r#""type": "t""#, r#", "on_match": ["nothing"]"#));
    let custom = section("custom_rules", &plain("c", r#""type": "t""#, ""));
    let data = one("exact_match", r#", "data": "d""#).replace("\"id\": \"a\"", "\"id\": \"d\"");
    let warn = |texts: &[&str]| resolve(texts.iter().map(|text| file(text))).unwrap().warnings.to_string();
    let vectors = [
        (section("exclusions", r#"{"id": "e", "rules_target": [{"id": "x"}]}"#), "there is no rule \"x\""),
        (
            section("exclusions", r#"{"id": "e", "rules_target": [{"id": "a"}], "on_match": "x"}"#),
            "action \"x\" changes nothing: there is no such action",
        ),
        (
            section("exclusions", r#"{"id": "e", "rules_target": [{"id": "a"}], "on_match": "stack_trace"}"#),
            "it does not block",
        ),
        (
            section("rules_override", r#"{"id": "x", "enabled": true}"#),
            "the override changes nothing: no rule is meant",
        ),
        (section("rules_override", r#"{"id": "c", "enabled": true}"#), "custom rules are not overridden"),
        (
            section("processor_overrides", r#"{"target": [{"id": "x"}], "scanners": {}}"#),
            "there is no processor \"x\"",
        ),
        (data.clone(), "exact_match of no use: rules_data has no entry \"d\""),
        (String::from("{}"), "there is no action \"nothing\""),
    ];
    let mut ran = 0;
    for (text, words) in vectors {
        let warnings = warn(&[&rules, &custom, &text]);
        assert!(warnings.contains(words), "{text}: {warnings}");
        ran += 1;
    }
    assert_eq!(ran, 8);
    // Data of another type than the operator's is an error of the rule that asks for it.
    let ips = section("rules_data", r#"{"id": "d", "type": "ip_with_expiration", "data": []}"#);
    let error = resolve([file(&data), file(&ips)]).unwrap_err();
    assert!(
        error.problem.contains("exact_match wants data_with_expiration, and \"d\" in rules_data is ip"),
        "{error}"
    );
    let resolved = resolve_lenient([file(&data), file(&ips)]).unwrap();
    assert_eq!((resolved.set.rules.len(), resolved.left_out.len()), (0, 1));
    // …and of entries of one id.
    let texts = section("rules_data", r#"{"id": "d", "type": "data_with_expiration", "data": []}"#);
    let error = resolve([file(&ips), file(&texts)]).unwrap_err();
    assert!(error.problem.contains("of another type where it stands first"), "{error}");
}

proptest! {
    /// Entries put together say for each value what the most generous of them says, whatever their order.
    #[test]
    fn data_is_put_together(entries in prop::collection::vec((0u8..4, 0u64..5), 0..20), cuts in 1usize..5) {
        let text = |entries: &[(u8, u64)]| {
            let values: Vec<_> =
                entries.iter().map(|(value, until)| format!(r#"{{"value": "{value}", "expiration": {until}}}"#)).collect();
            section("rules_data", &format!(r#"{{"id": "d", "type": "data_with_expiration", "data": [{}]}}"#, values.join(",")))
        };
        let texts: Vec<_> = entries.chunks(cuts).map(text).collect();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        let set = set(&texts);
        let mut expected = std::collections::BTreeMap::new();
        for (value, until) in &entries {
            let known = expected.entry(value.to_string()).or_insert(*until);
            *known = if *known == 0 || *until == 0 { 0 } else { (*known).max(*until) };
        }
        let found: std::collections::BTreeMap<_, _> = match set.rules_data.get("d") {
            Some(DataValues::Text(values)) => values.iter().map(|v| (v.value.clone(), v.until)).collect(),
            _ => Default::default(),
        };
        prop_assert_eq!(found, expected);
    }
}
