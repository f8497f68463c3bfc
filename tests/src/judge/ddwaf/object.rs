//! Values as libddwaf takes them, bounded as Datadog's tracers bound them.

use std::ffi::c_void;
use std::ptr;

use serde_json::Value;

use super::library::{Library, Object};

/// Bytes of a string that are looked at (`DDWAF_MAX_STRING_LENGTH`).
const STRING: usize = 4096;
/// Values in a list or map (`DDWAF_MAX_CONTAINER_SIZE`).
const SIZE: u16 = 256;
/// Levels (`DDWAF_MAX_CONTAINER_DEPTH`).
const DEPTH: usize = 20;

/// Makes values, all with the library's default allocator.
#[derive(Clone, Copy)]
pub(super) struct Maker {
    pub library: Library,
    /// The process-wide default; never null.
    pub allocator: *mut c_void,
}

/// A place for a value: a fresh object, or one in a map or list that was made just now. Null when the
/// map or list is full or there is no memory; then nothing is put there.
#[derive(Clone, Copy)]
pub(super) struct Slot(*mut Object);

impl Slot {
    /// A root.
    pub fn of(object: &mut Object) -> Self {
        Self(ptr::from_mut(object))
    }
}

impl Maker {
    /// A map for up to `size` names.
    pub fn map(&self, slot: Slot, size: usize) -> Map<'_> {
        if !slot.0.is_null() {
            // SAFETY: the slot is a place for a value, with nothing in it that needs freeing.
            unsafe { (self.library.ddwaf_object_set_map)(slot.0, capacity(size), self.allocator) };
        }
        Map { maker: self, slot, left: SIZE }
    }

    /// A list of texts.
    pub fn texts<T: AsRef<[u8]>>(&self, slot: Slot, texts: &[T]) {
        self.list(slot, texts, |slot, text| self.text(slot, text.as_ref()));
    }

    /// A text.
    pub fn text(&self, slot: Slot, text: &[u8]) {
        let text = text.get(..STRING).unwrap_or(text);
        if !slot.0.is_null() {
            // SAFETY: as in `map`; the text is copied.
            unsafe {
                (self.library.ddwaf_object_set_string)(
                    slot.0,
                    text.as_ptr().cast(),
                    length(text),
                    self.allocator,
                )
            };
        }
    }

    /// What stands in a JSON body.
    pub fn json(&self, slot: Slot, value: &Value) {
        self.json_below(slot, value, DEPTH);
    }

    fn json_below(&self, slot: Slot, value: &Value, depth: usize) {
        if slot.0.is_null() {
            return;
        }
        let library = &self.library;
        match value {
            Value::Null => {
                // SAFETY: as in `map`.
                unsafe { (library.ddwaf_object_set_null)(slot.0) };
            }
            Value::Bool(is) => {
                // SAFETY: as in `map`.
                unsafe { (library.ddwaf_object_set_bool)(slot.0, *is) };
            }
            Value::Number(number) => match number.as_i64() {
                // SAFETY: as in `map`.
                Some(whole) => _ = unsafe { (library.ddwaf_object_set_signed)(slot.0, whole) },
                None => {
                    let number = number.as_f64().unwrap_or_default();
                    // SAFETY: as in `map`.
                    unsafe { (library.ddwaf_object_set_float)(slot.0, number) };
                }
            },
            Value::String(text) => self.text(slot, text.as_bytes()),
            Value::Array(_) | Value::Object(_) if depth == 0 => {
                self.map(slot, 0);
            }
            Value::Array(values) => {
                self.list(slot, values, |slot, value| self.json_below(slot, value, depth - 1));
            }
            Value::Object(fields) => {
                let mut map = self.map(slot, fields.len());
                for (name, value) in fields {
                    self.json_below(map.name(name.as_bytes()), value, depth - 1);
                }
            }
        }
    }

    /// An object as Picket has it.
    pub fn object(&self, slot: Slot, object: &picket::rules::inapp::object::Object<'_>) {
        use picket::rules::inapp::object::Object as Picket;
        if slot.0.is_null() {
            return;
        }
        let library = &self.library;
        match object {
            // A fresh place holds that.
            Picket::Unknown => {}
            Picket::Null => {
                // SAFETY: as in `map`.
                unsafe { (library.ddwaf_object_set_null)(slot.0) };
            }
            Picket::Bool(is) => {
                // SAFETY: as in `map`.
                unsafe { (library.ddwaf_object_set_bool)(slot.0, *is) };
            }
            Picket::Signed(number) => {
                // SAFETY: as in `map`.
                unsafe { (library.ddwaf_object_set_signed)(slot.0, *number) };
            }
            Picket::Unsigned(number) => {
                // SAFETY: as in `map`.
                unsafe { (library.ddwaf_object_set_unsigned)(slot.0, *number) };
            }
            Picket::Float(number) => {
                // SAFETY: as in `map`.
                unsafe { (library.ddwaf_object_set_float)(slot.0, *number) };
            }
            Picket::String(text) => self.text(slot, text),
            Picket::Array(items) => self.list(slot, items, |slot, item| self.object(slot, item)),
            Picket::Map(entries) => {
                let mut map = self.map(slot, entries.len());
                for (name, value) in entries {
                    self.object(map.name(name), value);
                }
            }
        }
    }

    /// An object of the library as JSON, texts as [`shown`]; what has no word in JSON is null.
    ///
    /// # Safety
    /// The object is alive.
    pub unsafe fn value(&self, object: *const Object) -> Value {
        let library = &self.library;
        // SAFETY: the object is alive, and so is what is in it; each is asked for what it is.
        unsafe {
            if (library.ddwaf_object_is_map)(object) {
                let mut map = serde_json::Map::new();
                for at in 0..(library.ddwaf_object_get_size)(object) {
                    let name = self.string((library.ddwaf_object_at_key)(object, at)).unwrap_or_default();
                    let value = self.value((library.ddwaf_object_at_value)(object, at));
                    map.entry(name).or_insert(value);
                }
                map.into()
            } else if (library.ddwaf_object_is_array)(object) {
                let items = 0..(library.ddwaf_object_get_size)(object);
                items.map(|at| self.value((library.ddwaf_object_at_value)(object, at))).collect()
            } else if (library.ddwaf_object_is_bool)(object) {
                (library.ddwaf_object_get_bool)(object).into()
            } else if (library.ddwaf_object_is_signed)(object) {
                (library.ddwaf_object_get_signed)(object).into()
            } else if (library.ddwaf_object_is_unsigned)(object) {
                (library.ddwaf_object_get_unsigned)(object).into()
            } else if (library.ddwaf_object_is_float)(object) {
                (library.ddwaf_object_get_float)(object).into()
            } else {
                self.string(object).map_or(Value::Null, Value::from)
            }
        }
    }

    /// The text of an object that is alive, or null.
    pub fn string(&self, object: *const Object) -> Option<String> {
        let mut length = 0;
        if object.is_null() {
            return None;
        }
        // SAFETY: the object is alive; with another kind than a text the function gives null.
        let text = unsafe { (self.library.ddwaf_object_get_string)(object, &raw mut length) };
        if text.is_null() {
            return None;
        }
        // SAFETY: the text has that many bytes and lives as long as the object.
        let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) };
        Some(shown(bytes))
    }

    fn list<T>(&self, slot: Slot, values: &[T], put: impl Fn(Slot, &T)) {
        if slot.0.is_null() {
            return;
        }
        // SAFETY: as in `map`.
        unsafe { (self.library.ddwaf_object_set_array)(slot.0, capacity(values.len()), self.allocator) };
        for value in values.iter().take(SIZE.into()) {
            // SAFETY: the slot holds a list now.
            put(Slot(unsafe { (self.library.ddwaf_object_insert)(slot.0, self.allocator) }), value);
        }
    }
}

/// A map that is being filled.
pub(super) struct Map<'m> {
    maker: &'m Maker,
    slot: Slot,
    left: u16,
}

impl Map<'_> {
    /// The place for the value of a name. It has to be filled before the next one is asked for, as that may
    /// move the map.
    pub fn name(&mut self, name: &[u8]) -> Slot {
        let Some(left) = self.left.checked_sub(1).filter(|_| !self.slot.0.is_null()) else {
            return Slot(ptr::null_mut());
        };
        self.left = left;
        let name = name.get(..STRING).unwrap_or(name);
        let maker = self.maker;
        // SAFETY: the slot holds a map; the name is copied.
        Slot(unsafe {
            (maker.library.ddwaf_object_insert_key)(
                self.slot.0,
                name.as_ptr().cast(),
                length(name),
                maker.allocator,
            )
        })
    }
}

fn capacity(size: usize) -> u16 {
    u16::try_from(size).unwrap_or(SIZE).min(SIZE)
}

/// Of a text of at most [`STRING`] bytes.
fn length(text: &[u8]) -> u32 {
    u32::try_from(text.len()).unwrap_or_default()
}

/// A text; one that is not UTF-8 with its bytes escaped, so that no two are the same.
#[must_use]
pub fn shown(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.escape_ascii().to_string(), str::to_owned)
}
