//! Conditions of a rule: operator, its parameters, its inputs.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::value::RawValue;

use super::shape::{ConditionShape, InputShape, ParametersShape};
use super::{ReadError, listed};
use crate::rules::inapp::position::Text;
use crate::rules::model::{Address, Condition, Input, Operator, Source, Transform};
use crate::rules::operators;

/// Transformers of a rule or an input.
#[derive(Clone, Default)]
pub(super) struct Transformers {
    source: Source,
    transforms: Vec<Transform>,
}

pub(super) fn transformers<'t>(raw: &[&'t RawValue], text: &Text<'t>) -> Result<Transformers, ReadError> {
    let mut all = Transformers::default();
    for raw in raw {
        let name: String = text.parse_value(raw)?;
        match name.as_str() {
            "keys_only" => all.source = Source::Keys,
            "values_only" => all.source = Source::Values,
            _ => match Transform::named(&name) {
                Some(transform) => all.transforms.push(transform),
                None => {
                    let known = Transform::ALL.iter().map(|t| t.name()).chain(["keys_only", "values_only"]);
                    let problem = format!("transformer \"{name}\" is not known; known are {}", listed(known));
                    return Err(text.error_at(raw, problem));
                }
            },
        }
    }
    Ok(all)
}

pub(super) fn read<'t>(
    raw: &'t RawValue,
    rule: &Transformers,
    text: &Text<'t>,
) -> Result<Condition, ReadError> {
    let shape: ConditionShape<'_> = text.parse_value(raw)?;
    let parameters: ParametersShape<'_> = text.parse_value(shape.parameters)?;
    let operator = operator(shape.operator, shape.parameters, &parameters, text)?;
    if parameters.inputs.is_empty() {
        return Err(text.error_at(shape.parameters, "no inputs: expected at least one".to_owned()));
    }
    let inputs = parameters.inputs.iter().map(|raw| input(raw, rule, text)).collect::<Result<_, _>>()?;
    Ok(Condition { inputs, operator })
}

fn input<'t>(raw: &'t RawValue, rule: &Transformers, text: &Text<'t>) -> Result<Input, ReadError> {
    let shape: InputShape<'_> = text.parse_value(raw)?;
    let name: String = text.parse_value(shape.address)?;
    let Some(address) = Address::named(&name) else {
        let known = listed(Address::ALL.iter().map(|address| address.name()));
        let problem = format!("address \"{name}\" is not known; known are {known}");
        return Err(text.error_at(shape.address, problem));
    };
    // An input's own transformers stand in place of the rule's.
    let own = shape.transformers.map(|raw| transformers(&raw, text)).transpose()?;
    let Transformers { source, transforms } = own.unwrap_or_else(|| rule.clone());
    Ok(Input { address, key_path: shape.key_path, source, transforms })
}

fn operator<'t>(
    name: &'t RawValue,
    raw: &'t RawValue,
    parameters: &ParametersShape<'t>,
    text: &Text<'t>,
) -> Result<Operator, ReadError> {
    let operator: String = text.parse_value(name)?;
    let options = &parameters.options;
    // Parameters that mean nothing to the operator are mistakes.
    let takes = |what: &str, given: bool, names: &[&str]| {
        if given && !names.contains(&operator.as_str()) {
            let problem = format!("\"{what}\" means nothing to {operator}; it belongs to {}", listed(names));
            return Err(text.error_at(raw, problem));
        }
        Ok(())
    };
    if !Operator::NAMES.contains(&operator.as_str()) {
        let known = listed(Operator::NAMES);
        return Err(text.error_at(name, format!("operator \"{operator}\" is not known; known are {known}")));
    }
    takes("regex", parameters.regex.is_some(), &["match_regex"])?;
    takes("list", parameters.list.is_some(), &["phrase_match", "exact_match", "ip_match"])?;
    takes("options.case_sensitive", options.case_sensitive.is_some(), &["match_regex", "phrase_match"])?;
    takes("options.min_length", options.min_length.is_some(), &["match_regex"])?;
    takes("options.enforce_word_boundary", options.enforce_word_boundary.is_some(), &["phrase_match"])?;
    Ok(match operator.as_str() {
        "match_regex" => {
            let Some(regex) = parameters.regex else {
                return Err(text.error_at(raw, "match_regex without \"regex\"".to_owned()));
            };
            let pattern: String = text.parse_value(regex)?;
            let case_sensitive = options.case_sensitive.unwrap_or(false);
            operators::regex::parse(&pattern, case_sensitive)
                .map_err(|problem| text.error_at(regex, format!("regular expression: {problem}")))?;
            Operator::MatchRegex { pattern, case_sensitive, min_length: options.min_length.unwrap_or(0) }
        }
        "phrase_match" => Operator::PhraseMatch {
            phrases: list(&operator, raw, parameters, text)?,
            case_sensitive: options.case_sensitive.unwrap_or(true),
            word_boundary: options.enforce_word_boundary.unwrap_or(false),
        },
        "exact_match" => Operator::ExactMatch { values: list(&operator, raw, parameters, text)? },
        "ip_match" => {
            let networks = list(&operator, raw, parameters, text)?;
            let networks = networks.iter().map(|network| {
                let single = network.parse::<IpAddr>().map(IpNet::from);
                single.or_else(|_| network.parse::<IpNet>()).map_err(|_| {
                    let at = parameters.list.unwrap_or(raw);
                    let expected = "expected an address or a network, for example \"192.0.2.0/24\"";
                    text.error_at(at, format!("\"{network}\" in the list of ip_match: {expected}"))
                })
            });
            Operator::IpMatch { networks: networks.collect::<Result<_, _>>()? }
        }
        "is_sqli" => Operator::IsSqli,
        _ => Operator::IsXss,
    })
}

fn list<'t>(
    operator: &str,
    raw: &'t RawValue,
    parameters: &ParametersShape<'t>,
    text: &Text<'t>,
) -> Result<Vec<String>, ReadError> {
    let Some(at) = parameters.list else {
        return Err(text.error_at(raw, format!("{operator} without \"list\"")));
    };
    let list: Vec<String> = text.parse_value(at)?;
    if list.is_empty() || list.iter().any(String::is_empty) {
        let problem = format!("the list of {operator}: expected at least one text, none of them empty");
        return Err(text.error_at(at, problem));
    }
    Ok(list)
}
