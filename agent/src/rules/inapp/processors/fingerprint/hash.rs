//! Hashes of texts and lists of texts.

use std::cmp::Ordering;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::rules::inapp::object::Object;

/// Bytes of a hash that are told, in hexadecimal.
const TOLD: usize = 4;

/// The hash of a list that is added item by item, with commas between; commas in items are escaped.
#[derive(Default)]
pub(super) struct Hash {
    hash: Sha256,
    any: bool,
}

impl Hash {
    /// Adds a name, in small letters.
    pub fn add_name(&mut self, name: &[u8]) {
        self.add_value(&name.to_ascii_lowercase());
    }

    /// Adds a value.
    pub fn add_value(&mut self, value: &[u8]) {
        self.separate();
        for (at, piece) in value.split(|&byte| byte == b',').enumerate() {
            if at > 0 {
                self.hash.update(br"\,");
            }
            self.hash.update(piece);
        }
    }

    /// Adds an item as it is, commas too.
    pub fn add_raw(&mut self, item: &[u8]) {
        self.separate();
        self.hash.update(item);
    }

    fn separate(&mut self) {
        if self.any {
            self.hash.update(b",");
        }
        self.any = true;
    }

    /// The hash; nothing of no items.
    pub fn digits(self) -> String {
        let mut digits = String::with_capacity(2 * TOLD);
        if self.any {
            for byte in self.hash.finalize().iter().take(TOLD) {
                // Writing to a string does not fail.
                let _ = write!(digits, "{byte:02x}");
            }
        }
        digits
    }
}

/// The hash of a text in small letters; nothing of an empty one.
pub(super) fn of_text(text: &[u8]) -> String {
    let mut hash = Hash::default();
    if !text.is_empty() {
        hash.add_raw(&text.to_ascii_lowercase());
    }
    hash.digits()
}

/// The hash of the names of a map; nothing of what is no map.
pub(super) fn of_names(object: Option<&Object<'_>>) -> String {
    let entries = object.and_then(Object::entries).unwrap_or_default();
    let mut names: Vec<&[u8]> = entries.iter().map(|(name, _)| &name[..]).collect();
    names.sort_by(|one, other| name_order(one, other));
    let mut hash = Hash::default();
    for name in names {
        hash.add_name(name);
    }
    hash.digits()
}

/// The order of names: by their small letters. libddwaf compares bytes as signed numbers (where it
/// runs on x86), so that what is not ASCII stands before what is.
pub(super) fn name_order(one: &[u8], other: &[u8]) -> Ordering {
    let small = |byte: &u8| byte.to_ascii_lowercase().cast_signed();
    one.iter().map(small).cmp(other.iter().map(small))
}
