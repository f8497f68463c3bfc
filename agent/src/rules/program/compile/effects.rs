//! What matches do, made ready: names resolved, members that records have of themselves found.

use super::{Build, CompileError, at};
use crate::rules::{
    program::{
        collections::{built_in, is_persistent},
        engine::{Act, Exclusion, Members, Name},
        model::{Change, Effect},
        template::Template,
        written::Slot,
    },
    seclang::ast::Place,
    variable::Variable,
};

impl Build {
    /// One effect of the link that is being built.
    pub(super) fn effect(
        &mut self,
        effect: &Effect,
        to: &mut Vec<Act>,
        place: &Place,
    ) -> Result<(), CompileError> {
        to.push(match effect {
            Effect::Set { collection, name, change } => {
                let (collection, name) = (*collection, self.name(*collection, name));
                match change {
                    Change::Set(value) => Act::Set { collection, name, value: self.text(value) },
                    Change::Add(value) => {
                        Act::Add { collection, name, value: self.text(value), negative: false }
                    }
                    Change::Subtract(value) => {
                        Act::Add { collection, name, value: self.text(value), negative: true }
                    }
                    Change::Unset => Act::Unset { collection, name },
                }
            }
            // What is a transaction's own is gone before any time is over.
            Effect::Expire { collection, .. } | Effect::Deprecate { collection, .. }
                if !is_persistent(*collection) =>
            {
                return Ok(());
            }
            Effect::Expire { collection, name, seconds } => Act::Expire {
                collection: *collection,
                name: self.name(*collection, name),
                seconds: self.text(seconds),
            },
            Effect::Deprecate { collection, name, by } => Act::Deprecate {
                collection: *collection,
                name: self.name(*collection, name),
                by: self.text(by),
            },
            Effect::Open { collection, key, named } => {
                Act::Open { collection: *collection, key: self.text(key), named: *named }
            }
            Effect::Mode(mode) => Act::Mode(*mode),
            Effect::Remove(which) => {
                self.removals.push((self.links.len(), which.clone(), None, place.clone()));
                return Ok(());
            }
            Effect::RemoveTarget(which, exclusion) => {
                let exclusion: Exclusion = self.exclusion(exclusion).map_err(at(place))?;
                self.removals.push((self.links.len(), which.clone(), Some(exclusion), place.clone()));
                return Ok(());
            }
            Effect::BodyProcessor(processor) => Act::BodyProcessor(*processor),
            Effect::ForceBody(on) => Act::ForceBody(*on),
            Effect::RequestBody(on) => Act::RequestBody(*on),
            Effect::ResponseBody(on) => Act::ResponseBody(*on),
        });
        Ok(())
    }

    fn name(&mut self, collection: Variable, name: &Template) -> Name {
        match name.fixed() {
            Some(text) => Name::Slot(self.names.slot(collection, &String::from_utf8_lossy(text))),
            None => Name::Expanded(self.text(name)),
        }
    }

    /// The members that records have of themselves and that a rule may look at. Of a collection that is looked at
    /// as a whole, all.
    pub(super) fn built_in(&mut self) -> Vec<(Variable, &'static str, Slot)> {
        let mut whole = Vec::new();
        for target in self.links.iter().flat_map(|link| &link.targets) {
            if is_persistent(target.variable) && !matches!(target.members, Members::Slot(..)) {
                whole.push(target.variable);
            }
        }
        let mut found = Vec::new();
        for collection in Variable::ALL.into_iter().filter(|&variable| is_persistent(variable)) {
            for name in built_in() {
                let slot = match self.names.find(collection, name.as_bytes()) {
                    None if whole.contains(&collection) => Some(self.names.slot(collection, name)),
                    known => known,
                };
                found.extend(slot.map(|slot| (collection, name, slot)));
            }
        }
        found
    }
}
