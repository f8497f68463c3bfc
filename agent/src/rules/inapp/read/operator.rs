//! Operators and their parameters.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::{IpNet, Ipv4Net};

use super::{
    condition::{self, Transformers},
    text_list,
};
use crate::rules::{
    inapp::{
        ast::{Argument, Checksum, Detector, DetectorKind, Expected, List, Number, Operator, Pattern},
        node::{Node, Object},
        position::ReadError,
    },
    operators,
    seclang::names,
};

/// The operators by their names in conditions, and what they take beside inputs.
const OPERATORS: [(&str, &[&str]); 12] = [
    ("match_regex", &["regex", "options"]),
    ("match_regex_with_checksum", &["regex", "checksum", "options"]),
    ("phrase_match", &["list", "options"]),
    ("exact_match", &["list", "data"]),
    ("ip_match", &["list", "data"]),
    ("is_sqli", &[]),
    ("is_xss", &[]),
    ("hidden_ascii_match", &[]),
    ("exists", &[]),
    ("equals", &["type", "value", "delta"]),
    ("greater_than", &["type", "value"]),
    ("lower_than", &["type", "value"]),
];

/// The names of operators.
pub fn names() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|(name, _)| *name)
}

/// Those that can stand after `!`.
const NEGATED: [&str; 7] = [
    "match_regex",
    "match_regex_with_checksum",
    "phrase_match",
    "exact_match",
    "ip_match",
    "equals",
    "exists",
];

/// Names that mean the opposite of another operator.
const OPPOSITES: [(&str, &str); 2] = [("greater_equal", "lower_than"), ("lower_equal", "greater_than")];

/// The name of an operator, taken apart.
pub(super) struct Name {
    name: String,
    kind: Kind,
    pub negated: bool,
    /// After `@v`.
    version: u32,
}

#[derive(Clone, Copy)]
enum Kind {
    Scalar(&'static str, &'static [&'static str]),
    Detector(DetectorKind),
}

impl Name {
    /// Of a condition: with `!` and `@v2`.
    pub fn of_condition(node: Node<'_, '_>) -> Result<Self, ReadError> {
        let written = node.string()?;
        let (name, version) = match written.split_once("@v") {
            // libddwaf takes what is no number for the first version.
            Some((name, version)) => (name, version.parse().unwrap_or(1)),
            None => (written.as_str(), 1),
        };
        let (name, negated) = match name.strip_prefix('!') {
            Some(name) => (name, true),
            None => (name, false),
        };
        if let Some((_, opposite)) = OPPOSITES.iter().find(|(known, _)| *known == name && !negated) {
            let kind = scalar(opposite).ok_or_else(|| unknown(node, &written))?;
            return Ok(Self { name: written.clone(), kind, negated: true, version });
        }
        let detector = DetectorKind::ALL.into_iter().find(|kind| kind.name() == name);
        let kind = detector.map(Kind::Detector).or_else(|| scalar(name));
        let kind = kind.ok_or_else(|| unknown(node, &written))?;
        if negated && !NEGATED.contains(&name) {
            let known = NEGATED.join(", ");
            return Err(node.error(format!("{name} has no opposite; after \"!\" can stand {known}")));
        }
        if version > 1 && detector.is_none() {
            node.warn(format!("{name} has no versions: \"@v{version}\" is passed over"));
        }
        Ok(Self { name: name.to_owned(), kind, negated, version })
    }

    /// Of a scanner: those that look at one value.
    pub fn of_scanner(node: Node<'_, '_>) -> Result<Self, ReadError> {
        let name = node.string()?;
        let kind = scalar(&name).filter(|_| name != "exists").ok_or_else(|| unknown(node, &name))?;
        Ok(Self { name, kind, negated: false, version: 1 })
    }

    /// As it stands in a condition.
    pub fn written(&self) -> String {
        let plain = OPPOSITES.iter().any(|(known, _)| *known == self.name);
        format!("{}{}", if self.negated && !plain { "!" } else { "" }, self.name)
    }

    /// The keys of its parameters in a condition.
    pub fn keys(&self) -> Vec<&'static str> {
        match self.kind {
            Kind::Scalar(_, keys) => ["inputs"].iter().chain(keys).copied().collect(),
            Kind::Detector(kind) => arguments(kind).iter().copied().chain(["options", "policy"]).collect(),
        }
    }

    /// The keys of its parameters in a scanner.
    pub fn keys_of_scanner(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Scalar(_, keys) => keys,
            Kind::Detector(_) => &[],
        }
    }
}

fn scalar(name: &str) -> Option<Kind> {
    OPERATORS.iter().find(|(known, _)| *known == name).map(|(known, keys)| Kind::Scalar(known, keys))
}

fn unknown(node: Node<'_, '_>, name: &str) -> ReadError {
    let known: Vec<&str> = OPERATORS
        .iter()
        .map(|(name, _)| *name)
        .chain(OPPOSITES.iter().map(|(name, _)| *name))
        .chain(DetectorKind::ALL.iter().map(|kind| kind.name()))
        .collect();
    let near = names::meant(name.trim_start_matches('!'), known.iter().copied());
    let near = if near.is_empty() { format!("; known are {}", known.join(", ")) } else { near };
    node.error(format!("operator {} is not known{near}", names::shown(name)))
}

pub(super) fn read(
    name: &Name,
    parameters: &Object<'_, '_>,
    transformers: &Transformers,
) -> Result<Operator, ReadError> {
    let operator = match name.kind {
        Kind::Scalar(operator, _) => operator,
        Kind::Detector(kind) => {
            return Ok(Operator::InProcess(detector(kind, name.version, parameters, transformers)?));
        }
    };
    Ok(match operator {
        "match_regex" => Operator::MatchRegex(pattern(parameters)?),
        "match_regex_with_checksum" => {
            let node = parameters.need("checksum")?;
            let checksum = match node.string()?.as_str() {
                "luhn" => Checksum::Luhn,
                other => {
                    let problem = format!("checksum {} is not known; known is luhn", names::shown(other));
                    return Err(node.error(problem));
                }
            };
            Operator::MatchRegexWithChecksum { pattern: pattern(parameters)?, checksum }
        }
        "phrase_match" => phrases(parameters)?,
        "exact_match" => Operator::ExactMatch(list(parameters, text_list)?),
        "ip_match" => Operator::IpMatch(list(parameters, networks)?),
        "is_sqli" => Operator::IsSqli,
        "is_xss" => Operator::IsXss,
        "hidden_ascii_match" => Operator::HiddenAscii,
        "exists" => Operator::Exists,
        "equals" => Operator::Equals(expected(parameters)?),
        "greater_than" => Operator::GreaterThan(number(parameters)?),
        _ => Operator::LowerThan(number(parameters)?),
    })
}

fn pattern(parameters: &Object<'_, '_>) -> Result<Pattern, ReadError> {
    let node = parameters.need("regex")?;
    let regex = node.string()?;
    let options = parameters.get("options");
    let options = options.map(|node| node.object(&["case_sensitive", "min_length"])).transpose()?;
    let option = |key| options.as_ref().and_then(|options| options.get(key));
    let case_sensitive = option("case_sensitive").map_or(Ok(false), |node| node.boolean())?;
    let min_length = option("min_length").map_or(Ok(0), |node| node.unsigned())?;
    operators::regex::parse(&regex, case_sensitive)
        .map_err(|problem| node.error(format!("regular expression: {problem}")))?;
    Ok(Pattern { regex, case_sensitive, min_length: usize::try_from(min_length).unwrap_or(usize::MAX) })
}

fn phrases(parameters: &Object<'_, '_>) -> Result<Operator, ReadError> {
    let node = parameters.need("list")?;
    let list = node.list()?;
    let phrases = list.iter().map(|phrase| {
        let text = phrase.string()?;
        if text.is_empty() { Err(phrase.error("expected a phrase that is not empty")) } else { Ok(text) }
    });
    let phrases: Vec<_> = phrases.collect::<Result<_, _>>()?;
    warn_of_nothing(node, &phrases);
    let options = parameters.get("options");
    let options =
        options.map(|node| node.object(&["case_sensitive", "enforce_word_boundary"])).transpose()?;
    let option = |key| options.as_ref().and_then(|options| options.get(key));
    Ok(Operator::PhraseMatch {
        phrases,
        case_sensitive: option("case_sensitive").map_or(Ok(true), |node| node.boolean())?,
        word_boundary: option("enforce_word_boundary").map_or(Ok(false), |node| node.boolean())?,
    })
}

/// `list`, or else `data`.
fn list<T>(
    parameters: &Object<'_, '_>,
    read: impl Fn(Node<'_, '_>) -> Result<Vec<T>, ReadError>,
) -> Result<List<T>, ReadError> {
    let data = parameters.get("data");
    let Some(node) = parameters.get("list") else {
        let missing = || parameters.node.error("expected a key \"list\" or \"data\"");
        return Ok(List::Data(data.ok_or_else(missing)?.name()?));
    };
    if let Some(data) = data {
        data.warn("is passed over: where a \"list\" is, \"data\" means nothing");
    }
    let values = read(node)?;
    warn_of_nothing(node, &values);
    Ok(List::Here(values))
}

fn warn_of_nothing<T>(node: Node<'_, '_>, values: &[T]) {
    if values.is_empty() {
        node.warn("a list of nothing: the condition never holds");
    }
}

fn networks(node: Node<'_, '_>) -> Result<Vec<IpNet>, ReadError> {
    let mut networks = Vec::new();
    for node in node.list()?.iter() {
        match network(node) {
            Ok(network) => networks.push(network),
            Err(error) => node.cx.leave_out(error)?,
        }
    }
    Ok(networks)
}

/// An address or a network. IPv4 mapped into IPv6 is IPv4.
pub(super) fn network(node: Node<'_, '_>) -> Result<IpNet, ReadError> {
    let text = node.string()?;
    let network = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>());
    let network = network.map_err(|_| {
        let expected = "expected an address or a network, for example \"192.0.2.0/24\"";
        node.error(format!("{expected}, found {}", names::shown(&text)))
    })?;
    let mapped = match network {
        IpNet::V6(v6) => v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    let mapped = mapped.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    Ok(mapped.map_or(network, IpNet::V4))
}

fn expected(parameters: &Object<'_, '_>) -> Result<Expected, ReadError> {
    let (kind, value) = (parameters.need("type")?, parameters.need("value")?);
    Ok(match kind.string()?.as_str() {
        "string" => Expected::String(value.text()?),
        "boolean" => Expected::Boolean(value.boolean()?),
        "unsigned" => Expected::Unsigned(value.unsigned()?),
        "signed" => Expected::Signed(value.signed()?),
        "float" => Expected::Float {
            value: value.float()?,
            delta: parameters.get("delta").map_or(Ok(0.01), |delta| delta.float())?,
        },
        _ => {
            return Err(kind.error("expected \"string\", \"boolean\", \"unsigned\", \"signed\" or \"float\""));
        }
    })
}

fn number(parameters: &Object<'_, '_>) -> Result<Number, ReadError> {
    let (kind, value) = (parameters.need("type")?, parameters.need("value")?);
    Ok(match kind.string()?.as_str() {
        "unsigned" => Number::Unsigned(value.unsigned()?),
        "signed" => Number::Signed(value.signed()?),
        "float" => Number::Float(value.float()?),
        _ => return Err(kind.error("expected \"unsigned\", \"signed\" or \"float\"")),
    })
}

fn arguments(kind: DetectorKind) -> &'static [&'static str] {
    match kind {
        DetectorKind::Sql => &["resource", "params", "db_type"],
        _ => &["resource", "params"],
    }
}

fn detector(
    kind: DetectorKind,
    version: u32,
    parameters: &Object<'_, '_>,
    transformers: &Transformers,
) -> Result<Detector, ReadError> {
    let arguments = arguments(kind).iter().map(|&name| {
        let inputs = condition::inputs(parameters, name, transformers)?;
        if name != "params" && inputs.len() > 1 {
            let problem = format!("expected one input, found {}", inputs.len());
            return Err(parameters.need(name)?.error(problem));
        }
        Ok(Argument { name, inputs })
    });
    let arguments = arguments.collect::<Result<_, _>>()?;
    let mut settings = BTreeMap::new();
    for key in ["options", "policy"] {
        if let Some(node) = parameters.get(key) {
            settings.insert(key.to_owned(), node.json()?);
        }
    }
    Ok(Detector { kind, version, arguments, settings })
}
