//! Where values lie in an event or a signal, and how they are reached.

use std::{borrow::Cow, fmt, net::IpAddr};

use super::{Number, event::Known};

/// What a field holds: one scalar, or that there is an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Number(Number),
    /// True or false.
    Flag(bool),
    /// An address; in JSON it is a text.
    Address(IpAddr),
    /// An object; only its presence can be asked for.
    Object,
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Object => f.write_str("{…}"),
        }
    }
}

/// A place in an event or a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub(super) path: Path,
    /// The field of [`Event`](crate::event::Event) that it is, when it is one of those that every event may have.
    pub(super) known: Option<Known>,
}

impl Field {
    /// Where it lies in the JSON: names from the outside in, and whether the first one holds a list of
    /// objects, each of which is looked into.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A path in JSON. A list at its end stands for each of its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub(super) list: Option<Cow<'static, str>>,
    pub(super) names: Vec<Cow<'static, str>>,
}

impl Path {
    /// The name of a list of objects at the top, in each of which the other names are looked up.
    #[must_use]
    pub fn list(&self) -> Option<&str> {
        self.list.as_deref()
    }

    /// Names from the outside in.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.names.iter().map(AsRef::as_ref)
    }

    pub(super) fn of(list: Option<&'static str>, names: &[&'static str]) -> Self {
        Self { list: list.map(Cow::Borrowed), names: names.iter().map(|&name| Cow::Borrowed(name)).collect() }
    }
}

/// `matches[].tags.type`
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(list) = &self.list {
            write!(f, "{list}[]")?;
        }
        for (at, name) in self.names().enumerate() {
            let dot = if at > 0 || self.list.is_some() { "." } else { "" };
            write!(f, "{dot}{name}")?;
        }
        Ok(())
    }
}

/// What has fields: events, signals, their JSON.
pub trait Fields {
    /// Gives each value of a field to `found` until it says true, and says whether it did. Nothing is
    /// allocated.
    fn any(&self, field: &Field, found: &mut dyn FnMut(Value<'_>) -> bool) -> bool;

    /// Whether this is a further look at what counted already: only queries about business events are to count it.
    fn is_again(&self) -> bool {
        false
    }

    /// Gives each value of a field to `found`.
    fn each(&self, field: &Field, found: &mut dyn FnMut(Value<'_>)) {
        self.any(field, &mut |value| {
            found(value);
            false
        });
    }
}
