//! JSON texts as objects, types kept.
//!
//! The text has to be JSON as RFC 8259 has it: to a framework that refuses it there is no body. One that
//! was cut off is kept as far as it goes. What is below the deepest level or over another bound is read
//! and left out.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Entry, Object, Room};
use crate::limits;

/// The value of a JSON text. `None`: it is not JSON. `cut`: only the beginning of the text is here.
#[must_use]
pub fn read<'r>(text: &'r [u8], cut: bool, room: &mut Room) -> Option<Object<'r>> {
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        // Half a character at the end.
        Err(error) if cut && error.error_len().is_none() => {
            std::str::from_utf8(text.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let mut object = Object::Unknown;
    let mut reader = serde_json::Deserializer::from_str(text);
    let slot = Slot { object: &mut object, depth: limits::OBJECT_DEPTH, room };
    match slot.deserialize(&mut reader).and_then(|()| reader.end()) {
        Ok(()) => Some(object),
        Err(error) => (cut && error.is_eof() && object != Object::Unknown).then_some(object),
    }
}

/// Where a value goes. Filled in place, so that what was read before an error is there after it.
struct Slot<'s, 'r> {
    object: &'s mut Object<'r>,
    /// Levels that may still be filled.
    depth: usize,
    room: &'s mut Room,
}

impl<'r> DeserializeSeed<'r> for Slot<'_, 'r> {
    type Value = ();

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'r> Visitor<'r> for Slot<'_, 'r> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        *self.object = Object::Null;
        Ok(())
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<(), E> {
        *self.object = Object::Bool(is);
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        *self.object = Object::Signed(number);
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        *self.object = Object::Unsigned(number);
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        *self.object = Object::Float(number);
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'r str) -> Result<(), E> {
        *self.object = Object::String(self.room.text(text.as_bytes()));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        *self.object = Object::String(self.room.text(text.as_bytes().to_vec()));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'r>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { object, depth, room } = self;
        let mut items = Vec::new();
        let result = items_of(&mut list, depth, room, &mut items);
        *object = Object::Array(items);
        result
    }

    fn visit_map<A: MapAccess<'r>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { object, depth, room } = self;
        let mut entries = Vec::new();
        let result = entries_of(&mut map, depth, room, &mut entries);
        *object = Object::Map(entries);
        result
    }
}

fn items_of<'r, A: SeqAccess<'r>>(
    list: &mut A,
    depth: usize,
    room: &mut Room,
    items: &mut Vec<Object<'r>>,
) -> Result<(), A::Error> {
    while let Some(depth) = depth.checked_sub(1).filter(|_| room.has(items.len())) {
        let mut item = Object::Unknown;
        let read = list.next_element_seed(Slot { object: &mut item, depth, room });
        if item != Object::Unknown {
            room.spend();
            items.push(item);
        }
        if read?.is_none() {
            return Ok(());
        }
    }
    while list.next_element::<IgnoredAny>()?.is_some() {
        room.leave_out();
    }
    Ok(())
}

fn entries_of<'r, A: MapAccess<'r>>(
    map: &mut A,
    depth: usize,
    room: &mut Room,
    entries: &mut Vec<Entry<'r>>,
) -> Result<(), A::Error> {
    while let Some(depth) = depth.checked_sub(1).filter(|_| room.has(entries.len())) {
        let Some(name) = map.next_key_seed(Name { room })? else { return Ok(()) };
        let mut value = Object::Unknown;
        let result = map.next_value_seed(Slot { object: &mut value, depth, room });
        if value != Object::Unknown {
            room.spend();
            entries.push((name, value));
        }
        result?;
    }
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
        room.leave_out();
    }
    Ok(())
}

struct Name<'s> {
    room: &'s mut Room,
}

impl<'r> DeserializeSeed<'r> for Name<'_> {
    type Value = Cow<'r, [u8]>;

    fn deserialize<D: Deserializer<'r>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'r> Visitor<'r> for Name<'_> {
    type Value = Cow<'r, [u8]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'r str) -> Result<Self::Value, E> {
        Ok(self.room.text(name.as_bytes()))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.room.text(name.as_bytes().to_vec()))
    }
}
