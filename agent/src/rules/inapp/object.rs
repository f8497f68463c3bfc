//! Objects: the values of a transaction as trees with types, as processors take them and make them.
//!
//! Rules look at values one by one; a processor looks at the shape they come in. Objects are made when
//! one runs, which is when an event is made or when a rule asks for what only a processor makes; the
//! clean path knows nothing of them. They borrow from the transaction what need not be decoded.

mod fields;
mod json;
#[cfg(test)]
mod tests;
mod transaction;

use std::borrow::Cow;

use serde_json::Value;

pub(super) use fields::Fields;
pub use json::read as read_json;
pub use transaction::{Facts, Transaction};

use crate::limits;

/// A value with its type.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Object<'r> {
    /// No value: something should be here and could not be read. libddwaf's "invalid".
    #[default]
    Unknown,
    /// `null` of JSON.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number below zero, or one that a rule wrote.
    Signed(i64),
    /// A whole number.
    Unsigned(u64),
    /// A number with a fraction or an exponent, or one too large to be whole.
    Float(f64),
    /// A text; any bytes.
    String(Cow<'r, [u8]>),
    /// A list.
    Array(Vec<Self>),
    /// Names and values, in order. A name can be there twice; [`Self::get`] takes the first.
    Map(Vec<Entry<'r>>),
}

/// A name in a map, and its value.
pub type Entry<'r> = (Cow<'r, [u8]>, Object<'r>);

/// A step of a key path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The value of this name in a map.
    Name(String),
    /// The value at this place of a list; below zero: counted from its end, -1 is the last.
    Index(i64),
}

impl<'r> Object<'r> {
    /// What stands at the end of a path of keys.
    #[must_use]
    pub fn get(&self, path: &[Key]) -> Option<&Self> {
        path.iter().try_fold(self, |object, key| match (object, key) {
            (Self::Map(entries), Key::Name(name)) => {
                entries.iter().find(|(key, _)| **key == *name.as_bytes()).map(|(_, value)| value)
            }
            (Self::Array(items), Key::Index(at)) => {
                let at = usize::try_from(*at)
                    .ok()
                    .or_else(|| items.len().checked_sub(usize::try_from(at.unsigned_abs()).ok()?))?;
                items.get(at)
            }
            _ => None,
        })
    }

    /// The bytes of a text.
    #[must_use]
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a text, or of the only item of a list when that is a text: frameworks that know
    /// repeated names make lists of all values.
    #[must_use]
    pub fn only_text(&self) -> Option<&[u8]> {
        match self {
            Self::Array(items) => match &items[..] {
                [only] => only.text(),
                _ => None,
            },
            other => other.text(),
        }
    }

    /// The entries of a map.
    #[must_use]
    pub fn entries(&self) -> Option<&[Entry<'r>]> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Whether `holds` does for the value or, with a container, for any value without parts in it.
    pub fn any(&self, holds: &mut dyn FnMut(&Self) -> bool) -> bool {
        match self {
            Self::Array(items) => items.iter().any(|item| item.any(holds)),
            Self::Map(entries) => entries.iter().any(|(_, value)| value.any(holds)),
            scalar => holds(scalar),
        }
    }

    /// The same without borrowing.
    #[must_use]
    pub fn into_owned(self) -> Object<'static> {
        let owned = |text: Cow<'r, [u8]>| Cow::Owned(text.into_owned());
        match self {
            Self::Unknown => Object::Unknown,
            Self::Null => Object::Null,
            Self::Bool(is) => Object::Bool(is),
            Self::Signed(number) => Object::Signed(number),
            Self::Unsigned(number) => Object::Unsigned(number),
            Self::Float(number) => Object::Float(number),
            Self::String(text) => Object::String(owned(text)),
            Self::Array(items) => Object::Array(items.into_iter().map(Self::into_owned).collect()),
            Self::Map(entries) => Object::Map(
                entries.into_iter().map(|(key, value)| (owned(key), value.into_owned())).collect(),
            ),
        }
    }

    /// The object as JSON. Bytes that are not UTF-8 become U+FFFD; of a name that is there twice, the
    /// first stays; a number that JSON has no word for, and what is unknown, is null.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Unknown | Self::Null => Value::Null,
            Self::Bool(is) => (*is).into(),
            Self::Signed(number) => (*number).into(),
            Self::Unsigned(number) => (*number).into(),
            Self::Float(number) => (*number).into(),
            Self::String(text) => String::from_utf8_lossy(text).into(),
            Self::Array(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => {
                let mut map = serde_json::Map::new();
                for (key, value) in entries {
                    map.entry(String::from_utf8_lossy(key)).or_insert_with(|| value.to_json());
                }
                map.into()
            }
        }
    }
}

/// How much may still be made, and whether something was left out for want of it.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    values: usize,
    cut: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self { values: limits::OBJECT_VALUES, cut: false }
    }
}

impl Room {
    /// Whether something went over a cap.
    #[must_use]
    pub fn cut(&self) -> bool {
        self.cut
    }

    /// Notes that something is left out.
    pub(super) fn leave_out(&mut self) {
        self.cut = true;
    }

    /// Whether there is room for one more value in a container that has `entries`.
    fn has(&self, entries: usize) -> bool {
        self.values > 0 && entries < limits::OBJECT_ENTRIES
    }

    /// Uses the room for a value.
    fn spend(&mut self) {
        self.values = self.values.saturating_sub(1);
    }

    /// Uses the room for one more value in a container that has `entries`; `false`: it is left out.
    pub(super) fn take(&mut self, entries: usize) -> bool {
        let has = self.has(entries);
        if has {
            self.spend();
        } else {
            self.leave_out();
        }
        has
    }

    /// As much of a text as an object keeps.
    pub(super) fn text<'t>(&mut self, text: impl Into<Cow<'t, [u8]>>) -> Cow<'t, [u8]> {
        let text = text.into();
        if text.len() <= limits::OBJECT_TEXT {
            return text;
        }
        self.cut = true;
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(..limits::OBJECT_TEXT).unwrap_or(text)),
            Cow::Owned(mut text) => {
                text.truncate(limits::OBJECT_TEXT);
                Cow::Owned(text)
            }
        }
    }
}
