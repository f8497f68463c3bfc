//! A pattern as the backtracking engine takes it: fancy-regex over bytes. Everything is spelled out, so
//! that nothing depends on its idea of classes, flags and case: `(?i)é\w` becomes
//! `\xc3\xa9[\x30-\x39\x41-\x5a\x5f\x61-\x7a]`.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fancy_regex::{BytesMode, RegexBuilder};

use super::ast::{Look, Node};
use super::linear::ranges;
use crate::limits;
use crate::rules::bytes::ByteSet;

/// The engine for what is not regular.
#[derive(Debug)]
pub(super) struct Backtracking(fancy_regex::Regex);

/// A search was given up: it took too many steps, or the engine failed.
#[derive(Debug)]
pub(super) struct GivenUp;

impl Backtracking {
    pub fn new(node: &Node) -> Result<Self, String> {
        let mut text = String::new();
        write(node, &mut text);
        let build = || {
            RegexBuilder::new(&text)
                .bytes_mode(BytesMode::Ascii)
                .backtrack_limit(limits::REGEX_BACKTRACKS)
                .delegate_size_limit(limits::REGEX_MEMORY)
                .delegate_dfa_size_limit(1024 * 1024)
                .max_prog_size(limits::REGEX_MEMORY / 64)
                .build()
        };
        match catch_unwind(AssertUnwindSafe(build)) {
            Ok(Ok(regex)) => Ok(Self(regex)),
            Ok(Err(error)) => Err(error.to_string().lines().collect::<Vec<_>>().join(" ")),
            Err(_) => Err("the backtracking engine can't compile it".to_owned()),
        }
    }

    pub fn find(&self, text: &[u8], from: usize) -> Result<Option<(usize, usize)>, GivenUp> {
        let find = || self.0.find_from_pos(text, from);
        match catch_unwind(AssertUnwindSafe(find)) {
            Ok(Ok(found)) => Ok(found.map(|found| (found.start(), found.end()))),
            Ok(Err(_)) | Err(_) => Err(GivenUp),
        }
    }

    /// Calls `group` with the groups of the first match.
    pub fn captures(
        &self,
        text: &[u8],
        from: usize,
        mut group: impl FnMut(usize, usize, usize),
    ) -> Result<bool, GivenUp> {
        let captures = || self.0.captures_from_pos(text, from);
        let Ok(Ok(captures)) = catch_unwind(AssertUnwindSafe(captures)) else { return Err(GivenUp) };
        let Some(captures) = captures else { return Ok(false) };
        for number in 0..captures.len() {
            if let Some(found) = captures.get(number) {
                group(number, found.start(), found.end());
            }
        }
        Ok(true)
    }
}

fn write(node: &Node, out: &mut String) {
    match node {
        // A quantifier must have something before it.
        Node::Empty => out.push_str("(?:)"),
        Node::Set(set) => class(*set, out),
        Node::Look(look) => out.push_str(match look {
            Look::Start => r"\A",
            Look::End => r"\z",
            Look::LastLine => r"(?=\n?\z)",
            Look::LineStart => "(?m:^)",
            Look::LineEnd => "(?m:$)",
            Look::Word => r"\b",
            Look::NotWord => r"\B",
        }),
        Node::Concat(parts) => parts.iter().for_each(|part| match part {
            Node::Alternate(_) => group("(?:", part, out),
            _ => write(part, out),
        }),
        Node::Alternate(branches) => {
            for (number, branch) in branches.iter().enumerate() {
                if number > 0 {
                    out.push('|');
                }
                write(branch, out);
            }
        }
        Node::Repeat(repeat) => {
            match *repeat.sub {
                // fancy-regex 0.20 folds repeats of repeats into one even where one of them is lazy, and
                // finds `b` for `(?:(?:b+?)*)*` in `bb`. A branch that never matches keeps them apart.
                _ if repeats_another_way(&repeat.sub, repeat.greedy) => {
                    out.push_str("(?:");
                    write(&repeat.sub, out);
                    out.push_str("|(?!))");
                }
                Node::Set(_) | Node::Group(..) => write(&repeat.sub, out),
                _ => group("(?:", &repeat.sub, out),
            }
            // Writing to a string does not fail.
            let _ = match (repeat.min, repeat.max) {
                (0, None) => write!(out, "*"),
                (1, None) => write!(out, "+"),
                (min, None) => write!(out, "{{{min},}}"),
                (min, Some(max)) => write!(out, "{{{min},{max}}}"),
            };
            if !repeat.greedy {
                out.push('?');
            }
        }
        Node::Group(_, sub) => group("(", sub, out),
        Node::Atomic(sub) => group("(?>", sub, out),
        Node::Around { behind, negated, sub } => {
            let opening = match (behind, negated) {
                (false, false) => "(?=",
                (false, true) => "(?!",
                (true, false) => "(?<=",
                (true, true) => "(?<!",
            };
            group(opening, sub, out);
        }
        Node::Back { group, ignore_case } => {
            let flag = if *ignore_case { "i" } else { "" };
            let _ = write!(out, "(?{flag}:\\{group})");
        }
        Node::Keep => out.push_str(r"\K"),
    }
}

/// Whether it is a repeat, maybe in groups, and that or the one around it, which is `greedy` or not, is lazy.
fn repeats_another_way(node: &Node, greedy: bool) -> bool {
    match node {
        Node::Repeat(repeat) => !(repeat.greedy && greedy),
        Node::Group(_, sub) => repeats_another_way(sub, greedy),
        _ => false,
    }
}

fn group(opening: &str, sub: &Node, out: &mut String) {
    out.push_str(opening);
    write(sub, out);
    out.push(')');
}

fn class(set: ByteSet, out: &mut String) {
    if set.is_empty() {
        // A class of nothing never matches.
        out.push_str("(?!)");
        return;
    }
    out.push('[');
    for (start, end) in ranges(set) {
        let _ = if start == end {
            write!(out, r"\x{start:02x}")
        } else {
            write!(out, r"\x{start:02x}-\x{end:02x}")
        };
    }
    out.push(']');
}
