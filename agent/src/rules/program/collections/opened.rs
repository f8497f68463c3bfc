//! The records that one transaction has opened.

use super::To;
use crate::{limits, rules::variable::Variable};

/// Whether members of a collection are kept in a record.
pub fn is_persistent(collection: Variable) -> bool {
    use Variable::{Global, Ip, Resource, Session, User};
    matches!(collection, Ip | Global | Session | User | Resource)
}

/// Members that every record has of itself.
const BUILT_IN: [&str; 7] =
    ["create_time", "is_new", "key", "last_update_time", "timeout", "update_counter", "update_rate"];

/// The names of the members that every record has of itself.
pub fn built_in() -> impl Iterator<Item = &'static str> {
    BUILT_IN.into_iter()
}

/// Where members of a collection are written.
#[derive(Debug)]
pub enum Place<'o> {
    /// They are the transaction's own.
    Own,
    /// No record is open: nowhere.
    Nowhere,
    /// To this record.
    Record(To<'o>),
}

/// The records that one transaction has opened.
#[derive(Debug, Default)]
pub struct Opened {
    open: Vec<Open>,
    /// Keys, one behind the other.
    keys: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    collection: Variable,
    /// Where the key begins, where the part of it that rules gave, and where it ends.
    key: (usize, usize, usize),
    /// The rules gave the key a name: `SESSIONID`, `USERID`.
    named: bool,
    /// Something was written to it.
    written: bool,
}

impl Opened {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.open.clear();
        self.keys.clear();
    }

    /// Opens a record; of a collection of which one is open already, none. Applications (`SecWebAppId`) share
    /// addresses and what is global, not sessions, users and resources. The whole key, and whether all of the
    /// rules' part is in it.
    pub fn open(
        &mut self,
        collection: Variable,
        application: &str,
        key: &[u8],
        named: bool,
    ) -> Option<(&[u8], bool)> {
        if key.is_empty() || self.open.iter().any(|open| open.collection == collection) {
            return None;
        }
        let start = self.keys.len();
        self.keys.push(collection as u8);
        if matches!(collection, Variable::Session | Variable::User | Variable::Resource) {
            self.keys.extend_from_slice(application.as_bytes());
            // No name of an application has a zero byte: SecLang's files have none.
            self.keys.push(0);
        }
        let own = self.keys.len();
        let kept = key.get(..limits::COLLECTION_KEY).unwrap_or(key);
        self.keys.extend_from_slice(kept);
        self.open.push(Open { collection, key: (start, own, self.keys.len()), named, written: false });
        Some((self.keys.get(start..)?, kept.len() == key.len()))
    }

    /// The key of a collection's record, as rules gave it; `named`: only if it was given as a name.
    pub fn key(&self, collection: Variable, named: bool) -> Option<&[u8]> {
        let open = self.open.iter().find(|open| open.collection == collection && (open.named || !named))?;
        self.keys.get(open.key.1..open.key.2)
    }

    /// Where a member of a collection is written.
    pub fn place(&self, collection: Variable, now: i64, timeout: i64) -> Place<'_> {
        if !is_persistent(collection) {
            return Place::Own;
        }
        let open = self.open.iter().find(|open| open.collection == collection);
        let record = open.and_then(|open| {
            let key = self.keys.get(open.key.0..open.key.2)?;
            Some(Place::Record(To { key, now, timeout, first: !open.written }))
        });
        record.unwrap_or(Place::Nowhere)
    }

    /// Something was written to a collection's record.
    pub fn wrote(&mut self, collection: Variable) {
        if let Some(open) = self.open.iter_mut().find(|open| open.collection == collection) {
            open.written = true;
        }
    }

    /// Memory it holds, bytes.
    pub fn held(&self) -> usize {
        self.keys.capacity() + self.open.capacity() * size_of::<Open>()
    }
}
