//! A PCRE pattern, read: flags and names resolved, every byte a set.

use crate::rules::bytes::ByteSet;

/// Part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Nothing; always there.
    Empty,
    /// One byte of these.
    Set(ByteSet),
    /// A place.
    Look(Look),
    /// One after the other.
    Concat(Vec<Node>),
    /// One of these; the first that leads to a match.
    Alternate(Vec<Node>),
    /// So many times.
    Repeat(Repeat),
    /// `(…)`, numbered from 1.
    Group(u32, Box<Node>),
    /// `(?>…)`, `…*+`: what matched first stays.
    Atomic(Box<Node>),
    /// `(?=…)`, `(?!…)`, `(?<=…)`, `(?<!…)`.
    Around { behind: bool, negated: bool, sub: Box<Node> },
    /// `\1`.
    Back { group: u32, ignore_case: bool },
    /// `\K`: the match begins here.
    Keep,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Repeat {
    pub sub: Box<Node>,
    pub min: u32,
    pub max: Option<u32>,
    pub greedy: bool,
}

/// A place in the text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Look {
    /// `\A`.
    Start,
    /// `\z`.
    End,
    /// `\Z`: the end, or before a line feed that is the end.
    LastLine,
    /// `^` in multi-line mode. PCRE does not take the end for the start of a line; here, as in Coraza,
    /// it is one behind a line feed.
    LineStart,
    /// `$` in multi-line mode.
    LineEnd,
    /// `\b`.
    Word,
    /// `\B`.
    NotWord,
}

impl Node {
    pub fn concat(mut parts: Vec<Node>) -> Self {
        parts.retain(|part| *part != Self::Empty);
        match parts.pop() {
            None => Self::Empty,
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                Self::Concat(parts)
            }
        }
    }

    pub fn alternate(mut branches: Vec<Node>) -> Self {
        match branches.pop() {
            None => Self::Empty,
            Some(only) if branches.is_empty() => only,
            Some(last) => {
                branches.push(last);
                Self::Alternate(branches)
            }
        }
    }

    pub fn repeat(sub: Node, min: u32, max: Option<u32>, greedy: bool) -> Self {
        Self::Repeat(Repeat { sub: Box::new(sub), min, max, greedy })
    }

    /// Why a linear engine can't run it, if it can't.
    pub fn beyond_regular(&self) -> Option<&'static str> {
        match self {
            Self::Empty | Self::Set(_) => None,
            Self::Look(Look::LastLine) => Some("\\Z or $ without (?m)"),
            Self::Look(_) => None,
            Self::Concat(parts) | Self::Alternate(parts) => parts.iter().find_map(Self::beyond_regular),
            Self::Repeat(repeat) => repeat.sub.beyond_regular(),
            Self::Group(_, sub) => sub.beyond_regular(),
            Self::Atomic(_) => Some("an atomic group or possessive quantifier that matters"),
            Self::Around { .. } => Some("look-around"),
            Self::Back { .. } => Some("a back-reference"),
            Self::Keep => Some("\\K"),
        }
    }
}
