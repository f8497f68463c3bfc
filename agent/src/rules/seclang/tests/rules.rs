//! `SecRule`: targets and operator.

use super::*;
use crate::rules::{
    seclang::ast::{SecRule, Selector, Target},
    variable::Variable,
};

fn rule(line: &str) -> SecRule {
    match <[Directive; 1]>::try_from(directives(line)) {
        Ok([Directive::Rule(rule)]) => rule,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn targets() {
    use Variable::{Args, ArgsNames, Files, RequestCookies, RequestHeaders, RequestUri, Tx, Xml};
    let all = Selector::All;
    let name = |name: &str| Selector::Name(name.to_owned());
    let regex = |expression: &str| Selector::Regex(expression.to_owned());
    // As written, and what each target is.
    let vectors: Vec<(&str, Vec<Plain>)> = vec![
        ("ARGS", vec![(' ', Args, all.clone())]),
        ("args", vec![(' ', Args, all.clone())]),
        (
            "ARGS|!ARGS:x|&ARGS",
            vec![(' ', Args, all.clone()), ('!', Args, name("x")), ('&', Args, all.clone())],
        ),
        ("\"ARGS | ARGS_NAMES\"", vec![(' ', Args, all.clone()), (' ', ArgsNames, all.clone())]),
        ("ARGS,!ARGS:x", vec![(' ', Args, all.clone()), ('!', Args, name("x"))]),
        ("REQUEST_HEADERS:X.Filename", vec![(' ', RequestHeaders, name("X.Filename"))]),
        (
            "REQUEST_COOKIES|!REQUEST_COOKIES:/__utm/|REQUEST_URI",
            vec![
                (' ', RequestCookies, all.clone()),
                ('!', RequestCookies, regex("__utm")),
                (' ', RequestUri, all.clone()),
            ],
        ),
        ("REQUEST_COOKIES:/S?DW[a-f0-9]+/", vec![(' ', RequestCookies, regex("S?DW[a-f0-9]+"))]),
        ("ARGS:/^(?:a|b)$/|ARGS_NAMES", vec![(' ', Args, regex("^(?:a|b)$")), (' ', ArgsNames, all.clone())]),
        ("ARGS:/a,b/", vec![(' ', Args, regex("a,b"))]),
        ("ARGS:/a\\/|b/", vec![(' ', Args, regex("a\\/|b"))]),
        ("\"ARGS:/a b/\"", vec![(' ', Args, regex("a b"))]),
        ("ARGS:'/^(a|b)$/'", vec![(' ', Args, regex("^(a|b)$"))]),
        ("ARGS:'/it\\'s/'|FILES", vec![(' ', Args, regex("it's")), (' ', Files, all.clone())]),
        ("ARGS:'a|b'", vec![(' ', Args, name("a|b"))]),
        ("ARGS:/x|FILES:/y/", vec![(' ', Args, name("/x")), (' ', Files, regex("y"))]),
        ("ARGS:/x", vec![(' ', Args, name("/x"))]),
        ("&TX:'/AVAILABILITY\\\\\\/APP_NOT_AVAIL/'", vec![('&', Tx, regex("AVAILABILITY\\/APP_NOT_AVAIL"))]),
        ("TX:/^MSC_/", vec![(' ', Tx, regex("^MSC_"))]),
        ("TX:1", vec![(' ', Tx, name("1"))]),
        ("TX:paramcounter_%{MATCHED_VAR_NAME}", vec![(' ', Tx, name("paramcounter_%{MATCHED_VAR_NAME}"))]),
        ("XML:/*|XML://@*", vec![(' ', Xml, name("/*")), (' ', Xml, name("//@*"))]),
        ("XML:/a/|ARGS", vec![(' ', Xml, name("/a/")), (' ', Args, all.clone())]),
        ("\"XML:'/a[b=\\\"c\\\" or d | e]'\"", vec![(' ', Xml, name("/a[b=\"c\" or d | e]"))]),
        (
            "ARGS:ids[]|ARGS:menu-item[-1][x]",
            vec![(' ', Args, name("ids[]")), (' ', Args, name("menu-item[-1][x]"))],
        ),
        ("! ARGS:x", vec![]),
    ];
    let mut ran = 0;
    for (text, expected) in vectors {
        if expected.is_empty() {
            assert!(read_text(format!("SecRule {text} x"), "x").is_err(), "{text}");
            ran += 1;
            continue;
        }
        let line = format!("SecRule {text} x");
        let read: Vec<_> = rule(&line).targets.into_iter().map(plain).collect();
        assert_eq!(read, expected, "{text}");
        again(&line);
        ran += 1;
    }
    assert_eq!(ran, 26);
}

/// Prefix, variable, selector.
type Plain = (char, Variable, Selector);

fn plain(target: Target) -> Plain {
    let prefix = match (target.excluded, target.count) {
        (true, _) => '!',
        (false, true) => '&',
        (false, false) => ' ',
    };
    (prefix, target.variable, target.selector)
}

#[test]
fn operators() {
    // (as written, negated, name, argument)
    let vectors = [
        (r#""abc""#, false, "rx", "abc"),
        (r#"abc"#, false, "rx", "abc"),
        (r#""!abc""#, true, "rx", "abc"),
        (r#""@rx ^a\d+$""#, false, "rx", r"^a\d+$"),
        (r#""!@rx ^a$""#, true, "rx", "^a$"),
        (r#""! @eq 0""#, true, "eq", "0"),
        (r#""@EQ   0""#, false, "eq", "0"),
        (r#"@eq"#, false, "eq", ""),
        (r#""@rx a\"b""#, false, "rx", "a\"b"),
        (r#"'@rx a"b'"#, false, "rx", "a\"b"),
        (r#""@rx (?:^|[^\\\\])\\\\[c]""#, false, "rx", r"(?:^|[^\\])\\[c]"),
        (r#""@rx ['\"`]\s""#, false, "rx", r#"['"`]\s"#),
        (r#""\@abc""#, false, "rx", r"\@abc"),
        (r#""@detectSQLi""#, false, "detectSQLi", ""),
        (r#""@detectXSS ""#, false, "detectXSS", ""),
        (r#""@contains a ""#, false, "contains", "a "),
        (r#""@pmf a.data b.data""#, false, "pmFromFile", "a.data b.data"),
        (r#""@ipMatchF a.data""#, false, "ipMatchFromFile", "a.data"),
        (
            r#""@pm a \
    b""#,
            false,
            "pm",
            "a     b",
        ),
        (r#""@within %{tx.allowed_methods}""#, false, "within", "%{tx.allowed_methods}"),
        (r#""@streq /*""#, false, "streq", "/*"),
        (r#""@unconditionalMatch""#, false, "unconditionalMatch", ""),
    ];
    let mut ran = 0;
    for (text, negated, name, argument) in vectors {
        let line = format!("SecRule ARGS {text}");
        let operator = rule(&line).operator;
        let read = (operator.negated, &*operator.name, &*operator.argument);
        assert_eq!(read, (negated, name, argument), "{text}");
        again(&line);
        ran += 1;
    }
    assert_eq!(ran, 22);
}

#[test]
fn places_are_exact() {
    let text = "# ä\n  SecRule \"ARGS|ä\\\n\" x";
    let error = read_text(text, "x.conf").unwrap_err();
    assert_eq!((error.line, error.column), (2, 17), "{error}");

    let text = concat!(
        "SecRule \"REQUEST_URI|!ARGS:ä|\\\n",
        "  FILES\" \\\n",
        "  \"!@rx \\\"ä\\\"\" \\\n",
        "\t\"id:1,\\\n",
        "   phase:2,\\\n",
        " msg:'ä',deny\""
    );
    let rule = rule(text);
    let at = |place: &ast::Place| (place.line, place.column);
    let targets: Vec<_> = rule.targets.iter().map(|target| at(&target.place)).collect();
    assert_eq!(targets, [(1, 10), (1, 22), (2, 3)]);
    assert_eq!(at(&rule.operator.place), (3, 4));
    assert_eq!(rule.operator.argument, "\"ä\"");
    let actions: Vec<_> = rule.actions.iter().map(|action| at(&action.place)).collect();
    assert_eq!(actions, [(4, 3), (5, 4), (6, 2), (6, 10)]);
}
