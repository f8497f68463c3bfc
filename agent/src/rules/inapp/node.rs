//! A value of a rule file, with the path of keys that leads to it: what every part of the reader asks.

use std::{cell::RefCell, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Number, value::RawValue};

use super::position::{Problems, ReadError, Text};
use crate::rules::seclang::{ast::Place, names};

/// The file, and what is told of it.
pub(super) struct Context<'t> {
    pub text: Text<'t>,
    lenient: bool,
    warnings: RefCell<Problems>,
    left_out: RefCell<Problems>,
}

impl<'t> Context<'t> {
    pub fn new(text: Text<'t>, lenient: bool) -> Self {
        Self { text, lenient, warnings: RefCell::default(), left_out: RefCell::default() }
    }

    /// Something that is of no effect.
    pub fn warn(&self, warning: ReadError) {
        self.warnings.borrow_mut().push(warning);
    }

    /// Something that can be left out: an error of the file, or, when lenient, told.
    pub fn leave_out(&self, error: ReadError) -> Result<(), ReadError> {
        if !self.lenient {
            return Err(error);
        }
        self.left_out.borrow_mut().push(error);
        Ok(())
    }

    /// Warnings, and what was left out.
    pub fn told(self) -> (Problems, Problems) {
        (self.warnings.into_inner(), self.left_out.into_inner())
    }
}

/// The keys and numbers that lead to a value.
#[derive(Clone, Copy)]
enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    /// `rules[3].conditions[0].parameters.regex`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
            Self::Key(parent, key) => {
                let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
                match (plain, parent) {
                    (false, _) => write!(f, "{parent}[{}]", names::shown(key)),
                    (true, Self::Root) => f.write_str(key),
                    (true, _) => write!(f, "{parent}.{key}"),
                }
            }
        }
    }
}

/// A value.
#[derive(Clone, Copy)]
pub(super) struct Node<'t, 'p> {
    raw: &'t RawValue,
    pub cx: &'p Context<'t>,
    path: Path<'p>,
}

impl<'t, 'p> Node<'t, 'p> {
    /// The whole file.
    pub fn root(cx: &'p Context<'t>) -> Result<Self, ReadError> {
        Ok(Self { raw: cx.text.parse(cx.text.whole())?, cx, path: Path::Root })
    }

    pub fn place(&self) -> Place {
        self.cx.text.place(self.raw)
    }

    pub fn error(&self, problem: impl fmt::Display) -> ReadError {
        let problem = match self.path {
            Path::Root => problem.to_string(),
            path => format!("{path}: {problem}"),
        };
        self.cx.text.error_at(self.raw, problem)
    }

    pub fn warn(&self, warning: impl fmt::Display) {
        self.cx.warn(self.error(warning));
    }

    /// `expected a text, found a list`.
    fn expected(&self, what: &str) -> ReadError {
        self.error(format!("expected {what}, found {}", self.kind()))
    }

    fn kind(&self) -> &'static str {
        match self.raw.get().bytes().next() {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a text",
            Some(b't' | b'f') => "true or false",
            Some(b'n') => "null",
            _ => "a number",
        }
    }

    fn starts(&self, with: &[u8]) -> bool {
        self.raw.get().bytes().next().is_some_and(|byte| with.contains(&byte))
    }

    fn parse<T: Deserialize<'t>>(&self) -> Result<T, ReadError> {
        self.cx.text.parse_value(self.raw)
    }

    /// An object. Keys that are not `known` are passed over, with a warning.
    pub fn object(&self, known: &[&'static str]) -> Result<Object<'t, 'p>, ReadError> {
        let object = self.map()?;
        for (key, value) in &object.fields {
            if !known.contains(&key.as_str()) {
                let near = names::meant(key, known.iter().copied());
                let problem = format!("{} is no key here and is passed over{near}", names::shown(key));
                Node { raw: value, ..*self }.warn(problem);
            }
        }
        Ok(object)
    }

    /// An object whose keys are names of the author's own.
    pub fn map(&self) -> Result<Object<'t, 'p>, ReadError> {
        if !self.starts(b"{") {
            return Err(self.expected("an object"));
        }
        let Fields(fields) = self.parse()?;
        let mut seen = std::collections::HashSet::with_capacity(fields.len());
        if let Some((twice, value)) = fields.iter().find(|(key, _)| !seen.insert(key.as_str())) {
            let problem = format!("{} a second time: keys of an object are unique", names::shown(twice));
            return Err(Node { raw: value, ..*self }.error(problem));
        }
        Ok(Object { node: *self, fields })
    }

    /// A list.
    pub fn list(&self) -> Result<List<'t, 'p>, ReadError> {
        if !self.starts(b"[") {
            return Err(self.expected("a list"));
        }
        Ok(List { node: *self, items: self.parse()? })
    }

    /// A text; a number or a truth value as it is written, as libddwaf takes them.
    pub fn text(&self) -> Result<String, ReadError> {
        match self.kind() {
            "a text" => self.parse(),
            "a number" | "true or false" => Ok(self.raw.get().to_owned()),
            _ => Err(self.expected("a text")),
        }
    }

    /// A text and nothing else.
    pub fn string(&self) -> Result<String, ReadError> {
        if self.starts(b"\"") { self.parse() } else { Err(self.expected("a text")) }
    }

    /// A text that says something.
    pub fn name(&self) -> Result<String, ReadError> {
        let name = self.text()?;
        if name.is_empty() { Err(self.error("expected a text that is not empty")) } else { Ok(name) }
    }

    /// True or false; as a text, too, whatever its case.
    pub fn boolean(&self) -> Result<bool, ReadError> {
        let written = if self.starts(b"\"tf") { self.text()? } else { String::new() };
        match () {
            () if written.eq_ignore_ascii_case("true") => Ok(true),
            () if written.eq_ignore_ascii_case("false") => Ok(false),
            () => Err(self.expected("true or false")),
        }
    }

    /// A number; as a text, too.
    pub fn number(&self) -> Result<Number, ReadError> {
        let found = match self.kind() {
            "a number" => Some(self.parse()?),
            "a text" => self.parse::<String>()?.parse().ok(),
            _ => None,
        };
        found.ok_or_else(|| self.expected("a number"))
    }

    /// A whole number from 0.
    pub fn unsigned(&self) -> Result<u64, ReadError> {
        let number = self.number()?;
        // 5.0 is 5.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked right before")]
        let whole =
            number.as_f64().filter(|f| f.fract() == 0.0 && (0.0..1.8e19).contains(f)).map(|f| f as u64);
        number
            .as_u64()
            .or(whole)
            .ok_or_else(|| self.error(format!("expected a whole number from 0, found {number}")))
    }

    /// A whole number.
    pub fn signed(&self) -> Result<i64, ReadError> {
        let number = self.number()?;
        #[expect(clippy::cast_possible_truncation, reason = "checked right before")]
        let whole = number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9.2e18).map(|f| f as i64);
        let found =
            if number.is_u64() && number.as_i64().is_none() { None } else { number.as_i64().or(whole) };
        found.ok_or_else(|| {
            self.error(format!("expected a whole number of 64 bits with a sign, found {number}"))
        })
    }

    /// A number, with or without a fraction.
    pub fn float(&self) -> Result<f64, ReadError> {
        self.number()?.as_f64().filter(|float| float.is_finite()).ok_or_else(|| self.expected("a number"))
    }

    /// Whatever it is.
    pub fn json(&self) -> Result<serde_json::Value, ReadError> {
        self.parse()
    }

    pub fn is_text(&self) -> bool {
        self.starts(b"\"")
    }

    pub fn is_boolean(&self) -> bool {
        self.starts(b"tf")
    }

    pub fn is_number(&self) -> bool {
        self.kind() == "a number"
    }

    pub fn is_list(&self) -> bool {
        self.starts(b"[")
    }
}

/// An object, its keys unique.
pub(super) struct Object<'t, 'p> {
    pub node: Node<'t, 'p>,
    fields: Vec<(String, &'t RawValue)>,
}

impl<'t> Object<'t, '_> {
    /// What stands under a key.
    pub fn get<'o>(&'o self, key: &'o str) -> Option<Node<'t, 'o>> {
        let (_, raw) = self.fields.iter().find(|(name, _)| name == key)?;
        Some(Node { raw, cx: self.node.cx, path: Path::Key(&self.node.path, key) })
    }

    /// What stands under a key that must be there.
    pub fn need<'o>(&'o self, key: &'o str) -> Result<Node<'t, 'o>, ReadError> {
        self.get(key).ok_or_else(|| self.node.error(format!("expected a key \"{key}\"")))
    }

    /// All of it.
    pub fn iter<'o>(&'o self) -> impl Iterator<Item = (&'o str, Node<'t, 'o>)> {
        self.fields.iter().map(|(key, raw)| {
            (key.as_str(), Node { raw, cx: self.node.cx, path: Path::Key(&self.node.path, key) })
        })
    }
}

/// A list.
pub(super) struct List<'t, 'p> {
    pub node: Node<'t, 'p>,
    items: Vec<&'t RawValue>,
}

impl<'t> List<'t, '_> {
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn iter<'l>(&'l self) -> impl Iterator<Item = Node<'t, 'l>> {
        self.items.iter().enumerate().map(|(index, raw)| Node {
            raw,
            cx: self.node.cx,
            path: Path::Index(&self.node.path, index),
        })
    }
}

/// Keys and values in their order.
struct Fields<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(All)
    }
}
