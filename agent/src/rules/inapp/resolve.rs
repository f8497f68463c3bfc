//! Files put together: what one says of another is applied, what refers to nothing is told.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::Arc,
};

use super::{
    ast::{
        Condition, Data, DataValues, Exempt, Expiring, File, List, OnMatch, Operator, Origin, Override,
        Place, ProcessorOverride, Reference, ScannerChange,
    },
    position::{Problems, ReadError},
    read::defaults,
    set::Set,
};
use crate::limits;

/// A rule set, and what was told while it was put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolved {
    /// The set.
    pub set: Set,
    /// What is of no effect: an override of a rule that is not there…
    pub warnings: Problems,
    /// What was wrong and left out. Only when resolved leniently.
    pub left_out: Problems,
}

/// Puts files together, in their order.
///
/// # Errors
/// The first thing that is wrong: an id a second time, data of the wrong type, too much of something.
pub fn resolve(files: impl IntoIterator<Item = File>) -> Result<Resolved, ReadError> {
    Resolver { lenient: false, told: Resolved::default() }.resolve(files)
}

/// Puts files together and leaves out what is wrong.
///
/// # Errors
/// Too much of something.
pub fn resolve_lenient(files: impl IntoIterator<Item = File>) -> Result<Resolved, ReadError> {
    Resolver { lenient: true, told: Resolved::default() }.resolve(files)
}

struct Resolver {
    lenient: bool,
    told: Resolved,
}

impl Resolver {
    fn resolve(mut self, files: impl IntoIterator<Item = File>) -> Result<Resolved, ReadError> {
        let mut all = File::default();
        let mut set = Set::default();
        for file in files {
            if let Some(version) = file.rules_version {
                set.versions.push((file.name, version));
            }
            all.rules.extend(file.rules);
            all.exclusions.extend(file.exclusions);
            all.overrides.extend(file.overrides);
            all.rules_data.extend(file.rules_data);
            all.exclusion_data.extend(file.exclusion_data);
            all.actions.extend(file.actions);
            all.processors.extend(file.processors);
            all.processor_overrides.extend(file.processor_overrides);
            all.scanners.extend(file.scanners);
        }
        set.rules = self.unique("rule", all.rules, |rule| (&rule.id, &rule.place))?;
        set.exclusions = self.unique("exclusion", all.exclusions, |e| (&e.id, &e.place))?;
        set.processors = self.unique("processor", all.processors, |p| (&p.id, &p.place))?;
        set.scanners = self.unique("scanner", all.scanners, |s| (&s.id, &s.place))?;
        let actions = self.unique("action", all.actions, |a| (&a.id, &a.place))?;
        for action in defaults().into_iter().chain(actions) {
            set.actions.insert(Arc::clone(&action.id), action);
        }
        few("rules", limits::MAX_RULES, set.rules.iter().map(|rule| &rule.place))?;
        few("exclusions", limits::RULE_CHANGES, set.exclusions.iter().map(|exclusion| &exclusion.place))?;
        few("overrides", limits::RULE_CHANGES, all.overrides.iter().map(|change| &change.place))?;
        set.rules_data = self.data(all.rules_data)?;
        set.exclusion_data = self.data(all.exclusion_data)?;
        self.overrides(&mut set, &all.overrides);
        self.processor_overrides(&mut set, all.processor_overrides);
        self.data_of_rules(&mut set)?;
        self.references(&set);
        set.order();
        self.told.set = set;
        Ok(self.told)
    }

    fn warn(&mut self, place: &Place, warning: String) {
        self.told.warnings.push(ReadError::at(place, warning));
    }

    fn leave_out(&mut self, error: ReadError) -> Result<(), ReadError> {
        if !self.lenient {
            return Err(error);
        }
        self.told.left_out.push(error);
        Ok(())
    }

    /// The items, each id once: the first counts.
    fn unique<T>(
        &mut self,
        what: &str,
        items: Vec<T>,
        key: impl Fn(&T) -> (&Arc<str>, &Place),
    ) -> Result<Vec<T>, ReadError> {
        let mut first: HashMap<Arc<str>, Place> = HashMap::with_capacity(items.len());
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            let (id, place) = key(&item);
            if let Some(first) = first.get(id) {
                let problem = format!("{what} id \"{id}\" a second time: ids are unique, and {first} has it");
                self.leave_out(ReadError::at(place, problem))?;
            } else {
                first.insert(Arc::clone(id), place.clone());
                kept.push(item);
            }
        }
        Ok(kept)
    }

    /// Entries with the same id as one.
    fn data(&mut self, entries: Vec<Data>) -> Result<BTreeMap<Arc<str>, DataValues>, ReadError> {
        let count = |entry: &Data| match &entry.values {
            DataValues::Ip(values) => values.len(),
            DataValues::Text(values) => values.len(),
        };
        let total: usize = entries.iter().map(count).sum();
        if let (true, Some(last)) = (total > limits::RULE_DATA, entries.last()) {
            let problem = format!("{total} values of data: at most {} in one rule set", limits::RULE_DATA);
            return Err(ReadError::at(&last.place, problem));
        }
        let mut all: BTreeMap<Arc<str>, DataValues> = BTreeMap::new();
        for Data { id, values, place } in entries {
            match (all.get_mut(&id), values) {
                (None, values) => drop(all.insert(id, values)),
                (Some(DataValues::Ip(known)), DataValues::Ip(values)) => known.extend(values),
                (Some(DataValues::Text(known)), DataValues::Text(values)) => known.extend(values),
                (Some(_), _) => {
                    let problem = format!("data \"{id}\" is of another type where it stands first");
                    self.leave_out(ReadError::at(&place, problem))?;
                }
            }
        }
        for values in all.values_mut() {
            match values {
                DataValues::Ip(values) => once(values),
                DataValues::Text(values) => once(values),
            }
        }
        Ok(all)
    }

    /// First overrides by tags, then those by id; of two the later one counts. Only base rules: their own
    /// rules people can write otherwise themselves.
    fn overrides(&mut self, set: &mut Set, overrides: &[Override]) {
        let own: Vec<_> = set.rules.iter().map(|rule| rule.tags.clone()).collect();
        let by_id: HashMap<Arc<str>, usize> =
            set.rules.iter().enumerate().map(|(at, rule)| (Arc::clone(&rule.id), at)).collect();
        let by_tags = |change: &&Override| matches!(change.targets.first(), Some(Reference::Tags(_)));
        let (tags, ids): (Vec<&Override>, Vec<&Override>) = overrides.iter().partition(by_tags);
        for change in tags.into_iter().chain(ids) {
            let mut meant = Vec::new();
            for target in &change.targets {
                match target {
                    Reference::Id(id) => meant.extend(by_id.get(id.as_str())),
                    Reference::Tags(_) => {
                        meant.extend(
                            (0..).zip(&own).filter(|(_, own)| target.means("", own)).map(|(at, _)| at),
                        );
                    }
                }
            }
            let (mut base, mut custom) = (0, 0);
            for at in meant {
                let (Some(rule), Some(own)) = (set.rules.get_mut(at), own.get(at)) else { continue };
                if rule.origin == Origin::Custom {
                    custom += 1;
                    continue;
                }
                base += 1;
                rule.enabled = change.enabled.unwrap_or(rule.enabled);
                if let Some(on_match) = &change.on_match {
                    rule.on_match.clone_from(on_match);
                }
                for (name, value) in change.tags.iter().filter(|(name, _)| !own.contains_key(*name)) {
                    rule.tags.insert(name.clone(), value.clone());
                }
            }
            if base == 0 {
                let why = if custom > 0 { "custom rules are not overridden" } else { "no rule is meant" };
                self.warn(&change.place, format!("the override changes nothing: {why}"));
            }
        }
    }

    fn processor_overrides(&mut self, set: &mut Set, overrides: Vec<ProcessorOverride>) {
        for change in overrides {
            for target in &change.targets {
                let Some(processor) = set.processors.iter_mut().find(|p| *p.id == **target) else {
                    self.warn(&change.place, format!("there is no processor \"{target}\""));
                    continue;
                };
                let (yes, no) = (&mut processor.scanners, &mut processor.not_scanners);
                match &change.scanners {
                    ScannerChange::Replace(scanners) => {
                        yes.clone_from(scanners);
                        no.clear();
                    }
                    ScannerChange::Change { include, exclude } => {
                        no.retain(|reference| !include.contains(reference));
                        yes.extend(include.iter().cloned());
                        yes.retain(|reference| !exclude.contains(reference));
                        no.extend(exclude.iter().cloned());
                    }
                }
            }
        }
    }

    /// Conditions that refer to data: of the right type, and there.
    fn data_of_rules(&mut self, set: &mut Set) -> Result<(), ReadError> {
        let mut kept = Vec::with_capacity(set.rules.len());
        for rule in std::mem::take(&mut set.rules) {
            match self.conditions(&rule.conditions, &set.rules_data, "rules_data") {
                Ok(()) => kept.push(rule),
                Err(error) => self.leave_out(error)?,
            }
        }
        set.rules = kept;
        let mut kept = Vec::with_capacity(set.exclusions.len());
        for exclusion in std::mem::take(&mut set.exclusions) {
            match self.conditions(&exclusion.conditions, &set.exclusion_data, "exclusion_data") {
                Ok(()) => kept.push(exclusion),
                Err(error) => self.leave_out(error)?,
            }
        }
        set.exclusions = kept;
        Ok(())
    }

    fn conditions(
        &mut self,
        conditions: &[Condition],
        data: &BTreeMap<Arc<str>, DataValues>,
        section: &str,
    ) -> Result<(), ReadError> {
        for Condition { operator, place, .. } in conditions {
            let (id, wanted) = match operator {
                Operator::IpMatch(List::Data(id)) => (id, "ip_with_expiration"),
                Operator::ExactMatch(List::Data(id)) => (id, "data_with_expiration"),
                _ => continue,
            };
            let found = match data.get(id.as_str()) {
                None => {
                    let name = operator.name();
                    self.warn(place, format!("{name} of no use: {section} has no entry \"{id}\""));
                    continue;
                }
                Some(DataValues::Ip(_)) => "ip_with_expiration",
                Some(DataValues::Text(_)) => "data_with_expiration",
            };
            if found != wanted {
                let problem =
                    format!("{} wants {wanted}, and \"{id}\" in {section} is {found}", operator.name());
                return Err(ReadError::at(place, problem));
            }
        }
        Ok(())
    }

    /// Names that lead nowhere.
    fn references(&mut self, set: &Set) {
        for rule in &set.rules {
            for action in rule.on_match.iter().filter(|id| !set.actions.contains_key(id.as_str())) {
                self.warn(&rule.place, format!("there is no action \"{action}\": it is passed over"));
            }
        }
        let ids: std::collections::HashSet<&str> = set.rules.iter().map(|rule| &*rule.id).collect();
        for exclusion in &set.exclusions {
            if let Exempt::Rules(OnMatch::Action(id)) = &exclusion.effect {
                let blocks = set.actions.get(id.as_str()).map(|action| action.kind.blocks());
                if blocks != Some(true) {
                    let why = if blocks.is_none() { "there is no such action" } else { "it does not block" };
                    self.warn(&exclusion.place, format!("action \"{id}\" changes nothing: {why}"));
                }
            }
            for target in &exclusion.targets {
                if let Reference::Id(id) = target
                    && !ids.contains(id.as_str())
                {
                    self.warn(&exclusion.place, format!("there is no rule \"{id}\""));
                }
            }
        }
    }
}

/// Each value once, with the end that comes last; never ends later than any time.
fn once<T: Clone + Eq + Hash>(values: &mut Vec<Expiring<T>>) {
    let mut at: HashMap<T, usize> = HashMap::with_capacity(values.len());
    let mut kept: Vec<Expiring<T>> = Vec::with_capacity(values.len());
    for new in values.drain(..) {
        match at.get(&new.value).and_then(|&at| kept.get_mut(at)) {
            Some(known) if known.until == 0 || new.until == 0 => known.until = 0,
            Some(known) => known.until = known.until.max(new.until),
            None => {
                at.insert(new.value.clone(), kept.len());
                kept.push(new);
            }
        }
    }
    *values = kept;
}

/// At most so many.
fn few<'p>(what: &str, most: usize, places: impl Iterator<Item = &'p Place>) -> Result<(), ReadError> {
    let mut places = places.skip(most);
    match places.next() {
        None => Ok(()),
        Some(first) => {
            let count = most + 1 + places.count();
            Err(ReadError::at(first, format!("{count} {what}: at most {most} in one rule set")))
        }
    }
}
