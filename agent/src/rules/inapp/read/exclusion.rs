//! Exclusions and overrides.

use super::{condition, references, text_list, texts};
use crate::rules::inapp::{
    ast::{Exclusion, Exempt, ExemptInput, Key, OnMatch, Override, Reference},
    node::Node,
    position::ReadError,
};

pub(super) fn read(node: Node<'_, '_>) -> Result<Exclusion, ReadError> {
    let exclusion = node.object(&[
        "id",
        "conditions",
        "rules_target",
        "inputs",
        "on_match",
        "min_version",
        "max_version",
    ])?;
    let id = exclusion.need("id")?.name()?;
    // Exclusions have no transformers but those of inputs.
    let none = condition::Transformers::default();
    let conditions = exclusion.get("conditions").map(|node| condition::read_all(node, &none)).transpose()?;
    let conditions = conditions.unwrap_or_default();
    let targets = exclusion.get("rules_target").map(references).transpose()?.unwrap_or_default();
    let effect = match exclusion.get("inputs") {
        Some(inputs) => {
            if let Some(on_match) = exclusion.get("on_match") {
                on_match.warn("is passed over: where \"inputs\" are, \"on_match\" means nothing");
            }
            let list = inputs.list()?;
            if list.is_empty() {
                return Err(
                    inputs.error("expected at least one input; without \"inputs\" whole rules are left out")
                );
            }
            Exempt::Inputs(list.iter().map(exempt).collect::<Result<_, _>>()?)
        }
        None if conditions.is_empty() && targets.is_empty() => {
            let problem =
                "this would leave out every rule: expected \"conditions\", \"rules_target\" or \"inputs\"";
            return Err(node.error(problem));
        }
        None => Exempt::Rules(exclusion.get("on_match").map_or(Ok(OnMatch::Bypass), on_match)?),
    };
    Ok(Exclusion { id: id.into(), conditions, targets, effect, place: node.place() })
}

fn on_match(node: Node<'_, '_>) -> Result<OnMatch, ReadError> {
    Ok(match node.string()?.as_str() {
        "" => return Err(node.error("expected \"bypass\", \"monitor\" or the id of an action")),
        "bypass" => OnMatch::Bypass,
        "monitor" => OnMatch::Monitor,
        action => OnMatch::Action(action.to_owned()),
    })
}

fn exempt(node: Node<'_, '_>) -> Result<ExemptInput, ReadError> {
    let input = node.object(&["address", "key_path"])?;
    let key_path = input.get("key_path").map(|node| {
        condition::path(node, |step| match condition::key(step)? {
            Key::Name(name) if name == "*" => Ok(Key::Any),
            key => Ok(key),
        })
    });
    Ok(ExemptInput {
        address: condition::address(&input)?,
        key_path: key_path.transpose()?.unwrap_or_default(),
    })
}

pub(super) fn read_override(node: Node<'_, '_>) -> Result<Override, ReadError> {
    let item = node.object(&["id", "rules_target", "enabled", "on_match", "tags"])?;
    let targets = match item.get("rules_target") {
        Some(targets) if !targets.list()?.is_empty() => references(targets)?,
        // The older form, of one rule.
        _ => match item.get("id") {
            Some(id) => vec![Reference::Id(id.name()?)],
            None => return Err(node.error("no rule is named: expected \"rules_target\"")),
        },
    };
    let by_id = targets.iter().filter(|target| matches!(target, Reference::Id(_))).count();
    if by_id != 0 && by_id != targets.len() {
        return Err(item
            .need("rules_target")?
            .error("expected rules by id or by tags, found both: write two overrides"));
    }
    let item = Override {
        targets,
        enabled: item.get("enabled").map(|enabled| enabled.boolean()).transpose()?,
        on_match: item.get("on_match").map(text_list).transpose()?,
        tags: item.get("tags").map(texts).transpose()?.unwrap_or_default(),
        place: node.place(),
    };
    if item.enabled.is_none() && item.on_match.is_none() && item.tags.is_empty() {
        return Err(node.error("nothing is changed: expected \"enabled\", \"on_match\" or \"tags\""));
    }
    Ok(item)
}
