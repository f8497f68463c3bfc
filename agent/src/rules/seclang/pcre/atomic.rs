//! Atomic groups and possessive quantifiers taken away where a match stays the same without them.
//!
//! `(?>X)Y` differs from `XY` only where X's first way leads to no match and another way would: X gives
//! something back. That can't be when
//! - Y is always there (X at the end of the pattern): X's first way leads to a match;
//! - every match of X at a place has the same length: another way leads to the same Y;
//! - X tries its longest match first, and Y can't begin with a byte of X: wherever X gives back, such a
//!   byte comes next.
//!
//! Else, `S++Y` for a set S is `S+` and a Y that does not begin with a byte of S, and such a Y can often
//! be written. Where it can't for all ways through Y, leaving out the others makes a narrower pattern:
//! what it matches, the pattern matches.

use super::ast::{Look, Node, Repeat};
use crate::rules::bytes::ByteSet;

/// What follows a part, up to the end of the pattern.
#[derive(Clone, Copy)]
pub(super) struct Follow {
    /// Bytes in front of which it may match.
    first: ByteSet,
    /// It matches anywhere.
    free: bool,
}

impl Follow {
    /// The end of the pattern.
    pub const END: Self = Self { first: ByteSet::EMPTY, free: true };

    /// With a part in front.
    fn after(self, node: &Node) -> Self {
        let part = first_of(node);
        match part.empty {
            Empty::Never => Self { first: part.bytes, free: false },
            Empty::Maybe => Self { first: part.bytes.union(self.first), free: false },
            Empty::Always => Self { first: part.bytes.union(self.first), free: self.free },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Empty {
    Never,
    /// At some places.
    Maybe,
    Always,
}

struct First {
    bytes: ByteSet,
    empty: Empty,
}

fn first_of(node: &Node) -> First {
    match node {
        Node::Empty | Node::Keep => First { bytes: ByteSet::EMPTY, empty: Empty::Always },
        Node::Set(set) => First { bytes: *set, empty: Empty::Never },
        Node::Look(look) => {
            let bytes = match look {
                Look::End => ByteSet::EMPTY,
                Look::LineEnd | Look::LastLine => ByteSet::of_bytes(*b"\n"),
                _ => ByteSet::ALL,
            };
            First { bytes, empty: Empty::Maybe }
        }
        Node::Around { .. } | Node::Back { .. } => First { bytes: ByteSet::ALL, empty: Empty::Maybe },
        Node::Group(_, sub) => first_of(sub),
        // Where its first way takes something, it can't be passed.
        Node::Atomic(sub) => {
            let sub = first_of(sub);
            First { empty: sub.empty.min(Empty::Maybe), ..sub }
        }
        Node::Repeat(repeat) => {
            let sub = first_of(&repeat.sub);
            First { empty: if repeat.min == 0 { Empty::Always } else { sub.empty }, ..sub }
        }
        Node::Concat(parts) => {
            let mut all = First { bytes: ByteSet::EMPTY, empty: Empty::Always };
            for part in parts {
                let part = first_of(part);
                all.bytes = all.bytes.union(part.bytes);
                all.empty = all.empty.min(part.empty);
                if part.empty == Empty::Never {
                    break;
                }
            }
            all
        }
        Node::Alternate(branches) => {
            let mut all = First { bytes: ByteSet::EMPTY, empty: Empty::Never };
            for branch in branches {
                let branch = first_of(branch);
                all.bytes = all.bytes.union(branch.bytes);
                all.empty = all.empty.max(branch.empty);
            }
            all
        }
    }
}

/// What settling may make of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    /// The same matches, groups included.
    Same,
    /// Matches in no other texts, but perhaps in fewer, and elsewhere.
    Narrower,
}

/// The pattern with as few atomic groups as can be.
pub(super) fn settle(node: &Node, to: To) -> Node {
    settle_before(node, Follow::END, to)
}

fn settle_before(node: &Node, follow: Follow, to: To) -> Node {
    match node {
        Node::Concat(parts) => concat(parts, follow, to),
        Node::Alternate(branches) => {
            Node::Alternate(branches.iter().map(|branch| settle_before(branch, follow, to)).collect())
        }
        Node::Repeat(repeat) => {
            // Behind one round comes the next or what follows all.
            let next = first_of(&repeat.sub);
            let follow =
                Follow { first: next.bytes.union(follow.first), free: follow.free && repeat.min <= 1 };
            Node::repeat(settle_before(&repeat.sub, follow, to), repeat.min, repeat.max, repeat.greedy)
        }
        Node::Group(number, sub) => Node::Group(*number, Box::new(settle_before(sub, follow, to))),
        Node::Atomic(sub) => {
            // With fewer ways through its inside, its first would be another.
            let sub = settle_before(sub, Follow::END, To::Same);
            let gives_nothing_back = follow.free
                || fixed_length(&sub).is_some()
                || longest_first(&sub).is_some_and(|bytes| !bytes.intersects(follow.first));
            if gives_nothing_back { sub } else { Node::Atomic(Box::new(sub)) }
        }
        // Look-around is for the backtracking engine, atomic groups inside it too.
        other => other.clone(),
    }
}

fn concat(parts: &[Node], mut follow: Follow, to: To) -> Node {
    // Last part first.
    let mut done: Vec<Node> = Vec::with_capacity(parts.len());
    for part in parts.iter().rev() {
        let mut part = settle_before(part, follow, to);
        if let Node::Atomic(sub) = &part
            && let Node::Repeat(Repeat { sub: set, max: None, greedy: true, .. }) = &**sub
            && let Node::Set(set) = **set
            && let Some(rest) = (Beginning { not: set, to }).of_all(&done)
        {
            part = (**sub).clone();
            done = vec![rest];
            follow = Follow { first: ByteSet::ALL, free: false };
        }
        follow = follow.after(&part);
        done.push(part);
    }
    done.reverse();
    Node::concat(done)
}

/// Writes parts so that they begin with a byte outside a set.
#[derive(Clone, Copy)]
struct Beginning {
    not: ByteSet,
    to: To,
}

impl Beginning {
    /// Parts, last first. `None`: that can't be written.
    fn of_all(self, parts: &[Node]) -> Option<Node> {
        let Some((first, behind)) = parts.split_last() else { return self.no_way() };
        let followed = |head: Node| {
            let parts = std::iter::once(head).chain(behind.iter().rev().cloned());
            Node::concat(parts.collect())
        };
        if let Node::Look(_) = first {
            return Some(Node::concat(vec![first.clone(), self.of_all(behind)?]));
        }
        let taken = followed(self.of(first)?);
        let passed_first = match first {
            _ if first_of(first).empty == Empty::Never => return Some(taken),
            Node::Repeat(repeat) if repeat.min == 0 => !repeat.greedy,
            // Which way is tried first, and what a group holds, would change.
            _ if self.to == To::Same => return None,
            // What can be passed at some places only, is not.
            _ if first_of(first).empty == Empty::Maybe => return Some(taken),
            _ => false,
        };
        let passed = self.of_all(behind)?;
        Some(Node::alternate(if passed_first { vec![passed, taken] } else { vec![taken, passed] }))
    }

    /// A part, and at least one byte of it.
    fn of(self, node: &Node) -> Option<Node> {
        match node {
            Node::Set(set) => Some(Node::Set(set.without(self.not))),
            Node::Group(number, sub) => Some(Node::Group(*number, Box::new(self.of(sub)?))),
            Node::Concat(parts) => {
                let parts: Vec<_> = parts.iter().rev().cloned().collect();
                self.of_all(&parts)
            }
            Node::Alternate(branches) => {
                let branches = branches.iter().map(|branch| match first_of(branch).empty {
                    Empty::Never => self.of(branch),
                    _ if self.to == To::Same => None,
                    _ => self.of(branch),
                });
                branches.collect::<Option<_>>().map(Node::alternate)
            }
            Node::Repeat(Repeat { max: Some(0), .. }) => self.no_way(),
            Node::Repeat(Repeat { sub, min, max, greedy })
                if self.to == To::Narrower || first_of(sub).empty == Empty::Never =>
            {
                let (min, max) = (min.saturating_sub(1), max.map(|max| max - 1));
                Some(Node::concat(vec![self.of(sub)?, Node::repeat((**sub).clone(), min, max, *greedy)]))
            }
            _ => self.no_way(),
        }
    }

    fn no_way(self) -> Option<Node> {
        (self.to == To::Narrower).then_some(Node::Set(ByteSet::EMPTY))
    }
}

/// The length of its matches, if there is only one.
fn fixed_length(node: &Node) -> Option<u64> {
    match node {
        Node::Empty | Node::Look(_) | Node::Keep | Node::Around { .. } => Some(0),
        Node::Set(_) => Some(1),
        Node::Group(_, sub) | Node::Atomic(sub) => fixed_length(sub),
        Node::Concat(parts) => parts.iter().try_fold(0u64, |sum, part| sum.checked_add(fixed_length(part)?)),
        Node::Alternate(branches) => {
            let mut lengths = branches.iter().map(fixed_length);
            let first = lengths.next()??;
            lengths.all(|length| length == Some(first)).then_some(first)
        }
        Node::Repeat(repeat) if Some(repeat.min) == repeat.max => {
            fixed_length(&repeat.sub)?.checked_mul(u64::from(repeat.min))
        }
        Node::Repeat(_) | Node::Back { .. } => None,
    }
}

/// The bytes that it may take, if it tries its longest match first.
fn longest_first(node: &Node) -> Option<ByteSet> {
    match node {
        Node::Repeat(Repeat { sub, greedy: true, .. }) => match **sub {
            Node::Set(set) => Some(set),
            _ => None,
        },
        Node::Alternate(branches) => {
            let lengths = branches.iter().map(fixed_length).collect::<Option<Vec<_>>>()?;
            lengths.is_sorted_by(|before, after| before >= after).then(|| all_bytes(node))
        }
        Node::Group(_, sub) => longest_first(sub),
        _ => None,
    }
}

fn all_bytes(node: &Node) -> ByteSet {
    match node {
        Node::Set(set) => *set,
        Node::Concat(parts) | Node::Alternate(parts) => {
            parts.iter().fold(ByteSet::EMPTY, |all, part| all.union(all_bytes(part)))
        }
        Node::Repeat(repeat) => all_bytes(&repeat.sub),
        Node::Group(_, sub) | Node::Atomic(sub) => all_bytes(sub),
        Node::Empty | Node::Look(_) | Node::Keep | Node::Around { .. } => ByteSet::EMPTY,
        Node::Back { .. } => ByteSet::ALL,
    }
}
