//! A JSON value and the path of keys to it, so that every refusal names a place.

use serde_json::{Map, Value};

use super::RuleError;

/// A value at its place.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
}

impl<'a> Node<'a> {
    pub(super) fn error<T>(&self, problem: impl Into<String>) -> Result<T, RuleError> {
        Err(RuleError { file: String::new(), path: self.path.clone(), problem: problem.into() })
    }

    pub(super) fn fail(&self, problem: impl Into<String>) -> RuleError {
        RuleError { file: String::new(), path: self.path.clone(), problem: problem.into() }
    }

    pub(super) fn object(&self) -> Result<Object<'a>, RuleError> {
        match self.value {
            Value::Object(map) => Ok(Object { map, path: self.path.clone() }),
            other => self.error(format!("expected an object, not {}", kind(other))),
        }
    }

    pub(super) fn text(&self) -> Result<&'a str, RuleError> {
        match self.value {
            Value::String(text) => Ok(text),
            other => self.error(format!("expected a text, not {}", kind(other))),
        }
    }

    pub(super) fn flag(&self) -> Result<bool, RuleError> {
        match self.value {
            Value::Bool(flag) => Ok(*flag),
            other => self.error(format!("expected true or false, not {}", kind(other))),
        }
    }

    /// A whole number up to a bound.
    pub(super) fn number(&self, most: u64) -> Result<u64, RuleError> {
        // Numbers from JavaScript may come as 300.0.
        let whole = |float: f64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
            ((0.0..=9e15).contains(&float) && float.fract() == 0.0).then_some(float as u64)
        };
        match self.value.as_u64().or_else(|| self.value.as_f64().and_then(whole)) {
            Some(number) if number <= most => Ok(number),
            _ => self.error(format!("expected a whole number from 0 to {most}, not {}", kind(self.value))),
        }
    }

    pub(super) fn items(&self, most: usize) -> Result<Vec<Self>, RuleError> {
        let Value::Array(items) = self.value else {
            return self.error(format!("expected a list, not {}", kind(self.value)));
        };
        if items.len() > most {
            return self.error(format!("a list with {} entries; at most {most} are taken", items.len()));
        }
        let item = |(at, value): (usize, &'a Value)| Node { value, path: format!("{}[{at}]", self.path) };
        Ok(items.iter().enumerate().map(item).collect())
    }

    pub(super) fn texts(&self, most: usize) -> Result<Vec<(&'a str, Self)>, RuleError> {
        self.items(most)?.into_iter().map(|item| Ok((item.text()?, item))).collect()
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&self, known: &[(&str, T)]) -> Result<T, RuleError> {
        let text = self.text()?;
        if let Some((_, value)) = known.iter().find(|(name, _)| *name == text) {
            return Ok(*value);
        }
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        self.error(format!("`{}` is not known; expected one of {}", shown(text), names.join(", ")))
    }

    /// Says nothing: null, empty, false, 0.
    pub(super) fn is_empty(&self) -> bool {
        match self.value {
            Value::Null => true,
            Value::Bool(flag) => !flag,
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.values().all(|value| Node { value, path: String::new() }.is_empty()),
        }
    }
}

/// An object at its place.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    map: &'a Map<String, Value>,
    pub(super) path: String,
}

impl<'a> Object<'a> {
    /// The value of a key; null is as good as none.
    pub(super) fn get(&self, key: &str) -> Option<Node<'a>> {
        let value = self.map.get(key).filter(|value| !value.is_null())?;
        Some(Node { value, path: self.path_of(key) })
    }

    pub(super) fn needed(&self, key: &str) -> Result<Node<'a>, RuleError> {
        self.get(key).ok_or_else(|| RuleError {
            file: String::new(),
            path: self.path_of(key),
            problem: "is missing".to_owned(),
        })
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Refuses keys that mean something and are not known here. `harmless` ones are taken whatever they hold;
    /// `empty` ones are known, but only if they say nothing; the reason stands with them.
    pub(super) fn check(
        &self,
        known: &[&str],
        harmless: &[&str],
        empty: &[(&str, &str)],
    ) -> Result<(), RuleError> {
        for (key, value) in self.map {
            let node = Node { value, path: self.path_of(&shown(key)) };
            if known.contains(&key.as_str()) || harmless.contains(&key.as_str()) {
                continue;
            }
            if let Some((_, reason)) = empty.iter().find(|(name, _)| name == key) {
                if node.is_empty() {
                    continue;
                }
                return node.error(format!("is not supported: {reason}"));
            }
            let near = known
                .iter()
                .filter(|name| strsim::osa_distance(name, key) <= 3)
                .min_by_key(|name| strsim::osa_distance(name, key));
            let hint = near.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"));
            return node.error(format!("is not known here{hint}; known are {}", known.join(", ")));
        }
        Ok(())
    }
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("\"{}\"", shown(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// A piece of a file in a message: short, and harmless to a terminal.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().count() > 60 {
        shown.push('…');
    }
    shown
}
