//! Objects of one transaction by address, each made when it is first asked for.

use std::collections::HashMap;

use super::config::Input;
use crate::rules::inapp::object::{Object, Room, Transaction};

/// What the addresses of one transaction hold: what is seen of it, and what processors made of that.
#[derive(Debug)]
pub struct Store<'r> {
    transaction: Transaction<'r>,
    objects: HashMap<String, Option<Object<'r>>>,
    pub(super) room: Room,
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
        self.objects.insert(address.to_owned(), Some(object));
    }

    /// Takes an address away: nothing is there, whatever the transaction has.
    pub fn remove(&mut self, address: &str) {
        self.objects.insert(address.to_owned(), None);
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
        self.objects.get(address)?.as_ref()
    }

    fn make(&mut self, address: &str) {
        if !self.objects.contains_key(address) {
            let object = self.transaction.object(address, &mut self.room);
            self.objects.insert(address.to_owned(), object);
        }
    }
}
