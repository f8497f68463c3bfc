//! Members of collections that no rule names: `setvar:tx.count_%{MATCHED_VAR_NAME}=+1` makes one for each argument a
//! client sends, so that they are found by hash, and bounded.

use std::{collections::HashMap, sync::Arc};

use super::written::{Place, with_key};
use crate::{limits, rules::variable::Variable};

/// Members in the order in which they came to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Others {
    entries: Vec<Entry>,
    /// By the number of the collection and the name in small letters.
    index: HashMap<Arc<[u8]>, usize>,
    /// Bytes of all names.
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    collection: Variable,
    key: Arc<[u8]>,
    /// `None`: it was taken away.
    value: Option<Place>,
}

/// So few members are looked for one after the other.
const FEW: usize = 16;

impl Others {
    /// Where a member is.
    fn at(&self, collection: Variable, name: &[u8]) -> Option<usize> {
        if self.entries.len() > FEW {
            return with_key(collection, name, |key| self.index.get(key).copied());
        }
        let is = |entry: &Entry| {
            entry.collection == collection
                && entry.value.is_some()
                && entry.key.get(1..).is_some_and(|known| known.eq_ignore_ascii_case(name))
        };
        self.entries.iter().position(is)
    }

    pub fn clear(&mut self) {
        if !self.entries.is_empty() {
            self.entries.clear();
            self.index.clear();
            self.bytes = 0;
        }
    }

    pub fn get(&self, collection: Variable, name: &[u8]) -> Option<Place> {
        self.entries.get(self.at(collection, name)?)?.value
    }

    /// Writes a member. False: there is no room for another.
    pub fn set(&mut self, collection: Variable, name: &[u8], value: Place) -> bool {
        let at = self.at(collection, name);
        if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            entry.value = Some(value);
            return true;
        }
        if self.entries.len() >= limits::WRITTEN_MEMBERS {
            self.forget_taken();
        }
        if self.entries.len() >= limits::WRITTEN_MEMBERS || self.bytes + name.len() > limits::WRITTEN_BYTES {
            return false;
        }
        let key: Arc<[u8]> = with_key(collection, name, |key| key.into());
        self.index.insert(Arc::clone(&key), self.entries.len());
        self.entries.push(Entry { collection, key, value: Some(value) });
        self.bytes += name.len();
        true
    }

    /// Takes a member away; when it is written again, it is the last.
    pub fn take(&mut self, collection: Variable, name: &[u8]) {
        let at = with_key(collection, name, |key| self.index.remove(key));
        if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            entry.value = None;
        }
    }

    pub fn of(&self, collection: Variable) -> impl Iterator<Item = (&[u8], Place)> {
        let entries = self.entries.iter().filter(move |entry| entry.collection == collection);
        entries.filter_map(|entry| Some((entry.key.get(1..)?, entry.value?)))
    }

    /// Memory it holds, bytes.
    pub fn held(&self) -> usize {
        self.bytes + self.entries.capacity() * size_of::<Entry>()
    }

    /// Makes room where members were taken away.
    fn forget_taken(&mut self) {
        self.entries.retain(|entry| entry.value.is_some());
        self.index.clear();
        self.bytes = 0;
        for (at, entry) in self.entries.iter().enumerate() {
            self.index.insert(Arc::clone(&entry.key), at);
            self.bytes += entry.key.len() - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TX: Variable = Variable::Tx;

    #[test]
    fn bounds_hold() {
        let mut others = Others::default();
        let name = |number: usize| format!("name{number}").into_bytes();
        for number in 0..limits::WRITTEN_MEMBERS {
            assert!(others.set(TX, &name(number), (0, 0)));
        }
        assert!(!others.set(TX, b"one more", (0, 0)));
        assert!(others.set(TX, b"NAME7", (1, 0)), "one that is there");
        others.take(TX, b"name0");
        assert!(others.set(TX, b"one more", (2, 0)), "there is room again");
        assert_eq!((others.get(TX, b"name7"), others.get(TX, b"name0")), (Some((1, 0)), None));
        assert_eq!(others.of(TX).count(), limits::WRITTEN_MEMBERS);
        others.clear();
        assert!(!others.set(TX, &vec![b'x'; limits::WRITTEN_BYTES + 1], (0, 0)));
    }

    proptest! {
        /// It is a list of names with values, found by going through it.
        #[test]
        fn is_a_list(steps in prop::collection::vec(
            (any::<bool>(), prop::sample::select(&[Variable::Tx, Variable::Ip][..]), "[aAbB]{0,2}", 0..9_u32), 0..60)
        ) {
            let mut others = Others::default();
            let mut list: Vec<(Variable, Vec<u8>, Place)> = Vec::new();
            for (set, collection, name, value) in steps {
                let lower = name.to_ascii_lowercase().into_bytes();
                let at = list.iter().position(|(of, known, _)| *of == collection && *known == lower);
                match (set, at) {
                    (true, Some(at)) => list[at].2 = (value, 0),
                    (true, None) => list.push((collection, lower.clone(), (value, 0))),
                    (false, Some(at)) => drop(list.remove(at)),
                    (false, None) => {}
                }
                match set {
                    true => prop_assert!(others.set(collection, name.as_bytes(), (value, 0))),
                    false => others.take(collection, name.as_bytes()),
                }
                let held = list.iter().find(|(of, known, _)| *of == collection && *known == lower);
                prop_assert_eq!(others.get(collection, name.as_bytes()), held.map(|entry| entry.2));
            }
            for collection in [Variable::Tx, Variable::Ip] {
                let expected = list.iter().filter(|(of, ..)| *of == collection);
                let expected: Vec<_> = expected.map(|(_, name, value)| (&name[..], *value)).collect();
                prop_assert_eq!(others.of(collection).collect::<Vec<_>>(), expected);
            }
        }
    }
}
