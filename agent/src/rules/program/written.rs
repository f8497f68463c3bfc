//! What rules write: `TX` and the other collections that `setvar` changes.

use std::collections::HashMap;

use crate::{limits, rules::variable::Variable};

/// The members that a program names: each has a slot, found while compiling.
#[derive(Debug, Default)]
pub struct Names {
    /// By the number of the collection and the name in small letters.
    slots: HashMap<Box<[u8]>, Slot>,
    names: Vec<(Variable, Box<str>)>,
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
        let mut short = [0; SHORT];
        let long;
        let key = match short.get_mut(..=name.len()) {
            Some(key) => {
                let (first, rest) = key.split_first_mut()?;
                *first = collection as u8;
                rest.copy_from_slice(name);
                rest.make_ascii_lowercase();
                &*key
            }
            None => {
                long = [&[collection as u8], &name.to_ascii_lowercase()[..]].concat();
                &long[..]
            }
        };
        self.slots.get(key).copied()
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

    /// The value of a member, by its slot or else its name.
    #[must_use]
    pub fn at(&self, collection: Variable, slot: Option<Slot>, name: &[u8]) -> Option<&[u8]> {
        match slot {
            Some(slot) => self.get(slot),
            None => self.other(collection, name).and_then(|at| self.others.get(at)).map(|o| self.slice(o.2)),
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

    /// Takes a member away, by its slot or else its name.
    pub fn take(&mut self, collection: Variable, slot: Option<Slot>, name: &[u8]) {
        match slot {
            Some(slot) => self.unset(slot),
            None => {
                if let Some(at) = self.other(collection, name) {
                    self.others.remove(at);
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
        let others = self.others.iter().filter(move |(of, ..)| *of == collection);
        slots.chain(others.map(|(_, name, span)| (&name[..], self.slice(*span))))
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
