//! Conditions and where they look.

use super::{Address, Operator, Place, Source, Transform};

/// A condition: its operator holds on at least one value of one of its inputs; negated, on none.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What to look for.
    pub operator: Operator,
    /// `!` before the operator: holds when there is at least one value that the operator can judge, and
    /// it holds on none of them. `!exists` holds when the address is there and the path is not.
    /// Such a condition has exactly one input.
    pub negated: bool,
    /// Where to look; at least one. Empty for [`Operator::InProcess`], which has its own.
    pub inputs: Vec<Input>,
    /// Where it stands.
    pub place: Place,
}

impl Condition {
    /// Every input, those of [`Operator::InProcess`] too.
    pub fn every_input(&self) -> impl Iterator<Item = &Input> {
        let arguments = match &self.operator {
            Operator::InProcess(detector) => detector.arguments.as_slice(),
            _ => &[],
        };
        self.inputs.iter().chain(arguments.iter().flat_map(|argument| &argument.inputs))
    }
}

/// Values of a transaction, and what is done to them before the operator sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Which part of the transaction.
    pub address: Address,
    /// Only what is under this path; empty: everything.
    pub key_path: Vec<Key>,
    /// The values, or the names they stand under.
    pub source: Source,
    /// Applied in order, each to what the one before made. Texts only; other values stay as they are.
    pub transforms: Vec<Transform>,
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// The member of an object with this name. In an exclusion `*` is [`Key::Any`] instead.
    Name(String),
    /// The element of a list: from 0, or from -1 backwards.
    Index(i64),
    /// `*` in an exclusion: every member and every element.
    Any,
}
