//! What is written is read again, and nothing panics.

use std::time::Instant;

use super::*;
use proptest::prelude::*;

/// Pieces of which lines are made.
const PIECES: [&str; 62] = [
    "SecRule ",
    "SecAction ",
    "SecMarker ",
    "SecRuleEngine ",
    "SecRuleRemoveById ",
    "SecRuleUpdateTargetByTag ",
    "Include ",
    "<IfModule x>",
    "</IfModule>",
    "ARGS",
    "TX",
    "XML",
    "REQUEST_COOKIES",
    "REMOTE_ADDR",
    "|",
    "!",
    "&",
    ":",
    "/",
    "/^a",
    "'",
    "\"",
    "\\",
    "\\\"",
    "\\'",
    "\\\\",
    "\\\n",
    "\\ \n",
    "\n",
    "\r\n",
    " ",
    "\t",
    ",",
    ";",
    "=",
    "+",
    "-",
    "@rx ",
    "@pm ",
    "@eq",
    "id:1",
    "chain",
    "msg:'",
    "t:none",
    "t:urlDecodeUni",
    "setvar:tx.x",
    "setvar:'!ip.%{tx.0}'",
    "expirevar:ip.x=60",
    "ctl:ruleRemoveTargetById=1;ARGS:",
    "ctl:ruleEngine=On",
    "severity:2",
    "phase:2",
    "deny",
    "%{",
    "}",
    "ä",
    "1",
    "9",
    "-2",
    "#",
    "\u{0}",
    "On",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat())
}

/// A rule with these texts in all places where any text may stand.
fn rule() -> impl Strategy<Value = String> {
    let any = r#"[a /|,:;=\\'"%{}ä@!#-]{0,8}"#;
    (any, any, any, any).prop_map(|(selector, argument, message, value)| {
        let actions = format!(
            "id:1,msg:{},setvar:{},ctl:{}",
            text::quoted(&message, '\''),
            text::quoted(&format!("tx.a={value}"), '\''),
            text::quoted(&format!("ruleRemoveTargetByTag=a;ARGS:n{selector}b"), '\''),
        );
        let targets = format!("ARGS:{}|FILES", text::quoted(&format!("{selector}b"), '\''));
        let operator = format!("@contains {argument}");
        let [targets, operator, actions] = [targets, operator, actions].map(|word| text::quoted(&word, '"'));
        format!("SecRule {targets} {operator} {actions}")
    })
}

fn written_again(text: &str) {
    let files = files(&[("x.conf", text)]);
    let (script, errors) = read_lenient(Path::new("x.conf"), &files);
    assert!(errors.iter().all(|error| error.line > 0 && error.column > 0 && !error.problem.is_empty()));
    let written: String = script.directives.iter().map(|directive| format!("{directive}\n")).collect();
    let again = read_text(&written, "y").unwrap_or_else(|error| panic!("{text}\n{written}\n{error}"));
    let plain =
        |script: Script| -> Vec<_> { script.directives.into_iter().map(Directive::without_places).collect() };
    assert_eq!(plain(script), plain(again), "{text}\n{written}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text(text in text()) {
        written_again(&text);
    }

    #[test]
    fn any_values(rule in rule()) {
        prop_assert_eq!(directives(&rule).len(), 1);
        written_again(&rule);
    }
}

#[test]
fn long_inputs_take_linear_time() {
    let many = |piece: &str| piece.repeat(200_000 / piece.len());
    let lines = [
        format!("SecRule {} x", many("ARGS:/a|").trim_end_matches('|')),
        format!("SecRule {} x", many("ARGS:'/a/'|ä").trim_end_matches('|')),
        format!("SecRule ARGS:/{} x", many("a/b|")),
        format!("SecRule ARGS \"{}\"", many("\\\"\\\n")),
        format!("SecAction \"{}\"", many("tag:'ä',\\\n")),
        format!("SecAction \"{}\"", many("setvar:tx.%{a=b}c=1,")),
        format!("SecAction \"setvar:{}\"", many("%{")),
        format!("SecAction \"{}\"", many("ctl:ruleRemoveTargetById=1;ARGS:/a,")),
        format!("SecRuleRemoveById {}", many("1 ")),
        format!("SecRuleRemoveById \"{}\"", many("1 ")),
        many("<IfModule x>\n"),
        many("# a \\\n"),
        many("\\\n"),
        many("SecMarker ä\n"),
        many("\""),
    ];
    let mut ran = 0;
    for line in lines {
        let started = Instant::now();
        written_again(&line);
        let start: String = line.chars().take(30).collect();
        assert!(started.elapsed().as_secs() < 10, "{start} takes {:?}", started.elapsed());
        ran += 1;
    }
    assert_eq!(ran, 15);
}
