//! What both rule languages share.

use std::collections::BTreeMap;

pub use super::inputs::Address;
pub use super::transforms::{Transform, UnicodeMap, UnicodeMapError};

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

/// Which side of a key and its value is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Source {
    /// Values (the default; `values_only`).
    #[default]
    Values,
    /// Names: parameter names, JSON keys, header names (`keys_only`).
    Keys,
}
