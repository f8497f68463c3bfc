//! A query whose facets are known: what is looked for where. Matcher and SQL are both made of it.

use std::ops::Bound;

use ipnet::IpNet;

use super::{Column, Field, Number, glob::Glob, pattern::Pattern};

/// Checks and how they are joined.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// Everything.
    All,
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    /// One value of one of the fields passes.
    Some(Look),
}

/// Where values lie, and what one of them has to pass.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub fields: Vec<Field>,
    /// The table's column with the same values.
    pub column: Option<Column>,
    pub check: Check,
}

/// What a value has to pass. A value of another kind does not.
#[derive(Clone, Debug)]
pub(super) enum Check {
    /// It is there.
    Present,
    /// This text, whatever the case of ASCII letters.
    Equal(Box<str>),
    /// A text that fits.
    Like(Pattern, Glob),
    /// A number between these.
    Within(Bound<Number>, Bound<Number>),
    Is(bool),
    /// An address of this network.
    In(IpNet),
    /// A value that is written like this.
    Written {
        text: Box<str>,
        number: Option<Number>,
        flag: Option<bool>,
    },
}
