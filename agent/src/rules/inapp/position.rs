//! Where in a file something stands.

use std::{fmt, sync::Arc};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{limits, rules::seclang::ast::Place};

/// What is wrong with a rule file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{source_name}:{line}:{column}: {problem}")]
pub struct ReadError {
    /// The file, as the caller named it.
    pub source_name: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong, what was expected.
    pub problem: String,
}

impl ReadError {
    /// At a place.
    #[must_use]
    pub fn at(place: &Place, problem: String) -> Self {
        Self {
            source_name: place.file.to_string(),
            line: place.line as usize,
            column: place.column as usize,
            problem,
        }
    }
}

/// Problems that are told and not acted upon: at most [`limits::RULE_PROBLEMS`], the rest is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    kept: Vec<ReadError>,
    more: usize,
}

impl Problems {
    /// Adds one.
    pub fn push(&mut self, problem: ReadError) {
        if self.kept.len() < limits::RULE_PROBLEMS {
            self.kept.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Adds those of others.
    pub fn extend(&mut self, others: Self) {
        self.more += others.more;
        others.kept.into_iter().for_each(|problem| self.push(problem));
    }

    /// Those that are kept.
    pub fn iter(&self) -> impl Iterator<Item = &ReadError> {
        self.kept.iter()
    }

    /// How many there were, those that are not kept too.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len() + self.more
    }

    /// Whether there was none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Problems {
    /// One a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kept.iter().try_for_each(|problem| writeln!(f, "{problem}"))?;
        if self.more > 0 { writeln!(f, "… and {} more", self.more) } else { Ok(()) }
    }
}

/// Bytes between two marks.
const STRIDE: usize = 1024;

/// A rule file. Values of it are kept as [`RawValue`]s that borrow from it, so that what is found
/// wrong later can still be pointed at.
pub(in crate::rules) struct Text<'t> {
    text: &'t str,
    source: Arc<str>,
    /// Line and column, from 0, at the first character that begins at or after each [`STRIDE`]th byte: a
    /// place costs as much in a file of one long line as in any other.
    marks: Vec<(u32, u32)>,
}

impl<'t> Text<'t> {
    pub fn new(bytes: &'t [u8], source: &str) -> Result<Self, ReadError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self { text, source: source.into(), marks: marks(text) }),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let text = std::str::from_utf8(valid).unwrap_or_default();
                let text = Self { text, source: source.into(), marks: marks(text) };
                Err(text.error(text.text.len(), "a byte that is not UTF-8".to_owned()))
            }
        }
    }

    pub fn whole(&self) -> &'t str {
        self.text
    }

    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// Parses a piece of this text; errors are placed in the whole.
    pub fn parse<T: Deserialize<'t>>(&self, piece: &'t str) -> Result<T, ReadError> {
        serde_json::from_str(piece).map_err(|error| {
            let start = self.offset(piece);
            let mut at = start;
            if error.line() > 0 {
                let line_start: usize =
                    piece.split_inclusive('\n').take(error.line() - 1).map(str::len).sum();
                at = start + line_start + error.column().saturating_sub(1);
            }
            // serde_json ends with " at line 1 column 2", counted inside the piece.
            let problem = error.to_string();
            let problem = problem.rsplit_once(" at line ").map_or(&*problem, |(before, _)| before);
            self.error(at, problem.to_owned())
        })
    }

    pub fn parse_value<T: Deserialize<'t>>(&self, value: &'t RawValue) -> Result<T, ReadError> {
        self.parse(value.get())
    }

    pub fn error_at(&self, value: &RawValue, problem: String) -> ReadError {
        self.error(self.offset(value.get()), problem)
    }

    /// Where a value begins.
    pub fn place(&self, value: &RawValue) -> Place {
        let (line, column) = self.position(self.offset(value.get()));
        Place { file: Arc::clone(&self.source), line, column }
    }

    /// `piece` is a part of the text: its distance from the start.
    fn offset(&self, piece: &str) -> usize {
        (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    fn error(&self, at: usize, problem: String) -> ReadError {
        let (line, column) = self.position(at);
        ReadError {
            source_name: self.source.to_string(),
            line: line as usize,
            column: column as usize,
            problem,
        }
    }

    /// Line and column, from 1, of the character at or before a byte.
    fn position(&self, at: usize) -> (u32, u32) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let (mut line, mut column) = (0, 0);
        let mut from = 0;
        if let Some(mark) = self.marks.get(at / STRIDE) {
            let marked =
                (at / STRIDE * STRIDE..).find(|&byte| self.text.is_char_boundary(byte)).unwrap_or(at);
            if marked <= at {
                ((line, column), from) = (*mark, marked);
            }
        }
        advance(self.text.get(from..at).unwrap_or_default(), &mut line, &mut column);
        (line + 1, column + 1)
    }
}

fn advance(text: &str, line: &mut u32, column: &mut u32) {
    for character in text.chars() {
        if character == '\n' {
            (*line, *column) = (*line + 1, 0);
        } else {
            *column += 1;
        }
    }
}

fn marks(text: &str) -> Vec<(u32, u32)> {
    let mut marks = Vec::with_capacity(text.len() / STRIDE + 1);
    let (mut line, mut column) = (0, 0);
    let mut from = 0;
    for byte in (0..=text.len()).step_by(STRIDE) {
        let Some(at) = (byte..=text.len()).find(|&at| text.is_char_boundary(at)) else { break };
        advance(text.get(from..at).unwrap_or_default(), &mut line, &mut column);
        marks.push((line, column));
        from = at;
    }
    marks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Marks are a short cut and nothing else.
        #[test]
        fn positions(text in "(a|ä|€|😀|\n){0,3000}", at in 0usize..12_000) {
            let at = at.min(text.len());
            let at = (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap();
            let before = &text[..at];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            let read = Text::new(text.as_bytes(), "x").unwrap();
            prop_assert_eq!(read.position(at), (line as u32, column as u32));
        }
    }

    #[test]
    fn problems_are_bounded_and_counted() {
        let mut problems = Problems::default();
        let text = Text::new(b"{}", "x").unwrap();
        for _ in 0..limits::RULE_PROBLEMS + 5 {
            problems.push(text.error(0, "wrong".to_owned()));
        }
        assert_eq!(problems.len(), limits::RULE_PROBLEMS + 5);
        assert_eq!(problems.iter().count(), limits::RULE_PROBLEMS);
        assert!(problems.to_string().ends_with("… and 5 more\n"));
    }
}
