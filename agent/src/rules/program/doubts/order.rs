//! Rules that another one always passes over.

use super::Doubt;
use crate::rules::program::model::{Disruption, Program, Rule, Step};

/// Rules behind one that always holds and always jumps.
pub(super) fn of_program(program: &Program) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for (at, step) in program.steps.iter().enumerate() {
        let Step::Rule(rule) = step else { continue };
        if !always_holds(rule) {
            continue;
        }
        let rest = program.steps.get(at + 1..).unwrap_or_default();
        let (passed, why) = passed_over(rule, rest);
        let (Some(first), Some(last)) = (passed.first(), passed.last()) else { continue };
        let (id, place) = (rule.meta.id, &rule.meta.place);
        let which = match passed.len() {
            1 => format!("rule {} is never asked", first.meta.id),
            count => format!("{count} rules from {} to {} are never asked", first.meta.id, last.meta.id),
        };
        doubts.push(Doubt::new(&first.meta.place, first.meta.id, format!(
            "{which}: rule {id} ({}:{}) always holds and {why}; give it a condition, or take one of them out",
            place.file, place.line
        )));
    }
    doubts
}

/// Whether nothing of a transaction decides if a rule holds. What `ctl` takes away is not looked at.
fn always_holds(rule: &Rule) -> bool {
    rule.links.iter().all(|link| match link.operator.as_str() {
        "unconditionalMatch" => !link.negated,
        "noMatch" => link.negated,
        _ => false,
    })
}

/// The rules that are passed over when a rule holds, and by what.
fn passed_over<'p>(rule: &Rule, rest: &'p [Step]) -> (Vec<&'p Rule>, &'static str) {
    let of = |phases: fn(u8, u8) -> bool| {
        let rules = rest.iter().filter_map(|step| match step {
            Step::Rule(other) if phases(rule.phase, other.phase) => Some(&**other),
            _ => None,
        });
        rules.collect::<Vec<_>>()
    };
    match rule.then.verdict {
        Disruption::Allow => return (of(|own, other| own <= other && other < 5), "allows everything"),
        Disruption::AllowPhase => return (of(|own, other| own == other), "ends its phase"),
        Disruption::AllowRequest if rule.phase <= 2 => {
            return (of(|own, other| own <= other && other <= 2), "allows the request");
        }
        _ => {}
    }
    let same = |step: &'p Step| match step {
        Step::Rule(other) if other.phase == rule.phase => Some(&**other),
        _ => None,
    };
    if let Some(marker) = &rule.then.skip_after {
        let is_end = |step: &&Step| matches!(step, Step::Marker(name) if name == marker);
        return (
            rest.iter().take_while(|step| !is_end(step)).filter_map(same).collect(),
            "skips to its marker",
        );
    }
    (rest.iter().filter_map(same).take(rule.then.skip as usize).collect(), "skips them")
}
