//! What rules write: `TX` and the other collections that `setvar` changes.

use std::collections::HashMap;

use super::labels::Labels;
use crate::{
    limits,
    rules::{seclang::pcre::Pattern, variable::Variable},
};

/// The members that a program names: each has a slot, found while compiling.
#[derive(Debug, Default)]
pub struct Names {
    slots: HashMap<(Variable, Box<str>), Slot>,
    names: Vec<(Variable, Box<str>)>,
    /// To find them by names that rules make.
    labels: Labels,
    /// By label: the slots of that name.
    labelled: Vec<Vec<(Variable, Slot)>>,
}

/// Index of a member that a program names.
pub type Slot = u32;

impl Names {
    /// Names of which `TX:0` to `TX:9` are the first ten.
    #[must_use]
    pub fn new() -> Self {
        let mut names = Self::default();
        for digit in 0..10 {
            names.slot(Variable::Tx, itoa::Buffer::new().format(digit));
        }
        names
    }

    /// The slot of a member; its name is taken in small letters.
    pub fn slot(&mut self, collection: Variable, name: &str) -> Slot {
        let key = (collection, name.to_ascii_lowercase().into_boxed_str());
        if let Some(&slot) = self.slots.get(&key) {
            return slot;
        }
        let slot = Slot::try_from(self.names.len()).unwrap_or(Slot::MAX);
        let label = usize::from(self.labels.add(key.1.as_bytes()));
        self.labelled.resize_with(self.labels.count(), Vec::new);
        if let Some(slots) = self.labelled.get_mut(label) {
            slots.push((collection, slot));
        }
        self.slots.insert(key.clone(), slot);
        self.names.push(key);
        slot
    }

    fn find(&self, collection: Variable, name: &[u8]) -> Option<Slot> {
        let label = self.labels.of(name);
        if label == 0 {
            // No rule names it, or it is the empty name, or there are more than labels.
            let all_labelled = self.labelled.first().is_none_or(Vec::is_empty);
            if all_labelled {
                return None;
            }
            let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
            return self.slots.get(&(collection, name.into_boxed_str())).copied();
        }
        let slots = self.labelled.get(usize::from(label))?;
        slots.iter().find(|(of, _)| *of == collection).map(|(_, slot)| *slot)
    }

    /// The members of a collection that the program names.
    pub fn of(&self, collection: Variable) -> impl Iterator<Item = (&str, Slot)> {
        let slots = self.slots.iter().filter(move |((of, _), _)| *of == collection);
        slots.map(|((_, name), slot)| (&**name, *slot))
    }

    /// The slots whose names an expression matches.
    #[must_use]
    pub fn matching(&self, pattern: &Pattern) -> Vec<Slot> {
        let slots = (0..).zip(&self.names).filter(|(_, (_, name))| pattern.is_in(name.as_bytes()));
        slots.map(|(slot, _)| slot).collect()
    }

    /// How many slots there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// A member that no rule names: its collection, its name, its value.
type Other = (Variable, Box<[u8]>, Place);
/// Start and length of a value.
type Place = (u32, u32);

/// The values of one transaction.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// By slot.
    slots: Vec<Option<Place>>,
    /// Members that no rule names.
    others: Vec<Other>,
    bytes: Vec<u8>,
    /// Values that did not fit.
    refused: u64,
}

impl Written {
    /// Forgets everything.
    pub fn clear(&mut self, names: &Names) {
        self.slots.clear();
        self.slots.resize(names.len(), None);
        self.others.clear();
        self.bytes.clear();
    }

    /// Values that did not fit since it was made.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Memory it holds, bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        self.bytes.capacity() + self.slots.capacity() * size_of::<Option<Place>>()
    }

    /// The value in a slot.
    #[must_use]
    pub fn get(&self, slot: Slot) -> Option<&[u8]> {
        self.slots.get(slot as usize).copied().flatten().map(|span| self.slice(span))
    }

    /// Writes a slot.
    pub fn set(&mut self, slot: Slot, value: &[u8]) {
        let old = self.slots.get(slot as usize).copied().flatten();
        let Some(span) = self.keep(value, old) else { return };
        if let Some(held) = self.slots.get_mut(slot as usize) {
            *held = Some(span);
        }
    }

    /// Takes a slot's value away.
    pub fn unset(&mut self, slot: Slot) {
        if let Some(held) = self.slots.get_mut(slot as usize) {
            *held = None;
        }
    }

    /// The value of a member by its name.
    #[must_use]
    pub fn named(&self, names: &Names, collection: Variable, name: &[u8]) -> Option<&[u8]> {
        match names.find(collection, name) {
            Some(slot) => self.get(slot),
            None => self.other(collection, name).and_then(|at| self.others.get(at)).map(|o| self.slice(o.2)),
        }
    }

    /// Writes a member by its name.
    pub fn set_named(&mut self, names: &Names, collection: Variable, name: &[u8], value: &[u8]) {
        if let Some(slot) = names.find(collection, name) {
            return self.set(slot, value);
        }
        let at = self.other(collection, name);
        let old = at.and_then(|at| self.others.get(at)).map(|other| other.2);
        if at.is_none() && self.others.len() >= limits::WRITTEN_MEMBERS {
            self.refused += 1;
            return;
        }
        let Some(span) = self.keep(value, old) else { return };
        match at.and_then(|at| self.others.get_mut(at)) {
            Some(other) => other.2 = span,
            None => self.others.push((collection, name.to_ascii_lowercase().into(), span)),
        }
    }

    /// Takes a member away.
    pub fn unset_named(&mut self, names: &Names, collection: Variable, name: &[u8]) {
        match names.find(collection, name) {
            Some(slot) => self.unset(slot),
            None => {
                if let Some(at) = self.other(collection, name) {
                    self.others.swap_remove(at);
                }
            }
        }
    }

    /// The members of a collection, with their names.
    pub fn members<'w>(
        &'w self,
        names: &'w Names,
        collection: Variable,
    ) -> impl Iterator<Item = (&'w [u8], &'w [u8])> {
        let slots = names.names.iter().zip(&self.slots).filter_map(move |((of, name), held)| {
            let span = (*of == collection).then_some(*held)??;
            Some((name.as_bytes(), self.slice(span)))
        });
        slots.chain(self.unnamed(collection))
    }

    /// The members of a collection in these slots.
    pub fn members_in<'w>(
        &'w self,
        names: &'w Names,
        collection: Variable,
        slots: &'w [Slot],
    ) -> impl Iterator<Item = (&'w [u8], &'w [u8])> {
        slots.iter().filter_map(move |&slot| {
            let value = self.get(slot)?;
            let (_, name) = names.names.get(slot as usize).filter(|(of, _)| *of == collection)?;
            Some((name.as_bytes(), value))
        })
    }

    /// The members of a collection that no rule names.
    pub fn unnamed(&self, collection: Variable) -> impl Iterator<Item = (&[u8], &[u8])> {
        let others = self.others.iter().filter(move |(of, ..)| *of == collection);
        others.map(|(_, name, span)| (&name[..], self.slice(*span)))
    }

    fn other(&self, collection: Variable, name: &[u8]) -> Option<usize> {
        self.others.iter().position(|(of, held, _)| *of == collection && held.eq_ignore_ascii_case(name))
    }

    fn slice(&self, (start, len): Place) -> &[u8] {
        self.bytes.get(start as usize..(start + len) as usize).unwrap_or_default()
    }

    /// Keeps bytes, in the place of old ones if they are no longer.
    fn keep(&mut self, value: &[u8], old: Option<Place>) -> Option<Place> {
        let len = u32::try_from(value.len()).ok()?;
        if let Some((start, room)) = old
            && len <= room
        {
            let at = start as usize;
            self.bytes.get_mut(at..at + value.len())?.copy_from_slice(value);
            return Some((start, len));
        }
        if self.bytes.len() + value.len() > limits::WRITTEN_BYTES {
            self.refused += 1;
            return None;
        }
        let start = u32::try_from(self.bytes.len()).ok()?;
        self.bytes.extend_from_slice(value);
        Some((start, len))
    }
}
