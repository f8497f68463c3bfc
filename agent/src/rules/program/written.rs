//! What rules write: `TX` and the other collections that `setvar` changes.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use super::{answers::hash, others::Others};
use crate::{
    limits,
    rules::{seclang::pcre::Pattern, variable::Variable},
};

/// The members that a program names: each has a slot, found while compiling.
#[derive(Debug, Default)]
pub struct Names {
    /// By the number of the collection and the name in small letters.
    slots: HashMap<Box<[u8]>, Slot, BuildHasherDefault<Quick>>,
    names: Vec<(Variable, Box<str>)>,
}

/// Quicker than the standard library's. Keys are names that rules name, so that no client can make them collide.
#[derive(Debug, Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = self.0.rotate_left(32) ^ hash(0, bytes);
    }

    /// Lengths, which the hash of the bytes has in it.
    fn write_usize(&mut self, _: usize) {}
}

/// Index of a member that a program names.
pub type Slot = u32;

/// Bytes of a name that is looked for without memory being allocated.
const SHORT: usize = 64;

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
        if let Some(slot) = self.find(collection, name.as_bytes()) {
            return slot;
        }
        let slot = Slot::try_from(self.names.len()).unwrap_or(Slot::MAX);
        let name = name.to_ascii_lowercase();
        self.slots.insert([&[collection as u8], name.as_bytes()].concat().into(), slot);
        self.names.push((collection, name.into()));
        slot
    }

    /// The slot of a member, if the program names it; case is ignored.
    #[must_use]
    pub fn find(&self, collection: Variable, name: &[u8]) -> Option<Slot> {
        with_key(collection, name, |key| self.slots.get(key).copied())
    }

    /// The name of a slot, in small letters.
    #[must_use]
    pub fn name(&self, slot: Slot) -> &[u8] {
        self.names.get(slot as usize).map_or(&[], |(_, name)| name.as_bytes())
    }

    /// The members of a collection that the program names.
    pub fn of(&self, collection: Variable) -> impl Iterator<Item = (&str, Slot)> {
        let slots = (0..).zip(&self.names).filter(move |(_, (of, _))| *of == collection);
        slots.map(|(slot, (_, name))| (&**name, slot))
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

/// Start and length of a value.
pub(super) type Place = (u32, u32);

/// The key of a member: the number of its collection and its name in small letters. Nothing is allocated for a short
/// one.
pub(super) fn with_key<T>(collection: Variable, name: &[u8], found: impl FnOnce(&[u8]) -> T) -> T {
    let mut short = [0; SHORT];
    if let Some((first, rest)) = short.get_mut(..=name.len()).and_then(<[u8]>::split_first_mut) {
        *first = collection as u8;
        rest.copy_from_slice(name);
        rest.make_ascii_lowercase();
        return found(short.get(..=name.len()).unwrap_or_default());
    }
    found(&[&[collection as u8], &name.to_ascii_lowercase()[..]].concat())
}

/// The values of one transaction.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// By slot.
    slots: Vec<Option<Place>>,
    /// Members that no rule names.
    others: Others,
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
        self.refused = 0;
    }

    /// Values of this transaction that did not fit.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Whether values of so many bytes fit.
    #[must_use]
    pub fn has_room(&self, bytes: usize) -> bool {
        self.bytes.len() + bytes <= limits::WRITTEN_BYTES
    }

    /// Memory it holds, bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        self.bytes.capacity() + self.others.held() + self.slots.capacity() * size_of::<Option<Place>>()
    }

    /// The value in a slot.
    #[must_use]
    pub fn get(&self, slot: Slot) -> Option<&[u8]> {
        self.slots.get(slot as usize).copied().flatten().map(|span| self.slice(span))
    }

    /// How many members a slot is: `1` or `0`.
    #[must_use]
    pub fn count(&self, slot: Slot) -> &'static [u8] {
        if self.get(slot).is_some() { b"1" } else { b"0" }
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

    /// The value of a member, by its slot or else its name.
    #[must_use]
    pub fn at(&self, collection: Variable, slot: Option<Slot>, name: &[u8]) -> Option<&[u8]> {
        match slot {
            Some(slot) => self.get(slot),
            None => self.others.get(collection, name).map(|place| self.slice(place)),
        }
    }

    /// Writes a member whose slot is known, or has to be looked for.
    pub fn put(
        &mut self,
        names: &Names,
        collection: Variable,
        slot: Option<Slot>,
        name: &[u8],
        value: &[u8],
    ) {
        if let Some(slot) = slot.or_else(|| names.find(collection, name)) {
            return self.set(slot, value);
        }
        let old = self.others.get(collection, name);
        if let Some(place) = self.keep(value, old)
            && !self.others.set(collection, name, place)
        {
            self.refused += 1;
        }
    }

    /// Takes a member away, by its slot or else its name.
    pub fn take(&mut self, collection: Variable, slot: Option<Slot>, name: &[u8]) {
        match slot {
            Some(slot) => self.unset(slot),
            None => self.others.take(collection, name),
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
        self.others.of(collection).map(|(name, place)| (name, self.slice(place)))
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
