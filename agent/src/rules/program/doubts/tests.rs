//! What is doubtful and what is not.

use crate::rules::{
    program::compile::compile,
    seclang::{lower, read_text},
};

/// `2: …` for each doubt: its line and what it says.
fn doubts(script: &str) -> Vec<String> {
    let script = read_text(script, "test").unwrap_or_else(|error| panic!("{error}\n{script}"));
    let program = lower::lower(&script.directives).unwrap();
    let engine = compile(&program, &|_, _| Err("no files here".to_owned())).unwrap();
    engine.warnings().iter().map(|text| text.strip_prefix("test:").unwrap_or(text).to_owned()).collect()
}

#[test]
fn what_is_doubtful_is_said() {
    // The line, and words of what is said there; no line: nothing is.
    type Case<'c> = (&'c str, &'c [(u32, &'c str)]);
    let cases: &[Case<'_>] = &[
        ("SecRule ARGS \"@rx ABC\" \"id:1,t:lowercase\"", &[(1, "never holds: what @rx looks for")]),
        ("SecRule ARGS \"@rx (?i)ABC\" \"id:1,t:lowercase\"", &[]),
        ("SecRule ARGS \"@rx ABC\" \"id:1,t:lowercase,t:urlDecode\"", &[]),
        ("SecRule ARGS \"@rx ABC\" \"id:1,t:lowercase,t:trim\"", &[(1, "behind lowercase, trim")]),
        ("SecRule ARGS \"@rx ABC\" \"id:1,t:lowercase,multiMatch\"", &[]),
        ("SecRule ARGS \"!@rx ABC\" \"id:1,t:lowercase\"", &[(1, "always holds")]),
        ("SecRule ARGS \"@pm ABC\" \"id:1,t:lowercase\"", &[]),
        ("SecRule ARGS \"@streq aBc\" \"id:1,t:lowercase\"", &[(1, "@streq")]),
        ("SecRule ARGS \"@contains a b\" \"id:1,t:removeWhitespace\"", &[(1, "remove_whitespace")]),
        ("SecRule ARGS \"@contains g\" \"id:1,t:sha1,t:hexEncode\"", &[(1, "hex_encode")]),
        ("SecRule ARGS \"@within ABC\" \"id:1,t:lowercase\"", &[]),
        ("SecRule ARGS \"@rx a(?=b)c\" \"id:1\"", &[(1, "slow: its pattern has")]),
        (
            "SecRule ARGS|ARGS_NAMES|REQUEST_HEADERS \"@rx ^.*$\" \"id:1\"",
            &[(1, "slow: nothing in its pattern")],
        ),
        ("SecRule REQUEST_METHOD \"@rx ^.*$\" \"id:1\"", &[]),
        ("SecRule REMOTE_ADDR \"@rbl x.example\" \"id:1\"", &[(1, "never holds: no name server")]),
        (
            "SecRule ARGS_POST \"@rx a\" \"id:1,phase:1\"",
            &[(1, "ARGS_POST has no value before phase 2, so it never holds")],
        ),
        (
            "SecRule ARGS|FILES \"@rx a\" \"id:1,phase:1\"",
            &[(1, "FILES has no value before phase 2, so it is not")],
        ),
        ("SecRule &ARGS_POST \"@eq 0\" \"id:1,phase:1\"", &[]),
        ("SecRule RESPONSE_BODY \"@rx a\" \"id:1,phase:3\"", &[(1, "before phase 4")]),
        ("SecRule ARGS|FILES|ARGS \"@rx a\" \"id:1\"", &[(1, "ARGS stands twice")]),
        ("SecRule ARGS:a|ARGS:b|!ARGS:c|!ARGS:c \"@rx a\" \"id:1\"", &[(1, "!ARGS:c stands twice")]),
        ("SecRule TX:x \"@eq 1\" \"id:1\"", &[(1, "no rule sets TX:x")]),
        ("SecRule TX:x \"@eq 1\" \"id:1\"\nSecAction \"id:2,setvar:tx.X=1\"", &[]),
        ("SecRule TX:x_y \"@eq 1\" \"id:1\"\nSecAction \"id:2,setvar:tx.x_%{ARGS.a}=1\"", &[]),
        ("SecRule TX:x \"@eq 1\" \"id:1\"\nSecRule &TX:x \"@eq 1\" \"id:2\"", &[]),
        ("SecRule TX:1 \"@eq 1\" \"id:1\"", &[]),
        ("SecRule IP:n \"@eq 1\" \"id:1,setvar:ip.n=1\"", &[(1, "no rule opens IP")]),
        ("SecAction \"id:1,setvar:session.n=1\"", &[(1, "open it with setsid")]),
        ("SecAction \"id:1,initcol:ip=x\"\nSecRule IP:is_new \"@eq 1\" \"id:2,setvar:ip.n=1\"", &[]),
        (
            "SecAction \"id:1,phase:1,skipAfter:END\"\nSecAction \"id:2,phase:1\"\nSecAction \"id:3,phase:2\"\n\
             SecAction \"id:4,phase:1\"\nSecMarker END\nSecAction \"id:5,phase:1\"",
            &[(
                2,
                "2 rules from 2 to 4 are never asked: rule 1 (test:1) always holds and skips to its marker",
            )],
        ),
        ("SecRule ARGS a \"id:1,phase:1,skipAfter:END\"\nSecAction \"id:2,phase:1\"\nSecMarker END", &[]),
        (
            "SecAction \"id:1,phase:1,skip:1\"\nSecAction \"id:2,phase:1\"\nSecAction \"id:3,phase:1\"",
            &[(2, "rule 2 is never")],
        ),
        (
            "SecAction \"id:1,phase:1,allow:phase\"\nSecAction \"id:2,phase:1\"\nSecAction \"id:3,phase:2\"",
            &[(2, "ends its phase")],
        ),
        (
            "SecAction \"id:1,phase:1,allow\"\nSecAction \"id:2,phase:2\"\nSecAction \"id:3,phase:5\"",
            &[(2, "rule 2 is never")],
        ),
    ];
    let mut ran = 0;
    for (script, expected) in cases {
        let said = doubts(script);
        assert_eq!(said.len(), expected.len(), "{script}\n{said:#?}");
        for (said, (line, words)) in said.iter().zip(*expected) {
            assert!(said.starts_with(&format!("{line}: rule ")) && said.contains(words), "{script}\n{said}");
        }
        ran += 1;
    }
    assert_eq!(ran, 34);
}
