//! What a set is said to have.

use super::*;

#[test]
fn counts() {
    let report = Report::of(&set(&[FIXTURE]));
    let counts = [
        report.enabled,
        report.disabled,
        report.custom,
        report.blocking,
        report.exclusions,
        report.processors,
        report.scanners,
        report.actions,
        report.values,
    ];
    assert_eq!(counts, [11, 0, 1, 4, 5, 7, 3, 9, 6]);
    let operators: Vec<_> = report.operators.iter().map(|(name, count)| format!("{name} {count}")).collect();
    assert_eq!(
        operators.join(", "),
        "!equals 1, !exact_match 1, !exists 1, !greater_than 1, !ip_match 1, !lower_than 1, !match_regex 1, \
         !phrase_match 1, cmdi_detector 1, equals 4, exact_match 1, exists 2, greater_than 1, \
         hidden_ascii_match 1, ip_match 1, is_sqli 1, is_xss 1, lfi_detector 1, lower_than 1, match_regex 2, \
         match_regex_with_checksum 1, phrase_match 1, shi_detector 1, sqli_detector 1, ssrf_detector 1"
    );
}

#[test]
fn rules_that_cannot_hold_are_named() {
    let report = Report::of(&set(&[FIXTURE]));
    let named = |rules: &[Unseen]| -> Vec<String> {
        rules
            .iter()
            .map(|rule| {
                let addresses: Vec<_> = rule.addresses.keys().map(ToString::to_string).collect();
                format!("{}: {}", rule.rule, addresses.join(" "))
            })
            .collect()
    };
    assert_eq!(
        named(&report.never),
        [
            "user-1: usr.id",
            "lfi-1: server.io.fs.file",
            "rasp-1: server.io.net.url server.db.statement server.db.system server.sys.shell.cmd server.sys.exec.cmd",
            "hidden-1: my.own.address",
        ]
    );
    assert_eq!(named(&report.partly), ["sqli-1: graphql.server.all_resolvers"]);
    assert_eq!(report.never[1].operator, Some("lfi_detector"));
    assert_eq!(
        report.unknown.iter().map(|(name, count)| (&**name, *count)).collect::<Vec<_>>(),
        [("my.own.address", 1)]
    );
    let text = report.to_string();
    assert!(text.contains("never hold  4 rules\n  user-1 (Blocked users): usr.id\n"), "{text}");
    assert!(text.contains("lfi_detector: server.io.fs.file"), "{text}");
}

/// Without the processor that makes it, an address can't be had.
#[test]
fn what_processors_make() {
    let jwt =
        rule(r#"[{"operator": "exists", "parameters": {"inputs": [{"address": "server.request.jwt"}]}}]"#);
    let own = rule(r#"[{"operator": "exists", "parameters": {"inputs": [{"address": "mine"}]}}]"#);
    let processor = |output: &str, more: &str| {
        section(
            "processors",
            &format!(
                r#"{{"id": "p", "generator": "jwt_decode", "parameters": {{"mappings": [{{"inputs": [{{"address": "server.request.headers"}}], "output": "{output}"}}]}}{more}}}"#
            ),
        )
    };
    let cases = [
        (vec![jwt.clone()], 1),
        (vec![jwt.clone(), processor("server.request.jwt", "")], 0),
        (vec![jwt, processor("server.request.jwt", r#", "evaluate": false, "output": true"#)], 1),
        (vec![own.clone()], 1),
        (vec![own, processor("mine", "")], 0),
    ];
    for (texts, never) in cases {
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        assert_eq!(Report::of(&set(&texts)).never.len(), never, "{texts:?}");
    }
}
