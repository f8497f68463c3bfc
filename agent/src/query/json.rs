//! Fields of JSON.

use serde_json::Value as Json;

use super::{Field, Fields, Number, Value};

impl Fields for Json {
    fn any(&self, field: &Field, found: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        let path = field.path();
        match path.list() {
            None => walk(self, path.names(), found),
            Some(list) => match self.get(list) {
                Some(Self::Array(items)) => items.iter().any(|item| walk(item, path.names(), found)),
                _ => false,
            },
        }
    }
}

/// Goes down by names of members; lists on the way have none.
pub(super) fn walk<'n>(
    value: &Json,
    names: impl Iterator<Item = &'n str>,
    found: &mut dyn FnMut(Value<'_>) -> bool,
) -> bool {
    let mut value = value;
    for name in names {
        match value.get(name) {
            Some(inner) => value = inner,
            None => return false,
        }
    }
    match value {
        Json::Array(items) => items.iter().any(|item| give(item, found)),
        other => give(other, found),
    }
}

fn give(value: &Json, found: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
    match value {
        Json::String(text) => found(Value::Text(text)),
        Json::Number(number) => found(Value::Number(Number::from(number))),
        Json::Bool(flag) => found(Value::Flag(*flag)),
        Json::Object(_) => found(Value::Object),
        // A list in a list holds no values.
        Json::Null | Json::Array(_) => false,
    }
}
