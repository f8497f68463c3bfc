//! `t:…`, read and written.

use super::{
    ReadError,
    ast::ActionKind,
    names::{meant, shown},
    text::Text,
};
use crate::rules::model::Transform;

/// The value of `t`.
pub(super) fn read(value: &Text<'_>) -> Result<ActionKind, ReadError> {
    let name = value.as_str().trim();
    if name.eq_ignore_ascii_case("none") {
        return Ok(ActionKind::TransformNone);
    }
    Transform::seclang(name).map(ActionKind::Transform).ok_or_else(|| {
        let names: Vec<String> = Transform::ALL.iter().map(|&known| spelled(known)).collect();
        let meant = meant(name, names.iter().map(String::as_str));
        value.error(0, format!("there is no transformation {}{meant}", shown(name)))
    })
}

/// A transformation as SecLang spells it: `url_decode_uni` is `urlDecodeUni`. Picket tells more of them
/// apart than SecLang has names; so it is the longest start of the name that reads as the same.
pub(super) fn spelled(transform: Transform) -> String {
    let whole = camel_case(transform.name());
    let mut name = whole.as_str();
    while Transform::seclang(name) != Some(transform) {
        match name.rfind(|c: char| c.is_ascii_uppercase()) {
            Some(last) => name = name.get(..last).unwrap_or_default(),
            None => return whole,
        }
    }
    name.to_owned()
}

fn camel_case(snake_case: &str) -> String {
    let mut name = String::new();
    for (index, part) in snake_case.split('_').enumerate() {
        let mut chars = part.chars();
        match chars.next() {
            Some(first) if index > 0 => name.push(first.to_ascii_uppercase()),
            first => name.extend(first),
        }
        name.push_str(chars.as_str());
    }
    name
}

#[cfg(test)]
#[test]
fn transformations_are_written_as_they_are_read() {
    let mut ran = 0;
    for transform in Transform::ALL {
        if let Some(read) = Transform::seclang(&camel_case(transform.name())) {
            assert_eq!(Transform::seclang(&spelled(read)), Some(read), "{}", transform.name());
            ran += 1;
        }
    }
    assert!(ran >= 9, "only {ran} have the name of SecLang");
}
