//! Picket's own rules, each with the requests beside it in `rules/cases/`.

use std::{collections::BTreeSet, path::Path};

use super::{compile, ids, own};
use crate::rules::cases::{self, RuleCases};
use crate::rules::inapp;
use crate::rules::model::{Address, Source, Transform};

#[test]
fn each_rule_holds_where_it_should_and_nowhere_else() {
    let set = own();
    let engine = compile(&set).unwrap();
    let mut without_cases: BTreeSet<_> = set.rules.iter().map(|rule| rule.id.to_string()).collect();
    let (mut ran, mut wrong) = (0, Vec::new());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    for RuleCases { rule, matches, clean } in cases::beside(&folder).unwrap_or_else(|error| panic!("{error}"))
    {
        assert!(without_cases.remove(&rule), "no rule {rule}, or its cases stand twice");
        assert!(matches.len() >= 2 && clean.len() >= 2, "{rule}: at least two cases of each kind");
        for (expected, case) in matches.iter().map(|c| (true, c)).chain(clean.iter().map(|c| (false, c))) {
            let found = ids(&engine, &case.request());
            if found.contains(&rule) != expected {
                wrong.push(format!("{rule} expected {expected}, found {found:?}: {case:?}"));
            }
            ran += 1;
        }
    }
    println!("PICKET-CASES kind=rule_case ran={ran} failed={}", wrong.len());
    assert!(wrong.is_empty(), "{} of {ran} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(without_cases.is_empty(), "rules without cases: {without_cases:?}");
    assert!(ran >= 400, "{ran} cases ran");
}

/// The examples of `docs/rules.md` are what they say.
#[test]
fn the_documentation_holds() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    let text = std::fs::read_to_string(path).unwrap();
    let blocks: Vec<_> = text.split("```json\n").skip(1).filter_map(|b| b.split("```").next()).collect();
    let [rules, cases] = blocks[..] else { panic!("{} JSON examples, expected 2", blocks.len()) };
    let mut set = super::set(rules);
    // The second condition (the method) is there to be shown; the cases are about the first.
    set.rules[0].conditions.truncate(1);
    let engine = compile(&set).unwrap();
    let cases: Vec<RuleCases> = serde_json::from_str(cases).unwrap();
    for RuleCases { rule, matches, clean } in cases {
        assert!(matches.iter().all(|case| ids(&engine, &case.request()) == [rule.clone()]));
        assert!(clean.iter().all(|case| ids(&engine, &case.request()).is_empty()));
    }
    let seen = Address::ALL.iter().filter(|address| address.variable(Source::Values).is_some());
    for name in seen.map(|address| address.name()).filter(|name| !name.starts_with("_dd.")) {
        assert!(text.contains(&format!("`{name}`")), "docs/rules.md does not name {name}");
    }
    for name in Transform::ALL.iter().map(|transform| transform.name()) {
        assert!(text.contains(&format!("| `{name}` |")), "docs/rules.md does not name {name}");
    }
    for name in inapp::operators() {
        assert!(text.contains(&format!("`{name}`")), "docs/rules.md does not name {name}");
    }
}

/// So are those in SecLang, and they may stand in one file.
#[test]
fn the_documented_seclang_compiles() {
    use crate::rules::{program::compile, seclang};
    let text = include_str!("../../../../docs/rules.md");
    let blocks: Vec<_> = text.split("```apache\n").skip(1).filter_map(|b| b.split("```").next()).collect();
    assert_eq!(blocks.len(), 2, "examples in SecLang");
    let script =
        seclang::read_text(blocks.concat(), "docs/rules.md").unwrap_or_else(|error| panic!("{error}"));
    let program = seclang::lower::lower(&script.directives).unwrap_or_else(|error| panic!("{error}"));
    let engine =
        compile::compile(&program, &|_, name| Err(name.to_owned())).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(engine.rules(), 2);
}
