//! Conditions and their inputs.

use super::operator;
use crate::{
    limits,
    rules::{
        inapp::{
            address::{Address, Known},
            ast::{Condition, Input, Key, Operator, Source, Transform},
            node::{Node, Object},
            position::ReadError,
        },
        seclang::names,
    },
};

/// What `transformers` says.
#[derive(Clone, Default)]
pub(super) struct Transformers {
    source: Source,
    transforms: Vec<Transform>,
}

pub(super) fn transformers(node: Node<'_, '_>) -> Result<Transformers, ReadError> {
    let list = node.list()?;
    if list.len() > limits::TRANSFORMERS {
        let problem = format!("{} transformers in a row: at most {}", list.len(), limits::TRANSFORMERS);
        return Err(node.error(problem));
    }
    let mut all = Transformers::default();
    for node in list.iter() {
        let name = node.string()?;
        match name.as_str() {
            "keys_only" => all.source = Source::Keys,
            "values_only" => all.source = Source::Values,
            _ => match Transform::named(&name) {
                Some(transform) => all.transforms.push(transform),
                None => {
                    let known = Transform::names().chain(["keys_only", "values_only"]);
                    let known: Vec<_> = known.collect();
                    let near = names::meant(&name, known.iter().copied());
                    let near =
                        if near.is_empty() { format!("; known are {}", known.join(", ")) } else { near };
                    return Err(node.error(format!("transformer {} is not known{near}", names::shown(&name))));
                }
            },
        }
    }
    Ok(all)
}

/// `conditions`; may be empty.
pub(super) fn read_all(node: Node<'_, '_>, transformers: &Transformers) -> Result<Vec<Condition>, ReadError> {
    node.list()?.iter().map(|node| read(node, transformers)).collect()
}

fn read(node: Node<'_, '_>, transformers: &Transformers) -> Result<Condition, ReadError> {
    let condition = node.object(&["operator", "parameters"])?;
    let name = condition.need("operator")?;
    let wanted = operator::Name::of_condition(name)?;
    let parameters = condition.need("parameters")?.object(&wanted.keys())?;
    let operator = operator::read(&wanted, &parameters, transformers)?;
    let inputs = match &operator {
        Operator::InProcess(_) => Vec::new(),
        _ => inputs(&parameters, "inputs", transformers)?,
    };
    if wanted.negated && inputs.len() > 1 {
        let problem = format!("{} takes one input, found {}", wanted.written(), inputs.len());
        return Err(parameters.need("inputs")?.error(problem));
    }
    Ok(Condition { operator, negated: wanted.negated, inputs, place: node.place() })
}

/// A list of at least one input.
pub(super) fn inputs(
    parameters: &Object<'_, '_>,
    key: &str,
    transformers: &Transformers,
) -> Result<Vec<Input>, ReadError> {
    let node = parameters.need(key)?;
    let list = node.list()?;
    if list.is_empty() {
        return Err(
            node.error("expected at least one input, for example {\"address\": \"server.request.query\"}")
        );
    }
    list.iter().map(|node| input(node, transformers)).collect()
}

/// `address`, `key_path`, and `transformers` in place of the rule's.
pub(super) fn input(node: Node<'_, '_>, rule: &Transformers) -> Result<Input, ReadError> {
    let input = node.object(&["address", "key_path", "transformers"])?;
    let own = input.get("transformers").map(transformers).transpose()?;
    let Transformers { source, transforms } = own.unwrap_or_else(|| rule.clone());
    Ok(Input {
        address: address(&input)?,
        key_path: input.get("key_path").map_or(Ok(Vec::new()), key_path)?,
        source,
        transforms,
    })
}

/// `address`: any name. One that is nearly a known one is probably that, mistyped.
pub(super) fn address(input: &Object<'_, '_>) -> Result<Address, ReadError> {
    let node = input.need("address")?;
    let name = node.name()?;
    let address = Address::named(&name);
    if matches!(address, Address::Other(_)) {
        let near = names::meant(&name, Known::ALL.iter().map(|known| known.name()));
        if !near.is_empty() {
            node.warn(format!("address {} is not known{near}", names::shown(&name)));
        }
    }
    Ok(address)
}

fn key_path(node: Node<'_, '_>) -> Result<Vec<Key>, ReadError> {
    path(node, key)
}

/// The steps of a path.
pub(super) fn path(
    node: Node<'_, '_>,
    step: impl Fn(Node<'_, '_>) -> Result<Key, ReadError>,
) -> Result<Vec<Key>, ReadError> {
    let list = node.list()?;
    if list.len() > limits::KEY_PATH {
        return Err(node.error(format!("{} steps: at most {}", list.len(), limits::KEY_PATH)));
    }
    list.iter().map(step).collect()
}

/// A name, or a number: an element of a list.
pub(super) fn key(node: Node<'_, '_>) -> Result<Key, ReadError> {
    if node.is_number() {
        return Ok(Key::Index(node.signed()?));
    }
    let name = node.string()?;
    if name.is_empty() {
        return Err(node.error("expected a name that is not empty, or a number"));
    }
    Ok(Key::Name(name))
}
