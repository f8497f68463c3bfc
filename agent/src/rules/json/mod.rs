//! Picket's native rule format: the JSON of Datadog's In-App WAF, `version` 2.1 or 2.2.
//!
//! Read strictly: an unknown key, address, operator or transformer is an error that says where it is
//! and what is known, never a rule silently weaker than its author thinks.

mod condition;
mod shape;

use std::{collections::HashSet, fmt};

use serde_json::value::RawValue;

pub use super::inapp::ReadError;
use super::inapp::position::Text;
use super::model::{Rule, RuleMeta, RuleSet};
use crate::limits;
use shape::{FileShape, RuleShape};

/// Reads a rule file; `source` names it in errors.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(text: &[u8], source: &str) -> Result<RuleSet, ReadError> {
    let text = Text::new(text, source)?;
    let file: FileShape<'_> = text.parse(text.whole())?;
    let version: String = text.parse_value(file.version)?;
    if version != "2.1" && version != "2.2" {
        return Err(
            text.error_at(file.version, format!("version \"{version}\": expected \"2.1\" or \"2.2\""))
        );
    }
    if file.rules.len() > limits::MAX_RULES {
        let problem = format!("{} rules: at most {} in one file", file.rules.len(), limits::MAX_RULES);
        return Err(text.error_at(file.version, problem));
    }
    let mut ids = HashSet::new();
    let mut rules = Vec::with_capacity(file.rules.len());
    for raw in file.rules {
        let rule = rule(raw, &text)?;
        if !ids.insert(rule.meta.id.clone()) {
            let problem = format!("rule id \"{}\" a second time: ids are unique", rule.meta.id);
            return Err(text.error_at(raw, problem));
        }
        rules.push(rule);
    }
    Ok(RuleSet { rules })
}

fn rule<'t>(raw: &'t RawValue, text: &Text<'t>) -> Result<Rule, ReadError> {
    let shape: RuleShape<'_> = text.parse_value(raw)?;
    let wrong = |problem: &str| Err(text.error_at(raw, format!("rule \"{}\": {problem}", shape.id)));
    if shape.id.is_empty() {
        return Err(text.error_at(raw, "rule without an id: expected a text that is not empty".to_owned()));
    }
    for tag in ["type", "category"] {
        if !shape.tags.contains_key(tag) {
            return wrong(&format!(
                "no tag \"{tag}\": expected for example \"tags\": {{\"type\": \"sql_injection\", \"category\": \"attack_attempt\"}}"
            ));
        }
    }
    if shape.conditions.is_empty() {
        return wrong("no conditions: expected at least one");
    }
    let transformers = condition::transformers(&shape.transformers, text)?;
    let conditions = shape
        .conditions
        .iter()
        .map(|raw| condition::read(raw, &transformers, text))
        .collect::<Result<_, _>>()?;
    Ok(Rule {
        meta: RuleMeta { id: shape.id, name: shape.name, tags: shape.tags }.into(),
        conditions,
        on_match: shape.on_match,
        enabled: shape.enabled,
    })
}

/// `"a", "b", "c"`.
fn listed<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
