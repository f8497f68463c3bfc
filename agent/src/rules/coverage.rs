//! Which classes of attacks OWASP CRS takes over from Picket's own rules.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    RuleMeta,
    inapp::{Set, ast::Rule},
    own,
    program::model::{Meta, Program, Step},
};

/// Tags of CRS, and the types of Picket's own rules that are left to it where a rule with one of them is asked at
/// paranoia level 1. What no release has rules for (NoSQL injection, XXE, JNDI look-ups…) stays Picket's.
const CLASSES: [(&[&str], &[&str]); 12] = [
    (&["attack-sqli"], &["sql_injection"]),
    (&["attack-xss"], &["xss"]),
    (&["attack-lfi"], &["lfi"]),
    (&["attack-rfi"], &["rfi"]),
    (&["attack-rce"], &["command_injection"]),
    (&["attack-injection-php"], &["php_code_injection"]),
    (&["attack-injection-java", "language-java"], &["java_code_injection"]),
    // CRS 4 says so by the language.
    (&["attack-injection-nodejs", "language-javascript"], &["js_code_injection"]),
    (&["attack-ssrf"], &["ssrf"]),
    (&["attack-ssti"], &["ssti"]),
    (&["attack-protocol"], &["http_protocol_attack", "http_response_splitting"]),
    (&["attack-reputation-scanner"], &["security_scanner"]),
];

/// Whether rules of CRS are in a program: it keeps its ids to itself.
pub(super) fn is_crs(program: &Program) -> bool {
    metas(program).any(|meta| (901_000..981_000).contains(&meta.id))
}

/// Takes the rules out of a set that have one of the ids `own` and whose classes the program covers.
pub(super) fn give_up(set: &mut Set, own: &[Arc<str>], program: &Program) -> Vec<Arc<RuleMeta>> {
    let at_once = |meta: &&Meta| {
        let mut levels = meta.tags.iter().filter_map(|tag| tag.strip_prefix("paranoia-level/"));
        levels.next().is_none_or(|level| level == "1")
    };
    let tags: BTreeSet<&str> =
        metas(program).filter(at_once).flat_map(|meta| meta.tags.iter().map(String::as_str)).collect();
    let covered = CLASSES.iter().filter(|(names, _)| names.iter().any(|tag| tags.contains(tag)));
    let types: BTreeSet<&str> = covered.flat_map(|(_, types)| types.iter().copied()).collect();
    let (taken, left): (Vec<Rule>, _) = std::mem::take(&mut set.rules).into_iter().partition(|rule| {
        let kind = rule.tags.get("type");
        kind.is_some_and(|kind| types.contains(kind.as_str())) && own.contains(&rule.id)
    });
    set.rules = left;
    taken.iter().map(meta).collect()
}

/// What is said of a rule.
pub(super) fn meta(rule: &Rule) -> Arc<RuleMeta> {
    Arc::new(RuleMeta { id: rule.id.to_string(), name: rule.name.clone(), tags: rule.tags.clone() })
}

/// Of rules from files: what somebody wrote besides is nobody's release.
fn metas(program: &Program) -> impl Iterator<Item = &Meta> {
    program.steps.iter().filter_map(|step| match step {
        Step::Rule(rule) if own::is_name(&rule.meta.place.file) => None,
        Step::Rule(rule) => Some(&*rule.meta),
        Step::Marker(_) => None,
    })
}
