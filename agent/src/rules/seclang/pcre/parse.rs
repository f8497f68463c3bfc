//! Reading PCRE's syntax (pcrepattern(3)), over the pattern's bytes: without UTF mode, a character is
//! a byte.

use std::collections::HashMap;

use super::ast::{Look, Node};
use super::class::Class;
use crate::rules::bytes::ByteSet;

/// Bytes of a pattern.
const LONGEST: usize = 64 * 1024;
/// Groups inside groups; PCRE2's own limit is 250.
const DEEPEST: usize = 100;
/// PCRE's largest number in a quantifier.
const MOST_REPEATS: u32 = 65_535;
/// Groups of one pattern.
const MOST_GROUPS: u32 = 1000;

/// `(?imsxUn)`.
#[derive(Clone, Copy)]
pub(super) struct Flags {
    pub ignore_case: bool,
    pub multi_line: bool,
    pub dot_all: bool,
    pub extended: bool,
    pub lazy: bool,
    pub no_captures: bool,
}

/// Reads a pattern.
///
/// # Errors
/// What is wrong with it, on one line.
pub(super) fn parse(pattern: &str, flags: Flags) -> Result<Node, String> {
    if pattern.len() > LONGEST {
        return Err(format!("longer than {LONGEST} bytes"));
    }
    let mut parser = Parser {
        pattern: pattern.as_bytes(),
        at: 0,
        flags,
        groups: 0,
        names: HashMap::new(),
        quoting: false,
        depth: 0,
        references: Vec::new(),
    };
    let node = parser.alternation()?;
    if parser.at < parser.pattern.len() {
        return Err("a `)` too many".to_owned());
    }
    match parser.references.iter().find(|&&group| group > parser.groups) {
        Some(group) => Err(format!("\\{group} refers to a group that is not there")),
        None => Ok(node),
    }
}

pub(super) struct Parser<'p> {
    pub pattern: &'p [u8],
    pub at: usize,
    pub flags: Flags,
    /// Capturing groups so far.
    pub groups: u32,
    pub names: HashMap<&'p [u8], u32>,
    /// Between `\Q` and `\E`.
    quoting: bool,
    depth: usize,
    /// Groups that back-references name; they may stand behind.
    pub references: Vec<u32>,
}

impl<'p> Parser<'p> {
    pub fn peek(&self) -> Option<u8> {
        self.pattern.get(self.at).copied()
    }

    pub fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Goes past `text` if it is what comes.
    pub fn take(&mut self, text: &[u8]) -> bool {
        let there = self.pattern.get(self.at..).is_some_and(|rest| rest.starts_with(text));
        if there {
            self.at += text.len();
        }
        there
    }

    /// What stands before the next `end`, which is passed.
    pub fn until(&mut self, end: u8) -> Option<&'p [u8]> {
        let rest = self.pattern.get(self.at..)?;
        let len = rest.iter().position(|&byte| byte == end)?;
        self.at += len + 1;
        rest.get(..len)
    }

    /// Until `)` or the end, neither of which it passes.
    fn alternation(&mut self) -> Result<Node, String> {
        let mut branches = Vec::new();
        loop {
            branches.push(self.branch()?);
            if !self.take(b"|") {
                return Ok(Node::alternate(branches));
            }
        }
    }

    fn branch(&mut self) -> Result<Node, String> {
        let mut parts: Vec<Node> = Vec::new();
        loop {
            if self.quoting {
                if self.take(b"\\E") {
                    self.quoting = false;
                    continue;
                }
            } else if self.take(b"\\Q") {
                self.quoting = true;
                continue;
            } else if self.take(b"\\E") || self.skip_comment()? {
                continue;
            } else if matches!(self.peek(), Some(b'|' | b')')) {
                break;
            }
            let Some(byte) = self.next() else { break };
            let node = if self.quoting { self.byte(byte) } else { self.atom(byte)? };
            parts.push(self.quantified(node)?);
        }
        Ok(Node::concat(parts))
    }

    /// White space and comments in extended mode, and `(?#…)`.
    fn skip_comment(&mut self) -> Result<bool, String> {
        if self.take(b"(?#") {
            return self.until(b')').map(|_| true).ok_or_else(|| "unclosed comment: (?#".to_owned());
        }
        match self.peek() {
            Some(b' ' | b'\t'..=b'\r') if self.flags.extended => self.at += 1,
            Some(b'#') if self.flags.extended => {
                if self.until(b'\n').is_none() {
                    self.at = self.pattern.len();
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A byte that stands for itself.
    pub fn byte(&self, byte: u8) -> Node {
        let set = ByteSet::of_bytes([byte]);
        Node::Set(if self.flags.ignore_case { set.folded() } else { set })
    }

    /// What begins with this byte, which is passed and is neither `|` nor `)`.
    fn atom(&mut self, byte: u8) -> Result<Node, String> {
        Ok(match byte {
            b'.' if self.flags.dot_all => Node::Set(ByteSet::ALL),
            b'.' => Node::Set(ByteSet::of_bytes(*b"\n").complement()),
            b'^' if self.flags.multi_line => Node::Look(Look::LineStart),
            b'^' => Node::Look(Look::Start),
            b'$' if self.flags.multi_line => Node::Look(Look::LineEnd),
            b'$' => Node::Look(Look::LastLine),
            b'[' => Node::Set(Class::read(self)?),
            b'(' => self.group()?,
            b'\\' => self.escape()?,
            b'*' | b'+' | b'?' => {
                return Err(format!("nothing to repeat before `{}`", char::from(byte)));
            }
            _ => self.byte(byte),
        })
    }

    /// The node with the quantifiers that follow.
    fn quantified(&mut self, mut node: Node) -> Result<Node, String> {
        if self.quoting && !self.take(b"\\E") {
            return Ok(node);
        }
        self.quoting = false;
        let mut before = false;
        loop {
            while self.skip_comment()? {}
            let (min, max) = match self.peek() {
                Some(b'*' | b'+' | b'?') if before => {
                    return Err("nothing to repeat between two quantifiers".to_owned());
                }
                Some(b'*') => (0, None),
                Some(b'+') => (1, None),
                Some(b'?') => (0, Some(1)),
                Some(b'{') => match self.counts()? {
                    Some(counts) => counts,
                    None => return Ok(node),
                },
                _ => return Ok(node),
            };
            self.at += 1;
            let possessive = self.take(b"+");
            let lazy = !possessive && self.take(b"?");
            let repeat = Node::repeat(node, min, max, possessive || lazy == self.flags.lazy);
            node = if possessive { Node::Atomic(Box::new(repeat)) } else { repeat };
            before = true;
        }
    }

    /// `{2}`, `{2,}`, `{2,3}`, up to the brace that ends it; anything else is text.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, String> {
        let rest = self.pattern.get(self.at + 1..).unwrap_or_default();
        let Some(len) = rest.iter().take(16).position(|&byte| byte == b'}') else { return Ok(None) };
        let inside = std::str::from_utf8(rest.get(..len).unwrap_or_default()).unwrap_or_default();
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (min, max) = match inside.split_once(',') {
            None if digits(inside) => (inside, Some(inside)),
            Some((min, "")) if digits(min) => (min, None),
            Some((min, max)) if digits(min) && digits(max) => (min, Some(max)),
            _ => return Ok(None),
        };
        let number = |text: &str| match text.parse() {
            Ok(number) if number <= MOST_REPEATS => Ok(number),
            _ => Err(format!("{{{inside}}}: at most {MOST_REPEATS} times")),
        };
        let (min, max) = (number(min)?, max.map(number).transpose()?);
        if max.is_some_and(|max| max < min) {
            return Err(format!("{{{inside}}}: the numbers are out of order"));
        }
        self.at += len + 1;
        Ok(Some((min, max)))
    }

    /// The inside of a group and the `)` behind it. Flags set inside end with it.
    pub fn inside(&mut self, flags: Flags) -> Result<Node, String> {
        if self.depth >= DEEPEST {
            return Err(format!("more than {DEEPEST} groups inside each other"));
        }
        let before = std::mem::replace(&mut self.flags, flags);
        self.depth += 1;
        let node = self.alternation()?;
        self.depth -= 1;
        self.flags = before;
        if self.take(b")") { Ok(node) } else { Err("unclosed group: `)` is missing".to_owned()) }
    }

    /// A capturing group, from behind its opening.
    pub fn capture(&mut self, name: Option<&'p [u8]>) -> Result<Node, String> {
        self.groups += 1;
        let number = self.groups;
        if number > MOST_GROUPS {
            return Err(format!("more than {MOST_GROUPS} groups"));
        }
        if let Some(name) = name {
            self.names.entry(name).or_insert(number);
        }
        Ok(Node::Group(number, Box::new(self.inside(self.flags)?)))
    }
}
