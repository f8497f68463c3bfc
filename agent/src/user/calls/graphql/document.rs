//! GraphQL documents (spec.graphql.org, October 2021, section 2): the fields at the top of an operation, and their arguments.
//!
//! A document that is cut or wrong gives what stands before it.

use super::tokens::{Token, decode};
use crate::limits;

/// A field at the top of an operation: `alias: name(arguments)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field<'d> {
    /// Under which its answer comes.
    pub key: &'d [u8],
    pub name: &'d [u8],
    /// Where its arguments begin, behind the parenthesis; none.
    pub arguments: Option<usize>,
}

/// A value at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf<'l> {
    /// A text, number, flag or name; nothing for `null`.
    Value(&'l [u8]),
    /// A variable, by its name.
    Variable(&'l [u8]),
}

/// An operation, where it begins.
#[derive(Clone, Copy, Debug, Default)]
struct Operation<'d> {
    name: &'d [u8],
    variables: Option<usize>,
    selection: usize,
}

/// A fragment: where its fields begin, and whether they were told.
#[derive(Debug)]
struct Fragment<'d> {
    name: &'d [u8],
    selection: usize,
    told: bool,
}

/// A document, read from a place on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'d> {
    pub(super) text: &'d [u8],
    pub(super) at: usize,
}

/// Tells the fields of the operation with this name, or of the first. `found` says whether to go on. Gives where the operation's
/// variables begin.
pub(super) fn fields<'d>(
    text: &'d [u8],
    operation: &[u8],
    found: &mut dyn FnMut(Field<'d>) -> bool,
) -> Option<usize> {
    let (operations, mut fragments) = Document { text, at: 0 }.definitions();
    let named = operations.iter().find(|known| !operation.is_empty() && known.name == operation);
    let run = *named.or(operations.first())?;
    let mut waiting = vec![run.selection];
    // Equal fields are one: a fragment counts once, however often it is spread.
    while let Some(at) = waiting.pop() {
        let mut spread = |name: &[u8]| {
            let known = fragments.iter_mut().find(|known| known.name == name && !known.told);
            if let Some(fragment) = known {
                fragment.told = true;
                waiting.push(fragment.selection);
            }
        };
        if !(Document { text, at }).selection(found, &mut spread) {
            break;
        }
    }
    run.variables
}

impl<'d> Document<'d> {
    /// From a place on.
    pub fn from(text: &'d [u8], at: usize) -> Self {
        Self { text, at }
    }

    fn definitions(mut self) -> (Vec<Operation<'d>>, Vec<Fragment<'d>>) {
        let (mut operations, mut fragments) = (Vec::new(), Vec::new());
        while let Some(token) = self.next() {
            let mut operation = Operation::default();
            let mut is_fragment = false;
            match token {
                Token::Mark(b'{') => {}
                Token::Name(word) => {
                    is_fragment = word == b"fragment";
                    if let Some(Token::Name(name)) = self.peek() {
                        self.next();
                        operation.name = name;
                    }
                    // Variables, the type of a fragment, directives.
                    loop {
                        match self.next() {
                            Some(Token::Mark(b'(')) => {
                                operation.variables.get_or_insert(self.at);
                                self.skip(b'(', b')');
                            }
                            Some(Token::Mark(b'{')) => break,
                            Some(_) => {}
                            None => return (operations, fragments),
                        }
                    }
                }
                _ => continue,
            }
            operation.selection = self.at;
            self.skip(b'{', b'}');
            if is_fragment && fragments.len() < limits::GRAPHQL_DEFINITIONS {
                let Operation { name, selection, .. } = operation;
                fragments.push(Fragment { name, selection, told: false });
            } else if !is_fragment && operations.len() < limits::GRAPHQL_DEFINITIONS {
                operations.push(operation);
            }
        }
        (operations, fragments)
    }

    /// The fields from behind a brace to the one that closes it.
    fn selection(
        mut self,
        found: &mut dyn FnMut(Field<'d>) -> bool,
        spread: &mut dyn FnMut(&'d [u8]),
    ) -> bool {
        // Inline fragments: their fields stand beside the others.
        let mut inline = 0_usize;
        while let Some(token) = self.next() {
            match token {
                Token::Mark(b'}') if inline == 0 => return true,
                Token::Mark(b'}') => inline -= 1,
                Token::Mark(b'{') => inline += 1,
                Token::Mark(b'@') => {
                    self.next();
                }
                // Of a directive.
                Token::Mark(b'(') => self.skip(b'(', b')'),
                Token::Spread => match self.peek() {
                    Some(Token::Name(b"on")) => {
                        self.next();
                        self.next();
                    }
                    Some(Token::Name(name)) => {
                        self.next();
                        spread(name);
                    }
                    _ => {}
                },
                Token::Name(first) => {
                    let field = self.field(first);
                    if !found(field) {
                        return false;
                    }
                }
                _ => {}
            }
        }
        true
    }

    /// The rest of a field whose first name was read, with directives and what is asked of it.
    fn field(&mut self, first: &'d [u8]) -> Field<'d> {
        let mut field = Field { key: first, name: first, arguments: None };
        if self.peek() == Some(Token::Mark(b':')) {
            self.next();
            if let Some(Token::Name(name)) = self.peek() {
                self.next();
                field.name = name;
            }
        }
        if self.peek() == Some(Token::Mark(b'(')) {
            self.next();
            field.arguments = Some(self.at);
            self.skip(b'(', b')');
        }
        while self.peek() == Some(Token::Mark(b'@')) {
            self.next();
            self.next();
            if self.peek() == Some(Token::Mark(b'(')) {
                self.next();
                self.skip(b'(', b')');
            }
        }
        if self.peek() == Some(Token::Mark(b'{')) {
            self.next();
            self.skip(b'{', b'}');
        }
        field
    }

    /// Arguments from behind a parenthesis on: each value with its path.
    pub fn arguments(mut self, told: &mut dyn FnMut(&[u8], Leaf<'_>) -> bool) {
        let mut path = Vec::new();
        while let Some(Token::Name(name)) = self.next() {
            if self.next() != Some(Token::Mark(b':')) {
                return;
            }
            path.clear();
            path.extend_from_slice(name);
            if !self.value(&mut path, told) {
                return;
            }
        }
    }

    /// Defaults of variables from behind a parenthesis on: `$name: Type = value`.
    pub fn defaults(mut self, told: &mut dyn FnMut(&[u8], Leaf<'_>) -> bool) {
        let mut path: Vec<u8> = Vec::new();
        while let Some(token) = self.next() {
            let more = match token {
                Token::Mark(b'$') => {
                    if let Some(Token::Name(name)) = self.next() {
                        path.clear();
                        path.extend_from_slice(name);
                    }
                    true
                }
                Token::Mark(b'=') => self.value(&mut path, told),
                Token::Mark(b')') => false,
                _ => true,
            };
            if !more {
                return;
            }
        }
    }

    /// One value, with all that is in it.
    fn value(&mut self, path: &mut Vec<u8>, told: &mut dyn FnMut(&[u8], Leaf<'_>) -> bool) -> bool {
        // Lengths of the paths of open lists and objects; of a list, the number of its next entry.
        let mut open: Vec<(usize, Option<u32>)> = Vec::new();
        let mut text = Vec::new();
        loop {
            match open.last_mut() {
                Some((length, Some(next))) => {
                    path.truncate(*length);
                    path.extend_from_slice(b".array_");
                    path.extend_from_slice(itoa::Buffer::new().format(*next).as_bytes());
                    *next = next.saturating_add(1);
                }
                Some((length, None)) => {
                    path.truncate(*length);
                    if let Some(Token::Name(name)) = self.peek() {
                        self.next();
                        path.push(b'.');
                        path.extend_from_slice(name);
                        if self.next() != Some(Token::Mark(b':')) {
                            return false;
                        }
                    }
                }
                None => {}
            }
            let more = match self.next() {
                Some(Token::Mark(b'$')) => match self.next() {
                    Some(Token::Name(name)) => told(path, Leaf::Variable(name)),
                    _ => false,
                },
                Some(Token::Mark(bracket @ (b'[' | b'{'))) if open.len() < limits::FIELD_DEPTH => {
                    open.push((path.len(), (bracket == b'[').then_some(0)));
                    continue;
                }
                Some(Token::Mark(b']' | b'}')) => {
                    let Some((length, _)) = open.pop() else { return false };
                    path.truncate(length);
                    true
                }
                Some(Token::Name(b"null")) => told(path, Leaf::Value(b"")),
                Some(Token::Name(word) | Token::Number(word)) => told(path, Leaf::Value(word)),
                Some(Token::Text(raw, block)) => {
                    decode(raw, block, &mut text);
                    told(path, Leaf::Value(&text))
                }
                _ => false,
            };
            if !more || open.is_empty() {
                return more;
            }
        }
    }

    /// To behind what closes a bracket that was opened.
    fn skip(&mut self, opens: u8, closes: u8) {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next() {
                Some(Token::Mark(mark)) if mark == opens => depth += 1,
                Some(Token::Mark(mark)) if mark == closes => depth -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }
}
