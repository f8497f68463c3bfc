//! Objects of one transaction by address, each made when it is first asked for.

use std::collections::HashMap;

use super::config::Input;
use crate::rules::inapp::object::{Object, Room, Transaction};

/// What the addresses of one transaction hold: what is seen of it, and what processors made of that.
#[derive(Debug)]
pub struct Store<'r> {
    transaction: Transaction<'r>,
    objects: HashMap<String, Held<'r>>,
    pub(super) room: Room,
}

/// What an address holds, if anything.
#[derive(Debug)]
struct Held<'r> {
    object: Option<Object<'r>>,
    /// It was made by a processor.
    processed: bool,
}

impl<'r> Store<'r> {
    /// Nothing is made yet.
    #[must_use]
    pub fn new(transaction: Transaction<'r>) -> Self {
        Self { transaction, objects: HashMap::new(), room: Room::default() }
    }

    /// The object of an address.
    pub fn get(&mut self, address: &str) -> Option<&Object<'r>> {
        self.make(address);
        self.made(address)
    }

    /// Gives an address its object.
    pub fn insert(&mut self, address: &str, object: Object<'r>) {
        self.hold(address, Some(object), false);
    }

    /// Takes an address away: nothing is there, whatever the transaction has.
    pub fn remove(&mut self, address: &str) {
        self.hold(address, None, false);
    }

    /// Whether something of the transaction was left out because it is over a cap of
    /// [`limits`](crate::limits).
    #[must_use]
    pub fn cut(&self) -> bool {
        self.room.cut()
    }

    /// Makes the objects of these inputs, so that they can be borrowed together.
    pub(super) fn make_all(&mut self, inputs: &[Input]) {
        for input in inputs {
            self.make(&input.address);
        }
    }

    /// The object of an address, if it was made.
    pub(super) fn made(&self, address: &str) -> Option<&Object<'r>> {
        self.objects.get(address)?.object.as_ref()
    }

    /// The object of an address, if a processor made it.
    pub(super) fn processed(&self, address: &str) -> Option<&Object<'r>> {
        self.objects.get(address).filter(|held| held.processed)?.object.as_ref()
    }

    /// Keeps what a processor made.
    pub(super) fn keep(&mut self, address: &str, object: Object<'r>) {
        self.hold(address, Some(object), true);
    }

    fn hold(&mut self, address: &str, object: Option<Object<'r>>, processed: bool) {
        self.objects.insert(address.to_owned(), Held { object, processed });
    }

    fn make(&mut self, address: &str) {
        if !self.objects.contains_key(address) {
            let object = self.transaction.object(address, &mut self.room);
            self.hold(address, object, false);
        }
    }
}
