//! Rules.

use crate::rules::inapp::{
    ast::{Attribute, AttributeValue, Origin, Output, Rule, Scalar},
    node::Node,
    position::ReadError,
};

use super::{condition, text_list, texts};

const KEYS: [&str; 10] = [
    "id",
    "name",
    "tags",
    "conditions",
    "transformers",
    "on_match",
    "enabled",
    "output",
    "min_version",
    "max_version",
];

pub(super) fn read(node: Node<'_, '_>, origin: Origin) -> Result<Rule, ReadError> {
    let rule = node.object(&KEYS)?;
    let id = rule.need("id")?.name()?;
    let tags = rule.need("tags")?;
    let tags = (tags, texts(tags)?);
    if !tags.1.contains_key("type") {
        return Err(tags.0.error("expected a tag \"type\", for example \"type\": \"sql_injection\""));
    }
    let transformers = rule.get("transformers").map(condition::transformers).transpose()?.unwrap_or_default();
    let conditions = rule.need("conditions")?;
    let conditions = condition::read_all(conditions, &transformers)?;
    if conditions.is_empty() {
        return Err(rule.need("conditions")?.error("expected at least one condition"));
    }
    let output = rule.get("output").map(output).transpose()?.unwrap_or_default();
    Ok(Rule {
        id: id.into(),
        name: rule.need("name")?.text()?,
        tags: tags.1,
        origin,
        conditions,
        on_match: rule.get("on_match").map(text_list).transpose()?.unwrap_or_default(),
        enabled: rule.get("enabled").map_or(Ok(true), |enabled| enabled.boolean())?,
        output,
        place: node.place(),
    })
}

fn output(node: Node<'_, '_>) -> Result<Output, ReadError> {
    let output = node.object(&["event", "keep", "attributes"])?;
    let flag = |key| output.get(key).map_or(Ok(true), |flag| flag.boolean());
    let mut attributes = Vec::new();
    if let Some(named) = output.get("attributes") {
        for (name, value) in named.map()?.iter() {
            attributes.push(Attribute { name: name.to_owned(), value: attribute(value)? });
        }
    }
    let output = Output { event: flag("event")?, keep: flag("keep")?, attributes };
    if !output.event && output.attributes.is_empty() {
        return Err(node.error("neither an event nor an attribute: the rule would say nothing"));
    }
    Ok(output)
}

fn attribute(node: Node<'_, '_>) -> Result<AttributeValue, ReadError> {
    let keys = node.map()?;
    if keys.get("value").is_some() {
        return Ok(AttributeValue::Literal(scalar(node.object(&["value"])?.need("value")?)?));
    }
    if keys.get("address").is_none() {
        return Err(node.error("expected a key \"value\" or \"address\""));
    }
    Ok(AttributeValue::Taken(condition::input(node, &condition::Transformers::default())?))
}

/// One value, of the kind it has in JSON.
fn scalar(node: Node<'_, '_>) -> Result<Scalar, ReadError> {
    if node.is_text() {
        return Ok(Scalar::String(node.string()?));
    }
    if node.is_boolean() {
        return Ok(Scalar::Boolean(node.boolean()?));
    }
    if !node.is_number() {
        return Err(node.error("expected a text, a number, true or false"));
    }
    let number = node.number()?;
    let whole = number.as_u64().map(Scalar::Unsigned).or_else(|| number.as_i64().map(Scalar::Signed));
    whole.map_or_else(|| Ok(Scalar::Float(node.float()?)), Ok)
}
