//! The one form of rules that every reader produces and that [`compile`](super::compile) takes.

use std::{collections::BTreeMap, sync::Arc};

use ipnet::IpNet;

pub use super::inapp::address::Known as Address;
pub use super::transforms::{Transform, UnicodeMap, UnicodeMapError};

/// Rules as read, in the order of their files.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// The rules; ids are unique.
    pub rules: Vec<Rule>,
}

impl RuleSet {
    /// Adds the rules of another set.
    ///
    /// # Errors
    /// The first id that both sets have; `self` is unchanged then.
    pub fn extend(&mut self, other: RuleSet) -> Result<(), String> {
        let twice = other.rules.iter().find(|new| self.rules.iter().any(|old| old.meta.id == new.meta.id));
        if let Some(rule) = twice {
            return Err(rule.meta.id.clone());
        }
        self.rules.extend(other.rules);
        Ok(())
    }
}

/// What events say of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleMeta {
    /// Unique in its set, for example `picket-sqli-001`.
    pub id: String,
    /// For a person.
    pub name: String,
    /// `type`, `category`, `confidence` and what else the rule's author says.
    pub tags: BTreeMap<String, String>,
}

/// A rule holds on a transaction when each of its conditions holds.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Id, name, tags.
    pub meta: Arc<RuleMeta>,
    /// At least one. The first is the one a match reports.
    pub conditions: Vec<Condition>,
    /// Actions asked for, by name; carried, not acted upon here.
    pub on_match: Vec<String>,
    /// A rule that is not enabled is read and checked, but not compiled.
    pub enabled: bool,
}

/// A condition holds when its operator holds on at least one value of one of its inputs.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Where to look. At least one.
    pub inputs: Vec<Input>,
    /// What to look for.
    pub operator: Operator,
}

/// Values of a request, and what is done to them before the operator sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Which part of the request.
    pub address: Address,
    /// Only what is under this path of keys; empty: everything. ASCII case is ignored for headers.
    pub key_path: Vec<String>,
    /// The values, or the names they stand under.
    pub source: Source,
    /// Applied in order, each to what the one before made.
    pub transforms: Vec<Transform>,
}

/// Which side of a key and its value is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Source {
    /// Values (the default; `values_only`).
    #[default]
    Values,
    /// Names: parameter names, JSON keys, header names (`keys_only`).
    Keys,
}

/// What a condition looks for in a value.
#[derive(Clone, Debug)]
pub enum Operator {
    /// A regular expression matches somewhere in the value.
    MatchRegex {
        /// RE2's syntax as the `regex` crate takes it, over bytes; linear time, so no look-around
        /// and no back-references.
        pattern: String,
        /// ASCII case counts. In the JSON format the default is that it does not.
        case_sensitive: bool,
        /// Values with fewer bytes are passed over.
        min_length: usize,
    },
    /// One of the phrases occurs in the value.
    PhraseMatch {
        /// The phrases, none empty.
        phrases: Vec<String>,
        /// ASCII case counts (the default in the JSON format).
        case_sensitive: bool,
        /// The phrase must not have a word byte (`[0-9A-Za-z_]`) right before or after it.
        word_boundary: bool,
    },
    /// The value is one of these.
    ExactMatch {
        /// The values.
        values: Vec<String>,
    },
    /// The value is an address inside one of these networks. An IPv4-mapped IPv6 address counts as
    /// its IPv4 address.
    IpMatch {
        /// Networks; a single address is one of full length.
        networks: Vec<IpNet>,
    },
    /// libinjection finds SQL injection in the value.
    IsSqli,
    /// libinjection finds cross-site scripting in the value.
    IsXss,
}

impl Operator {
    /// The name in the JSON format.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::MatchRegex { .. } => "match_regex",
            Self::PhraseMatch { .. } => "phrase_match",
            Self::ExactMatch { .. } => "exact_match",
            Self::IpMatch { .. } => "ip_match",
            Self::IsSqli => "is_sqli",
            Self::IsXss => "is_xss",
        }
    }

    /// All names of the JSON format.
    pub const NAMES: [&str; 6] =
        ["match_regex", "phrase_match", "exact_match", "ip_match", "is_sqli", "is_xss"];
}
