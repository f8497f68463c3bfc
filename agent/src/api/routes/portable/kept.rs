//! What people made of rules and services with the agent: taken along, checked, kept.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{super::own::free, Api, at_entry, bad};
use crate::{
    api::{
        ApiError,
        types::{KeptEntry, ModeEntry},
    },
    kept::{KeptRule, KeptRules},
    limits,
    rules::policy::Mode,
};

/// Bytes of a service's name.
const NAME: usize = 1024;

/// What is to be kept: all of it was checked.
#[derive(Default)]
pub(super) struct Wanted {
    pub detections: Vec<KeptRule>,
    pub rules: Vec<KeptRule>,
    pub modes: BTreeMap<String, Mode>,
    /// What is there already.
    pub unchanged: u64,
}

/// As it is taken along.
pub(super) fn exported(kept: &KeptRules) -> Result<Vec<KeptEntry>, ApiError> {
    let entry = |kept: KeptRule| KeptEntry { id: kept.id, text: kept.text, off: kept.off };
    Ok(kept.list()?.into_iter().map(entry).collect())
}

pub(super) fn modes(api: &Api) -> Vec<ModeEntry> {
    let modes = api.control.modes().into_iter();
    modes.map(|(service, set)| ModeEntry { service, mode: set.mode }).collect()
}

impl Wanted {
    /// Checks rules of a kind, and leaves out those that are here as they are there.
    pub fn rules(
        &mut self,
        name: &str,
        kept: &KeptRules,
        entries: Vec<KeptEntry>,
        who: &str,
    ) -> Result<Vec<KeptRule>, ApiError> {
        let (known, time) = (kept.list()?, Timestamp::now());
        let mut all: Vec<KeptRule> = Vec::new();
        for (at, KeptEntry { id, text, off }) in entries.into_iter().enumerate() {
            let entry = format!("{name}[{at}]");
            if all.iter().any(|other| other.id == id) {
                return Err(at_entry(&entry, bad(format!("the id {id:?} a second time"))));
            }
            match &text {
                Some(text) => kept.check(&id, text).map_err(|error| at_entry(&entry, error.into()))?,
                None if off && !id.is_empty() && id.len() <= NAME && !id.contains('*') => {}
                None => {
                    let why = "expected a text, or the id of a rule and \"off\": true";
                    return Err(at_entry(&entry, bad(why)));
                }
            }
            all.push(KeptRule { id, time, who: who.to_owned(), text, off });
        }
        kept.room(&all).map_err(|error| at_entry(name, error.into()))?;
        let same = |a: &KeptRule, b: &KeptRule| a.id == b.id && a.text == b.text && a.off == b.off;
        let before = all.len();
        all.retain(|new| !known.iter().any(|old| same(old, new)));
        self.unchanged += (before - all.len()) as u64;
        Ok(all)
    }

    /// The same for modes of services.
    pub fn modes(&mut self, api: &Api, entries: Vec<ModeEntry>) -> Result<BTreeMap<String, Mode>, ApiError> {
        let known = api.control.modes();
        let mut all = BTreeMap::new();
        for (at, ModeEntry { service, mode }) in entries.into_iter().enumerate() {
            let entry = format!("modes[{at}]");
            if service.is_empty() || service.len() > NAME {
                let why = format!("service: expected a name of at most {NAME} bytes");
                return Err(at_entry(&entry, bad(why)));
            }
            if all.insert(service, mode).is_some() {
                return Err(at_entry(&entry, bad("the service a second time")));
            }
        }
        let new = all.keys().filter(|service| !known.contains_key(*service)).count();
        if known.len() + new > limits::MODES {
            return Err(at_entry("modes", bad(format!("with these, more than {} services", limits::MODES))));
        }
        let before = all.len();
        all.retain(|service, mode| known.get(service).is_none_or(|set| set.mode != *mode));
        self.unchanged += (before - all.len()) as u64;
        Ok(all)
    }

    /// Whether ids of rules that judge requests are no other rule's, as far as can be said before a reload.
    pub fn ids_are_free(&self, api: &Api) -> Result<(), ApiError> {
        let mut written = self.rules.iter().filter(|rule| rule.text.is_some());
        written.try_for_each(|rule| free(api, &rule.id).map_err(|error| at_entry("rules", error)))
    }
}
