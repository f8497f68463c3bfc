//! What is doubtful about one rule of a chain.

use super::{Doubt, bytes::behind};
use crate::rules::{
    program::model::{Link, Meta, Selector, Target},
    seclang::operators::SecOperator,
    variable::Kind,
};

/// Variables whose values a pattern that nothing keeps back runs over; with fewer it is no matter.
const MANY: usize = 3;

/// What is doubtful about a rule of a chain, whose operator is this.
pub(in crate::rules::program) fn of_link(
    meta: &Meta,
    phase: u8,
    link: &Link,
    operator: &SecOperator,
) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let mut says = |what: String| doubts.push(Doubt::new(&link.place, meta.id, what));
    let name = &link.operator;
    if let Some(why) = operator.unanswered() {
        says(format!("@{name} never holds: {why}"));
    }
    if let Some(why) = operator.beyond_regular() {
        says(format!(
            "slow: its pattern has {why}, and runs in an engine that goes back, within a limit on its steps; \
             write it without, if it can be"
        ));
    }
    if link.argument.fixed().is_some() {
        impossible(link, operator, &mut says);
    }
    if matches!(name.as_str(), "rx" | "rxGlobal") && !link.negated && link.argument.fixed().is_some() {
        let need = operator.need();
        let stored = |target: &&Target| {
            !target.count && !matches!(target.variable.kind(), Kind::Written | Kind::Matched)
        };
        let many = link.targets.iter().filter(stored).count() >= MANY;
        if many && need.literals.is_none() && need.bytes.is_empty() {
            says("slow: nothing in its pattern has to be in a text, so it runs on every value of many variables; \
                  give it a text that each match has"
                .to_owned());
        }
    }
    phases(phase, link, &mut says);
    twice(link, &mut says);
    doubts
}

/// An operator that no text can meet behind the transformations.
fn impossible(link: &Link, operator: &SecOperator, says: &mut impl FnMut(String)) {
    let steps = if link.multi_match { 0 } else { link.transforms.len() }..=link.transforms.len();
    let mut chains = steps.filter_map(|step| link.transforms.get(..step));
    if link.transforms.is_empty() || chains.any(|chain| operator.can_hold_with(behind(chain))) {
        return;
    }
    let names: Vec<_> = link.transforms.iter().map(|transform| transform.name()).collect();
    let holds = if link.negated { "always holds" } else { "never holds" };
    says(format!(
        "{holds}: what @{} looks for can't be in a text behind {}; write it as it is there, or begin the \
         pattern with (?i)",
        link.operator,
        names.join(", ")
    ));
}

/// Variables that have no value yet.
fn phases(phase: u8, link: &Link, says: &mut impl FnMut(String)) {
    let late = |target: &&Target| !target.count && target.variable.phase() > phase;
    let count = link.targets.iter().filter(late).count();
    if count == 0 {
        return;
    }
    for target in link.targets.iter().filter(late) {
        let (name, from) = (target.variable.name(), target.variable.phase());
        let effect = if count == link.targets.len() { "it never holds" } else { "it is not looked at" };
        says(format!("{name} has no value before phase {from}, so {effect}: this is phase {phase}"));
    }
}

/// The same target more than once.
fn twice(link: &Link, says: &mut impl FnMut(String)) {
    for (at, target) in link.targets.iter().enumerate() {
        let before = link.targets.get(..at).unwrap_or_default();
        if before.contains(target) {
            let count = if target.count { "&" } else { "" };
            let name = target.variable.name();
            says(format!(
                "{count}{name}{} stands twice: it is asked twice; take one out",
                selector(&target.selector)
            ));
        }
    }
    for (at, excluded) in link.excluded.iter().enumerate() {
        if link.excluded.get(..at).unwrap_or_default().contains(excluded) {
            let name = excluded.variable.name();
            says(format!("!{name}{} stands twice: take one out", selector(&excluded.selector)));
        }
    }
}

fn selector(selector: &Selector) -> String {
    match selector {
        Selector::All => String::new(),
        Selector::Regex(pattern) => format!(":/{pattern}/"),
        Selector::Name(name) => match name.fixed() {
            Some(name) => format!(":{}", String::from_utf8_lossy(name)),
            None => ":…".to_owned(),
        },
    }
}
