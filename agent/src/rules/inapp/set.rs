//! Several files as one rule set.

use std::{collections::BTreeMap, sync::Arc};

use super::ast::{Action, DataValues, Exclusion, Processor, Rule, Scanner};

/// A rule set: what resolving makes of files, ready to be lowered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Set {
    /// In the order they are asked; overrides are applied; rules that are not enabled are here, too.
    pub rules: Vec<Rule>,
    /// Exclusions of rules and of inputs.
    pub exclusions: Vec<Exclusion>,
    /// First those that come before rules (`evaluate`); overrides are applied.
    pub processors: Vec<Processor>,
    /// All scanners.
    pub scanners: Vec<Scanner>,
    /// By id; with the four that are always there (`block`, `stack_trace`, `extract_schema`, `monitor`)
    /// unless a file has another under that id.
    pub actions: BTreeMap<Arc<str>, Action>,
    /// By id, entries of all files put together: each value once, with the end that comes last.
    pub rules_data: BTreeMap<Arc<str>, DataValues>,
    /// The same for conditions of exclusions.
    pub exclusion_data: BTreeMap<Arc<str>, DataValues>,
    /// `metadata.rules_version` of the files that have one, with the file's name.
    pub versions: Vec<(Arc<str>, String)>,
}
