//! What is wrong with a query, where, and what was expected.

use std::fmt;

use serde::Serialize;

use super::ast::Place;
use crate::event::printable;

/// Characters of a query that are shown on each side of what is wrong.
const SHOWN: usize = 60;

/// Why a text is no query. Displayed with the query and a mark below it:
///
/// ```text
/// column 9: no facet is named `servce`: did you mean `service`?
///   @status:500 servce:shop
///               ^^^^^^
///   hint: …
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueryError {
    /// Where it begins, in characters, from 1.
    pub column: usize,
    /// Characters it covers, at least 1.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What could stand there instead.
    pub expected: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
    /// The query.
    #[serde(skip)]
    text: Box<str>,
}

impl std::error::Error for QueryError {}

impl QueryError {
    pub(super) fn at(text: &str, place: Place, message: impl Into<String>) -> Self {
        let before = text.get(..place.start).unwrap_or(text);
        let inside = text.get(place.start..place.end).unwrap_or("");
        Self {
            column: before.chars().count() + 1,
            length: inside.chars().count().max(1),
            message: message.into(),
            expected: Vec::new(),
            hint: None,
            text: text.into(),
        }
    }

    pub(super) fn expecting(mut self, expected: &[&str]) -> Self {
        self.expected = expected.iter().map(|&text| text.to_owned()).collect();
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "column {}: {}", self.column, printable(&self.message))?;
        let skipped = self.column.saturating_sub(SHOWN + 1);
        let left = if skipped > 0 { "…" } else { "" };
        // One column a character: tabs and wide characters would put the mark elsewhere.
        let mut rest = self.text.chars().skip(skipped);
        let shown: String = rest
            .by_ref()
            .take(2 * SHOWN)
            .map(|c| if printable(c.encode_utf8(&mut [0; 4])).len() == c.len_utf8() { c } else { ' ' })
            .collect();
        let right = if rest.next().is_some() { "…" } else { "" };
        let indent = " ".repeat(self.column - 1 - skipped + left.chars().count());
        let mark = "^".repeat(self.length.min(SHOWN));
        write!(f, "  {left}{shown}{right}\n  {indent}{mark}")?;
        if let [first @ .., last] = self.expected.as_slice() {
            write!(f, "\n  expected: ")?;
            for text in first {
                write!(f, "{}, ", printable(text))?;
            }
            if !first.is_empty() {
                write!(f, "or ")?;
            }
            write!(f, "{}", printable(last))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {}", printable(hint))?;
        }
        Ok(())
    }
}
