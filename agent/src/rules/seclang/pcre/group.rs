//! What begins with a parenthesis.

use super::ast::Node;
use super::parse::{Flags, Parser};

impl<'p> Parser<'p> {
    /// From behind the `(`.
    pub(super) fn group(&mut self) -> Result<Node, String> {
        if self.peek() == Some(b'*') {
            return Err("verbs, (*…), are not supported".to_owned());
        }
        if !self.take(b"?") {
            return if self.flags.no_captures { self.inside(self.flags) } else { self.capture(None) };
        }
        let flags = self.flags;
        let around = |parser: &mut Self, behind, negated| {
            let sub = Box::new(parser.inside(flags)?);
            Ok(Node::Around { behind, negated, sub })
        };
        match self.next() {
            Some(b':') => self.inside(flags),
            Some(b'>') => Ok(Node::Atomic(Box::new(self.inside(flags)?))),
            Some(b'=') => around(self, false, false),
            Some(b'!') => around(self, false, true),
            Some(b'<') if self.take(b"=") => around(self, true, false),
            Some(b'<') if self.take(b"!") => around(self, true, true),
            Some(b'<') => self.named(b'>'),
            Some(b'\'') => self.named(b'\''),
            Some(b'P') if self.take(b"<") => self.named(b'>'),
            Some(b'P') if self.take(b"=") => {
                let name = self.until(b')').unwrap_or_default();
                self.back_to(name)
            }
            Some(b'|') => Err("groups that share numbers, (?|…), are not supported".to_owned()),
            Some(b'(') => Err("conditional groups, (?(…)…), are not supported".to_owned()),
            Some(b'P' | b'R' | b'&' | b'0'..=b'9' | b'+') => {
                Err("calling a group, (?R) or (?1), is not supported".to_owned())
            }
            Some(b'C') => Err("callouts, (?C…), are not supported".to_owned()),
            Some(_) => {
                self.at -= 1;
                self.flags_or_group()
            }
            None => Err("unclosed group: `)` is missing".to_owned()),
        }
    }

    fn named(&mut self, end: u8) -> Result<Node, String> {
        let name = self.until(end).filter(|name| is_name(name));
        let name = name.ok_or_else(|| "a group's name is letters, digits and `_`".to_owned())?;
        if self.names.contains_key(name) {
            return Err(format!("two groups are called {}", name.escape_ascii()));
        }
        self.capture(Some(name))
    }

    /// `(?i)` and `(?i:…)`, from behind the question mark.
    fn flags_or_group(&mut self) -> Result<Node, String> {
        let mut flags = self.flags;
        let mut on = true;
        if self.take(b"^") {
            flags = Flags { ignore_case: false, multi_line: false, dot_all: false, extended: false, ..flags };
            flags.no_captures = false;
        }
        loop {
            match self.next() {
                Some(b'i') => flags.ignore_case = on,
                Some(b'm') => flags.multi_line = on,
                Some(b's') => flags.dot_all = on,
                Some(b'x') => flags.extended = on,
                Some(b'U') => flags.lazy = on,
                Some(b'n') => flags.no_captures = on,
                Some(b'-') if on => on = false,
                Some(b':') => return self.inside(flags),
                // Until the end of the group that it is in, other branches included.
                Some(b')') => {
                    self.flags = flags;
                    return Ok(Node::Empty);
                }
                Some(other) => {
                    return Err(format!("unknown flag or group: (?{}", [other].escape_ascii()));
                }
                None => return Err("unclosed group: `)` is missing".to_owned()),
            }
        }
    }

    /// A back-reference by name.
    pub(super) fn back_to(&mut self, name: &[u8]) -> Result<Node, String> {
        match self.names.get(name) {
            Some(&group) => Ok(self.back(group)),
            None => Err(format!("no group before it is called `{}`", name.escape_ascii())),
        }
    }

    pub(super) fn back(&mut self, group: u32) -> Node {
        self.references.push(group);
        Node::Back { group, ignore_case: self.flags.ignore_case }
    }
}

/// PCRE: word characters, the first no digit, at most 32.
fn is_name(name: &[u8]) -> bool {
    let word = name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
    word && name.len() <= 32 && name.first().is_some_and(|first| !first.is_ascii_digit())
}
