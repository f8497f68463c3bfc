//! Maps of names that can come again: parameters, header fields, cookies.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Entry, Object, Room};
use crate::rules::bodies::{File, Sink};

/// A map that is being filled: one value of a name stands as it is, several become a list.
pub(in crate::rules::inapp) struct Fields<'r, 'o> {
    entries: Vec<Entry<'r>>,
    places: HashMap<Cow<'r, [u8]>, usize>,
    room: &'o mut Room,
    /// File names of a multipart body.
    pub filenames: Vec<Object<'static>>,
    /// What is in its files.
    pub files: Vec<Object<'static>>,
    /// Bytes of all its files.
    pub files_size: u64,
}

impl<'r, 'o> Fields<'r, 'o> {
    pub fn new(room: &'o mut Room) -> Self {
        Self {
            entries: Vec::new(),
            places: HashMap::new(),
            room,
            filenames: Vec::new(),
            files: Vec::new(),
            files_size: 0,
        }
    }

    /// Adds a text under a name.
    pub fn text(&mut self, name: impl Into<Cow<'r, [u8]>>, text: impl Into<Cow<'r, [u8]>>) {
        let text = self.room.text(text);
        self.add(name, Object::String(text));
    }

    /// Adds a value, which must not be a list, under a name.
    pub fn add(&mut self, name: impl Into<Cow<'r, [u8]>>, value: Object<'r>) {
        let name = self.room.text(name);
        let place = self.places.get(&name).and_then(|&at| self.entries.get_mut(at));
        match place {
            Some((_, Object::Array(values))) => {
                if self.room.take(values.len()) {
                    values.push(value);
                }
            }
            Some((_, first)) => {
                if self.room.take(1) {
                    *first = Object::Array(vec![std::mem::take(first), value]);
                }
            }
            None => {
                if self.room.take(self.entries.len()) {
                    self.places.insert(name.clone(), self.entries.len());
                    self.entries.push((name, value));
                }
            }
        }
    }

    pub fn map(self) -> Object<'r> {
        Object::Map(self.entries)
    }
}

/// Parameters of forms and multipart bodies.
impl Sink for Fields<'_, '_> {
    fn arg(&mut self, name: &[u8], value: &[u8]) -> bool {
        // An empty piece between separators is no parameter to any framework.
        if !name.is_empty() || !value.is_empty() {
            // Cut before they are copied.
            let (name, value) = (self.room.text(name).into_owned(), self.room.text(value).into_owned());
            self.text(name, value);
        }
        true
    }

    fn file(&mut self, file: &File<'_>) -> bool {
        self.files_size = self.files_size.saturating_add(file.content.len() as u64);
        for (list, text) in [(&mut self.filenames, file.filename), (&mut self.files, file.content)] {
            if self.room.take(list.len()) {
                list.push(Object::String(self.room.text(text).into_owned().into()));
            }
        }
        true
    }
}
