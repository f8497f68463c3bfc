//! Exclusions and overrides: what is otherwise in rules of somebody else.

use std::{collections::BTreeMap, sync::Arc};

use super::{Address, Condition, Key, Place};

/// An exclusion: when its conditions hold (none: always), rules or inputs are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Exclusion {
    /// Unique among the exclusions of a set.
    pub id: Arc<str>,
    /// May be empty.
    pub conditions: Vec<Condition>,
    /// `rules_target`: the rules it is about; empty: all rules.
    pub targets: Vec<Reference>,
    /// What is left out.
    pub effect: Exempt,
    /// Where it stands.
    pub place: Place,
}

/// What an exclusion does.
#[derive(Clone, Debug, PartialEq)]
pub enum Exempt {
    /// `inputs`: these values are not seen by the rules it is about.
    Inputs(Vec<ExemptInput>),
    /// No `inputs`: the rules it is about are…
    Rules(OnMatch),
}

/// A value that is left out, with all under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExemptInput {
    /// Of which part of the transaction.
    pub address: Address,
    /// Which of its values; empty: all.
    pub key_path: Vec<Key>,
}

/// What happens with rules that an exclusion is about. With several exclusions the lowest of these counts,
/// as they stand here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnMatch {
    /// `bypass` (the default): not asked.
    Bypass,
    /// `monitor`: asked, and they block nothing.
    Monitor,
    /// Asked, and this action stands in place of the rule's blocking one, if it blocks itself; a rule that
    /// blocks nothing gets it, too. An action that does not block changes nothing.
    Action(String),
}

/// Which rules, processors or scanners are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `rule_id` or `id`: this one.
    Id(String),
    /// `tags`: those that have all of these.
    Tags(BTreeMap<String, String>),
}

impl Reference {
    /// Whether it means what has this id and these tags.
    #[must_use]
    pub fn means(&self, id: &str, tags: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Id(wanted) => wanted == id,
            Self::Tags(wanted) => wanted.iter().all(|(name, value)| tags.get(name) == Some(value)),
        }
    }
}

/// `rules_override`: what is otherwise in base rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// At least one; all by id or all by tags. Overrides by tags come first, those by id after them.
    pub targets: Vec<Reference>,
    /// `enabled`.
    pub enabled: Option<bool>,
    /// `on_match`: in place of the rule's.
    pub on_match: Option<Vec<String>>,
    /// `tags`: added where the rule itself has none of that name. Targets by tags look at the tags of the
    /// rule itself; targets of exclusions at these as well.
    pub tags: BTreeMap<String, String>,
    /// Where it stands.
    pub place: Place,
}
