//! Rules that look at nothing but `TX`, made up at random: led through in passages they say what they say one by one.

use proptest::prelude::*;

use super::differential::{Sent, agree};
use crate::{
    http::{self, Limits},
    rules::{
        program::{
            compile,
            run::{Facts, Scratch},
        },
        seclang::{lower, read_text},
    },
};

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(texts)
}

fn rule() -> impl Strategy<Value = String> {
    let head = prop_oneof![
        1 => Just("SecAction ".to_owned()),
        4 => (one_of(&["TX:a", "TX:b", "TX:c", "&TX:a", "&TX:b", "&TX:c"]),
              one_of(&["@eq 0", "@eq 1", "@lt 2", "@ge 2", "!@eq 1", "@gt 4"]))
            .prop_map(|(target, operator)| format!("SecRule {target} \"{operator}\" ")),
    ];
    let action = one_of(&[
        "setvar:tx.a=1",
        "setvar:tx.b=%{tx.a}",
        "setvar:tx.b=+2",
        "setvar:'tx.c=%{tx.b}x%{tx.c}'",
        "setvar:tx.a=-1",
        "setvar:tx.c=+%{tx.a}",
        "setvar:!tx.a",
        "setvar:!tx.c",
        "setvar:tx.score=+%{tx.b}",
        "severity:3",
        "severity:5",
        "skipAfter:M",
        "skip:1",
        "skip:2",
    ]);
    let seldom = prop::option::weighted(
        0.15,
        one_of(&[
            "log",
            "deny",
            "allow:phase",
            "capture",
            "t:length",
            "setvar:tx.%{tx.a}=1",
            "ctl:ruleRemoveById=2-4",
            "ctl:ruleRemoveTargetById=1-9;TX:b",
        ]),
    );
    (head, prop::collection::vec(action, 0..3), seldom).prop_map(|(head, actions, seldom)| {
        let actions: Vec<&str> = actions.into_iter().chain(seldom).collect();
        format!(
            "{head}\"id:ID,phase:1,nolog,pass{}{}\"\n",
            if actions.is_empty() { "" } else { "," },
            actions.join(",")
        )
    })
}

/// What requests bring into `TX`, rules about that, and rules that tell all of it.
fn script() -> impl Strategy<Value = String> {
    prop::collection::vec(rule(), 3..14).prop_map(|rules| {
        let mut text = String::from(
            "SecRule ARGS:a \"@rx ^.+$\" \"id:101,phase:1,nolog,pass,setvar:tx.a=%{MATCHED_VAR}\"\n\
             SecRule ARGS:b \"@rx ^.+$\" \"id:102,phase:1,nolog,pass,setvar:tx.b=%{MATCHED_VAR}\"\n\
             SecRule ARGS:r \"@eq 1\" \"id:103,phase:1,nolog,pass,ctl:ruleRemoveById=3\"\n",
        );
        let half = rules.len() / 2;
        for (number, rule) in (1..).zip(&rules) {
            text.push_str(&rule.replace("ID", &number.to_string()));
            if number == half {
                text.push_str("SecMarker M\n");
            }
        }
        text.push_str(
            "SecMarker M\n\
             SecRule MATCHED_VAR|MATCHED_VAR_NAME \"@rx ^\" \"id:104,phase:1,log,pass,\
             logdata:'%{tx.a} %{tx.b} %{tx.c} %{HIGHEST_SEVERITY} %{MATCHED_VAR}'\"\n",
        );
        text
    })
}

fn sent() -> impl Strategy<Value = Sent> {
    let value = || one_of(&["", "0", "1", "1", "2", "5", "x"]);
    (value(), value(), one_of(&["", "", "1"]))
        .prop_map(|(a, b, r)| (format!("GET /?a={a}&b={b}&r={r} HTTP/1.1\r\nHost: h\r\n\r\n"), None, 0))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn passages_are_their_rules(script in script(), sent in prop::collection::vec(sent(), 2..9)) {
        agree(&script, &sent);
    }
}

#[test]
fn rules_about_tx_are_a_passage() {
    let text = "SecRule &TX:a \"@eq 0\" \"id:1,phase:1,nolog,pass,setvar:tx.a=1\"\n\
                SecAction \"id:2,phase:1,nolog,pass,setvar:tx.b=%{tx.a}\"\n\
                SecRule TX:b \"@eq 1\" \"id:3,phase:1,nolog,pass,skipAfter:END\"\n\
                SecRule ARGS \"@rx x\" \"id:4,phase:1,log,pass\"\n\
                SecMarker END\n";
    let program = lower::lower(&read_text(text, "test").unwrap().directives).unwrap();
    let engine = compile::compile(&program, &|_, _| Err(String::new())).unwrap();
    let exchange = http::exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", None, Limits::default());
    let mut scratch = Scratch::default();
    for _ in 0..3 {
        let facts = Facts::of_client([192, 0, 2, 1].into(), 0);
        let verdict = engine.judge(&exchange.request, None, &facts, &mut scratch);
        assert!(verdict.hits.is_empty());
        assert_eq!(scratch.passages.kept(), 1, "all three rules are one, found once");
    }
    assert_eq!(scratch.stats.operators, 9, "three rules held three times");
}
