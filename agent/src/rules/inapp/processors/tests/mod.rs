//! Vectors of what processors make, and how they run. What libddwaf makes of the same is compared in
//! `tests/tests/processors`.

mod fingerprints;
mod runs;
mod schemas;
mod texts;

use crate::rules::inapp::object::{Object, Room, read_json};

fn object(text: &str) -> Object<'_> {
    read_json(text.as_bytes(), false, &mut Room::default()).expect("JSON")
}
