//! Several files as one rule set.

use std::{collections::BTreeMap, sync::Arc};

use super::ast::{Action, DataValues, Exclusion, Module, Processor, Reference, Rule, Scanner};

/// A rule set: what [`resolve`](super::resolve()) makes of files, ready to be lowered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Set {
    /// In the order they are asked; overrides are applied; rules that are not enabled are here, too.
    ///
    /// libddwaf stops after the first rule that blocks, and in the group `waf` after the first rule of each
    /// `type` that tells an event.
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

impl Set {
    /// Whether a rule keeps a request from the service.
    #[must_use]
    pub fn blocks(&self, rule: &Rule) -> bool {
        let action = |id: &String| self.actions.get(id.as_str());
        rule.on_match.iter().filter_map(action).any(|action| action.kind.blocks())
    }

    /// The rules that references mean, by their place in [`Set::rules`]; no reference means all of them.
    pub fn rules_of<'s>(&'s self, references: &'s [Reference]) -> impl Iterator<Item = usize> + 's {
        let means = |rule: &Rule| {
            references.is_empty() || references.iter().any(|reference| reference.means(&rule.id, &rule.tags))
        };
        self.rules.iter().enumerate().filter(move |(_, rule)| means(rule)).map(|(at, _)| at)
    }

    /// The scanners that look at what a processor reads. By id counts more than by tags, no more than yes.
    pub fn scanners_of<'s>(&'s self, processor: &'s Processor) -> impl Iterator<Item = &'s Scanner> {
        let named = |references: &[Reference], scanner: &Scanner, by_id: bool| {
            references.iter().any(|reference| {
                matches!(reference, Reference::Id(_)) == by_id && reference.means(&scanner.id, &scanner.tags)
            })
        };
        self.scanners.iter().filter(move |scanner| {
            let Processor { scanners: yes, not_scanners: no, .. } = processor;
            let by = |by_id| (named(no, scanner, by_id), named(yes, scanner, by_id));
            match (by(true), by(false)) {
                ((true, _), _) | ((false, false), (true, _)) => false,
                ((false, true), _) => true,
                (_, (false, yes)) => yes,
            }
        })
    }

    /// Puts rules in the order they are asked: by group; those that block first; then as the group has it
    /// base or custom ones; in the last group by `type`; then as they stand in the files.
    pub(super) fn order(&mut self) {
        let mut rules = std::mem::take(&mut self.rules);
        rules.sort_by_cached_key(|rule| {
            let module = rule.module();
            let type_ = (module == Module::Waf).then(|| rule.tags.get("type").cloned());
            (module, !self.blocks(rule), rule.origin != module.first(), type_)
        });
        self.rules = rules;
        self.processors.sort_by_key(|processor| !processor.evaluate);
    }
}
