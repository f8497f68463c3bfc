//! What is wrong is said with its place, with what was found and what was expected.

use super::*;

#[test]
fn say_where_and_what() {
    // (line, column, words of the problem)
    let vectors = [
        ("SecRul ARGS x", 1, "there is no directive \"SecRul\" of SecLang: did you mean \"SecRule\"?"),
        ("LoadModule x y", 1, "there is no directive \"LoadModule\" of SecLang"),
        ("SecRule ARGS", 1, "SecRule with one argument: expected variables"),
        (
            "SecRule ARGS @rx a \"id:1\"",
            1,
            "SecRule with 4 arguments: expected variables, an operator and actions, each of them quoted",
        ),
        ("SecRule ARGS \"a", 14, "a quotation mark that is not closed"),
        ("SecRule ARGS \"a\"b\" id:1", 17, "right behind a closing quotation mark"),
        ("SecRule AGRS x", 9, "there is no variable \"AGRS\": did you mean \"ARGS\"?"),
        ("SecRule \"ARGS | REQUEST_URL\" x", 17, "did you mean \"REQUEST_URI\"?"),
        ("SecRule ARGS| x", 14, "found nothing: expected a variable"),
        ("SecRule |ARGS x", 9, "found \"|ARGS\": expected a variable"),
        ("SecRule ARGS: x", 14, "nothing behind \":\""),
        ("SecRule ARGS:// x", 14, "nothing behind \":\""),
        ("SecRule ARGS:'a x", 14, "not closed"),
        ("SecRule \"ARGS FILES\" x", 15, "found \"FILES\" behind a target: expected \"|\""),
        ("SecRule REMOTE_ADDR:x x", 21, "REMOTE_ADDR is one value"),
        ("SecRule PERF_ALL x", 9, "PERF_ALL can't be had here: the time"),
        ("SecRule SCRIPT_FILENAME x", 9, "no request is mapped"),
        ("SecRule ARGS \"@rxx a\"", 15, "there is no operator \"@rxx\": did you mean \"@rx\"?"),
        ("SecRule ARGS \"!@contans a\"", 16, "did you mean \"@contains\"?"),
        ("SecRule ARGS \"@example.com\"", 15, "is written \\@"),
        ("SecAction \"idd:1\"", 12, "there is no action \"idd\": did you mean \"id\"?"),
        ("SecAction \"id:1,,deny\"", 17, "expected an action"),
        ("SecAction \"id:1 deny\"", 15, "id is \"1 deny\": expected a number from 1 to"),
        ("SecAction \"id:'1' deny\"", 19, "found \"deny\" behind an action"),
        ("SecAction \"id:0\"", 15, "expected a number from 1 to 18446744073709551615"),
        ("SecAction \"id:'1,deny\"", 15, "not closed"),
        ("SecAction \"id\"", 12, "the action id has no value"),
        ("SecAction \"deny:x\"", 17, "the action deny has the value \"x\": expected none"),
        ("SecAction \"phase:6\"", 18, "phase is \"6\": expected 1 to 5, request"),
        ("SecAction \"severity:9\"", 21, "expected 0 to 7 or one of EMERGENCY"),
        ("SecAction \"status:99\"", 19, "expected a number from 100 to 599"),
        ("SecAction \"status:+403\"", 19, "expected a number from 100 to 599"),
        ("SecAction \"allow:all\"", 18, "expected phase or request"),
        (
            "SecAction \"t:lowercas\"",
            14,
            "there is no transformation \"lowercas\": did you mean \"lowercase\"?",
        ),
        ("SecAction \"setvar:x=1\"", 19, "expected a collection and a name, for example tx.x"),
        (
            "SecAction \"setvar:tz.x=1\"",
            19,
            "there is no collection \"tz\" that rules write: did you mean \"TX\"?",
        ),
        ("SecAction \"setvar:env.x=1\"", 19, "expected the action setenv"),
        ("SecAction \"setvar:tx.=1\"", 22, "an empty name"),
        ("SecAction \"setvar:!tx.x=1\"", 24, "expected none"),
        ("SecAction \"expirevar:ip.x\"", 26, "no time"),
        ("SecAction \"expirevar:ip.x=soon\"", 27, "\"soon\": expected seconds or a macro"),
        ("SecAction \"initcol:tx=1\"", 20, "TX is a transaction's own"),
        ("SecAction \"ctl:ruleEngine\"", 16, "expected an option and a value"),
        ("SecAction \"ctl:ruleEngin=On\"", 16, "did you mean \"ruleEngine\"?"),
        ("SecAction \"ctl:ruleEngine=Perhaps\"", 27, "expected On, Off or DetectionOnly"),
        ("SecAction \"ctl:requestBodyAccess=1\"", 34, "expected On or Off"),
        ("SecAction \"ctl:ruleRemoveById=a\"", 31, "\"a\": expected an id"),
        ("SecAction \"ctl:ruleRemoveTargetById=1\"", 37, "expected rules, \";\" and a target"),
        ("SecAction \"ctl:ruleRemoveTargetById=1;ARG:x\"", 39, "did you mean \"ARGS\"?"),
        ("SecAction \"ctl:ruleRemoveTargetById=1;!ARGS:x\"", 39, "expected the target that is taken out"),
        ("SecAction \"ctl:ruleRemoveTargetById=1;ARGS|FILES\"", 43, "one ctl has one target"),
        ("SecRuleRemoveById a", 19, "\"a\": expected an id"),
        ("SecRuleRemoveById \"1 9-2\"", 22, "the wrong way round"),
        ("SecRuleRemoveById \"\"", 20, "an empty argument"),
        ("SecRuleRemoveById", 1, "SecRuleRemoveById with no argument: expected ids"),
        ("SecRuleUpdateActionById a deny", 25, "\"a\": expected an id"),
        ("SecRuleUpdateTargetById 1", 1, "expected ids, targets and perhaps targets that are replaced"),
        ("SecRuleEngine Offf", 15, "SecRuleEngine is \"Offf\": expected On, Off or DetectionOnly"),
        ("SecRequestBodyLimit 12k", 21, "SecRequestBodyLimit is \"12k\": expected a number"),
        ("SecDataDir", 1, "SecDataDir with no argument: expected one argument"),
        ("SecContentInjection On", 1, "SecContentInjection On can't be had here: responses"),
        ("SecRemoteRules key https://x", 1, "SecRemoteRules can't be had here: rules are not fetched"),
        ("SecRuleScript x.lua", 1, "SecRuleScript can't be had here: no scripts are run"),
        ("SecRulePerfTime 1000", 1, "SecRulePerfTime can't be had here"),
        ("<LocationMatch /x>", 1, "the container \"<LocationMatch /x>\" of Apache: only <IfModule …>"),
        ("</Directory>", 1, "found \"</Directory>\", and nothing to close"),
        ("<IfModule !x>", 1, "is not known here"),
        ("<IfModule x", 12, "not closed: expected \">\""),
        ("<IfModule>", 1, "expected <IfModule name>"),
        ("<IfModule x>", 1, "\"<IfModule>\" is not closed: expected \"</IfModule>\""),
        ("SecAction \"id:1,chain\"", 17, "chain, and no rule behind it"),
    ];
    let (mut ran, mut wrong) = (0, Vec::new());
    for (line, column, words) in vectors {
        let error = read_text(format!("# a\n\n{line}"), "x.conf").expect_err(line);
        if !error.problem.contains(words) || (error.line, error.column) != (3, column) {
            wrong.push(format!("{line}: {error}"));
        }
        assert!(error.to_string().starts_with("x.conf:3:"), "{error}");
        ran += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(ran, 71);
}

#[test]
fn a_comment_inside_of_a_directive() {
    let error = read_text("SecAction \"id:1,\\\n# phase:1,\\\n deny\"", "x").unwrap_err();
    assert_eq!((error.line, error.column), (2, 1), "{error}");
    assert!(error.problem.contains("found a comment"), "{error}");
}

#[test]
fn bytes_that_are_not_utf8() {
    let text = b"# \xe9\nSecMarker \xc3\xa9 # \xe9\nSecMarker b";
    let error = read_text(text, "x").unwrap_err();
    assert_eq!((error.line, error.column), (2, 15), "{error}");
    assert!(error.problem.contains("not UTF-8"), "{error}");
    assert_eq!(read_text(b"# \xe9\nSecMarker b", "x").unwrap().directives.len(), 1);
    assert_eq!(read_text("SecMarker \u{fffd}", "x").unwrap().directives.len(), 1);
}

#[test]
fn what_is_shown_is_short_and_plain() {
    let error = read_text(format!("Sec\u{1b}[31m{} x", "a".repeat(10_000)), "x").unwrap_err();
    assert!(error.problem.len() < 200 && !error.problem.chars().any(char::is_control), "{error}");
}
