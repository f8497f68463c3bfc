//! Picket's own rules, each with the requests beside it in `rules/cases/`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use super::{compile, ids, own};
use crate::rules::cases::{self, Case, RuleCases};
use crate::rules::model::{Address, Source, Transform};
use crate::rules::program::{
    engine::Engine,
    run::{Facts, Scratch},
};
use crate::rules::{RuleMeta, inapp};

#[test]
fn each_rule_holds_where_it_should_and_nowhere_else() {
    let set = own();
    let engine = compile(&set).unwrap();
    let mut without_cases: BTreeSet<_> = set.rules.iter().map(|rule| rule.id.to_string()).collect();
    let (mut ran, mut wrong) = (0, Vec::new());
    let mut scratch = Scratch::default();
    for RuleCases { rule, matches, clean, .. } in own_cases() {
        assert!(without_cases.remove(&rule), "no rule {rule}, or its cases stand twice");
        assert!(matches.len() >= 2 && clean.len() >= 2, "{rule}: at least two cases of each kind");
        for (expected, case) in matches.iter().map(|c| (true, c)).chain(clean.iter().map(|c| (false, c))) {
            let found = answered(&engine, case, &mut scratch);
            if found.iter().any(|found| found.id == rule) != expected {
                let found: Vec<_> = found.iter().map(|found| &found.id).collect();
                wrong.push(format!("{rule} expected {expected}, found {found:?}: {case:?}"));
            }
            ran += 1;
        }
    }
    println!("PICKET-CASES kind=rule_case ran={ran} failed={}", wrong.len());
    assert!(wrong.is_empty(), "{} of {ran} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(without_cases.is_empty(), "rules without cases: {without_cases:?}");
    assert!(ran >= 1000, "{ran} cases ran");
}

/// A rule that nobody can say the reason of is dropped.
#[test]
fn each_rule_says_why_it_is_there() {
    /// Words by which a reader finds what a reason rests on.
    const SOURCES: [&str; 27] = [
        "CVE-",
        "CWE-",
        "RFC ",
        "OWASP",
        "MITRE",
        "CISA",
        "NSA",
        "SANS",
        "PortSwigger",
        "PayloadsAllTheThings",
        "HackTricks",
        "SecLists",
        "GreyNoise",
        "PHP manual",
        "Unicode",
        "WHATWG",
        "jsfuck.com",
        "libinjection",
        "Fetch standard",
        "MongoDB's manual",
        "sqlmap",
        "CRS",
        "HTML",
        "LOLBAS",
        "Orange Tsai",
        "James Kettle",
        "documentation",
    ];
    let reasons: BTreeMap<String, String> =
        own_cases().into_iter().filter_map(|of| Some((of.rule, of.reason?))).collect();
    let (mut ran, mut wrong) = (0, Vec::new());
    for rule in &own().rules {
        let reason = reasons.get(&*rule.id).map_or("", String::as_str);
        let sourced = SOURCES.iter().any(|source| reason.contains(source));
        if !(80..=700).contains(&reason.len()) || !sourced {
            wrong.push(format!("{}: {reason:?}", rule.id));
        }
        assert_eq!(crate::rules::reason(&rule.id).as_deref(), Some(reason), "{}", rule.id);
        ran += 1;
    }
    println!("PICKET-CASES kind=rule_reason ran={ran} failed={}", wrong.len());
    assert!(wrong.is_empty(), "no reason of 80 to 700 bytes with a source:\n{}", wrong.join("\n"));
    assert!(ran >= 130, "{ran} rules");
    assert_eq!(crate::rules::reason("nobody's"), None);
}

fn own_cases() -> Vec<RuleCases> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    cases::beside(&folder).unwrap_or_else(|error| panic!("{error}"))
}

/// The rules that hold on a case, with its response when it has one.
pub(super) fn answered(engine: &Engine, case: &Case, scratch: &mut Scratch) -> Vec<Arc<RuleMeta>> {
    let exchange = case.exchange();
    let facts = Facts::of_client([192, 0, 2, 7].into(), 1_000);
    let verdict = engine.judge(&exchange.request, exchange.response.as_ref(), &facts, scratch);
    verdict.in_app.into_iter().map(|found| found.rule).collect()
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
    for RuleCases { rule, matches, clean, .. } in cases {
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
