//! A pattern as the linear engine takes it.

use regex_syntax::hir::{self, Capture, Class, ClassBytes, ClassBytesRange, Hir, Repetition};

use super::ast::{Look, Node};
use crate::rules::bytes::ByteSet;

/// The pattern; for one that is not regular, a wider one that is: whatever the pattern matches lies
/// around or at a match of it.
pub(super) fn hir(node: &Node) -> Hir {
    match node {
        Node::Set(set) => class(*set),
        Node::Look(look) => match look {
            Look::Start => Hir::look(hir::Look::Start),
            Look::End => Hir::look(hir::Look::End),
            Look::LineStart => Hir::look(hir::Look::StartLF),
            // The end of the last line is one of a line.
            Look::LineEnd | Look::LastLine => Hir::look(hir::Look::EndLF),
            Look::Word => Hir::look(hir::Look::WordAscii),
            Look::NotWord => Hir::look(hir::Look::WordAsciiNegate),
        },
        Node::Concat(parts) => Hir::concat(parts.iter().map(hir).collect()),
        Node::Alternate(branches) => Hir::alternation(branches.iter().map(hir).collect()),
        Node::Repeat(repeat) => Hir::repetition(Repetition {
            min: repeat.min,
            max: repeat.max,
            greedy: repeat.greedy,
            sub: Box::new(hir(&repeat.sub)),
        }),
        Node::Group(index, sub) => {
            Hir::capture(Capture { index: *index, name: None, sub: Box::new(hir(sub)) })
        }
        Node::Atomic(sub) => hir(sub),
        Node::Back { .. } => Hir::repetition(Repetition {
            min: 0,
            max: None,
            greedy: true,
            sub: Box::new(class(ByteSet::ALL)),
        }),
        Node::Empty | Node::Around { .. } | Node::Keep => Hir::empty(),
    }
}

fn class(set: ByteSet) -> Hir {
    let ranges = ranges(set).map(|(start, end)| ClassBytesRange::new(start, end));
    Hir::class(Class::Bytes(ClassBytes::new(ranges)))
}

/// Runs of neighbouring bytes.
pub(super) fn ranges(set: ByteSet) -> impl Iterator<Item = (u8, u8)> {
    let mut bytes = set.iter().peekable();
    std::iter::from_fn(move || {
        let start = bytes.next()?;
        let mut end = start;
        while let Some(next) = bytes.next_if(|&next| u32::from(next) == u32::from(end) + 1) {
            end = next;
        }
        Some((start, end))
    })
}
