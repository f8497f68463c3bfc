//! Facets: names that a query may ask by, and where their values lie.

use super::event::Known;

/// The facets of one kind of thing: [`EVENTS`](super::EVENTS) or [`SIGNALS`](super::SIGNALS).
#[derive(Debug)]
pub struct Facets {
    /// What has them, in the plural, for messages.
    pub things: &'static str,
    /// Known facets; the order is the one they are listed in.
    pub rows: &'static [Facet],
    /// Where free text is looked for: names of rows.
    pub free: &'static [&'static str],
    /// Members of the JSON that are lists of objects.
    pub(super) lists: &'static [&'static str],
    /// Prefixes of names that stand for the members of one object, with the object's place.
    pub(super) open: &'static [(&'static str, Location)],
    /// Objects with members of any name, looked into when a name is nothing else.
    pub(super) attributes: &'static [Location],
}

/// Where something lies: the list at the top whose objects are looked into, if it is one, and names from there on.
pub(super) type Location = (Option<&'static str>, &'static [&'static str]);

/// A name that a query may ask by.
#[derive(Debug)]
pub struct Facet {
    /// How it is written. The first is the one that is shown; all may be written with and without `@`.
    pub names: &'static [&'static str],
    /// What its values are.
    pub kind: Kind,
    /// What it is, in a few words.
    pub about: &'static str,
    /// The column of the store's table that has it too.
    pub column: Option<Column>,
    pub(super) at: Location,
    pub(super) known: Option<Known>,
}

/// A column of the store's table with the values of a facet, where a query finds them without reading JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// It holds all values as a JSON array; otherwise the only one, or NULL.
    pub list: bool,
}

/// What the values of a facet are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text: equality and wildcards, without regard to the case of ASCII letters.
    Text,
    /// Number: equality, comparisons, ranges.
    Number,
    /// `true` or `false`.
    Flag,
    /// `true`, or not there, which is `false`.
    Mark,
    /// IP address: an address or a network.
    Address,
    /// An object: only whether it is there.
    Object,
    /// A time: asked for beside the query.
    Time,
    /// Not known: whatever the value turns out to be.
    Any,
}

impl Facet {
    pub(super) const fn new(
        names: &'static [&'static str],
        kind: Kind,
        at: Location,
        about: &'static str,
    ) -> Self {
        Self { names, kind, about, column: None, at, known: None }
    }

    pub(super) const fn known(mut self, known: Known) -> Self {
        self.known = Some(known);
        self
    }

    pub(super) const fn column(mut self, name: &'static str) -> Self {
        self.column = Some(Column { name, list: self.at.0.is_some() });
        self
    }

    /// A column with all its values, of what lies in a list itself.
    pub(super) const fn list(mut self, name: &'static str) -> Self {
        self.column = Some(Column { name, list: true });
        self
    }

    /// The name that is shown.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }
}

impl Facets {
    pub(super) fn row(&self, name: &str) -> Option<&'static Facet> {
        let bare = |name: &'static str| name.strip_prefix('@').unwrap_or(name);
        self.rows.iter().find(|row| row.names.iter().any(|known| bare(known) == name))
    }
}
