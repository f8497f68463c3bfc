//! Rules.

use std::{collections::BTreeMap, sync::Arc};

use super::{Condition, Input, Place};

/// Which section a rule stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// `rules`, and `rules_compat`: rules for engines that know `output`.
    #[default]
    Base,
    /// `custom_rules`: a user's own. Overrides do not touch them.
    Custom,
}

/// A rule: it holds on a transaction when each of its conditions holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Unique among the rules of a set.
    pub id: Arc<str>,
    /// For a person.
    pub name: String,
    /// `type` is always there. `module` says in which group of rules it is asked, see [`Module`].
    pub tags: BTreeMap<String, String>,
    /// Where it comes from.
    pub origin: Origin,
    /// At least one. The first is the one a match reports.
    pub conditions: Vec<Condition>,
    /// `on_match`: ids of actions.
    pub on_match: Vec<String>,
    /// A rule that is not enabled is read and checked, but never asked.
    pub enabled: bool,
    /// What is told when it holds.
    pub output: Output,
    /// Where it stands.
    pub place: Place,
}

impl Rule {
    /// The group in which it is asked.
    #[must_use]
    pub fn module(&self) -> Module {
        Module::named(self.tags.get("module").map(String::as_str))
    }
}

/// A rule's `output`.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// A match is told as an event. Without it there is at least one attribute.
    pub event: bool,
    /// The transaction is kept whatever is sampled.
    pub keep: bool,
    /// What is written on the transaction.
    pub attributes: Vec<Attribute>,
}

impl Default for Output {
    fn default() -> Self {
        Self { event: true, keep: true, attributes: Vec::new() }
    }
}

/// A name with a value that a rule which held writes on the transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// For example `appsec.events.users.login.track`.
    pub name: String,
    /// What it gets.
    pub value: AttributeValue,
}

/// What an attribute gets.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    /// `value`: this.
    Literal(Scalar),
    /// `address`, `key_path`: what stands there, if it is one value or a list of one. `transformers` are in
    /// libddwaf's documents, but not yet in libddwaf: it gives the value as it is.
    Taken(Input),
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// A text.
    String(String),
    /// True or false.
    Boolean(bool),
    /// A whole number from 0.
    Unsigned(u64),
    /// A whole number below 0, or one that a rule calls signed.
    Signed(i64),
    /// A number with a fraction.
    Float(f64),
}

/// Groups of rules: they are asked in this order, and in one group those that block first.
///
/// Source: libddwaf's `module_category.hpp` and its change log of 1.22.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Module {
    /// `network-acl`.
    NetworkAcl,
    /// `authentication-acl`.
    AuthenticationAcl,
    /// `custom-acl`.
    CustomAcl,
    /// `configuration`.
    Configuration,
    /// `business-logic`.
    BusinessLogic,
    /// `rasp`.
    Rasp,
    /// `waf`, and whatever else the tag `module` says: here one match of each `type` is told, no more.
    Waf,
}

impl Module {
    /// By the tag `module`.
    #[must_use]
    pub fn named(name: Option<&str>) -> Self {
        match name {
            Some("network-acl") => Self::NetworkAcl,
            Some("authentication-acl") => Self::AuthenticationAcl,
            Some("custom-acl") => Self::CustomAcl,
            Some("configuration") => Self::Configuration,
            Some("business-logic") => Self::BusinessLogic,
            Some("rasp") => Self::Rasp,
            _ => Self::Waf,
        }
    }

    /// Which of two rules with the same verdict comes first.
    #[must_use]
    pub const fn first(self) -> Origin {
        match self {
            Self::NetworkAcl | Self::AuthenticationAcl | Self::Rasp => Origin::Base,
            _ => Origin::Custom,
        }
    }
}

impl Scalar {
    /// As events tell it.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::String(text) => text.as_str().into(),
            Self::Boolean(boolean) => (*boolean).into(),
            Self::Unsigned(number) => (*number).into(),
            Self::Signed(number) => (*number).into(),
            Self::Float(number) => (*number).into(),
        }
    }
}
