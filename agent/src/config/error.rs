//! What is wrong with a configuration, where, and what was expected.

use std::{fmt, io, ops::Range};

use crate::event::printable;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{source_name}: can't read the configuration: {error}")]
    Unreadable {
        /// The file.
        source_name: String,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The file is longer than any configuration.
    #[error("{source_name}: longer than {limit} bytes: is this a Picket configuration?")]
    TooLong {
        /// The file.
        source_name: String,
        /// The limit.
        limit: usize,
    },
    /// Its content is wrong. At least one problem, in the order of the text.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Wrong(Vec<Problem>),
}

impl ConfigError {
    /// The problems in the content; empty when the file could not be read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Wrong(problems) => problems,
            Self::Unreadable { .. } | Self::TooLong { .. } => &[],
        }
    }

    pub(super) fn not_utf8(bytes: &[u8], valid: usize, source: &str) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let what = "this byte is not UTF-8; TOML files are UTF-8".to_owned();
        Self::Wrong(vec![Problem::at(&text, source, valid..valid, String::new(), what, None)])
    }
}

/// One problem. Displayed with the line it is on:
///
/// ```text
/// picket.toml:3:10: respond.window: expected a duration such as "60s", found the integer 60
///   3 | window = 60
///     |          ^^
///     = help: …
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub source: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// `section.key`; empty when the text is not TOML.
    pub key: String,
    /// What was expected and what was found.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The line itself.
    text: String,
    /// Characters the problem covers on its line.
    width: usize,
}

impl Problem {
    pub(super) fn at(
        text: &str,
        source: &str,
        span: Range<usize>,
        key: String,
        message: String,
        help: Option<String>,
    ) -> Self {
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let before = text.get(..start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| start + at);
        let on_line = text.get(start..end.min(line_end)).unwrap_or("");
        Self {
            source: source.to_owned(),
            line: before.matches('\n').count() + 1,
            column: text.get(line_start..start).unwrap_or("").chars().count() + 1,
            key,
            message,
            help,
            text: text.get(line_start..line_end).unwrap_or("").trim_end_matches('\r').to_owned(),
            width: on_line.chars().count().max(1),
        }
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// Characters of a line that are shown.
const SHOWN: usize = 160;

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, line, column, key, message, .. } = self;
        write!(f, "{}:{line}:{column}: ", printable(source))?;
        if !key.is_empty() {
            write!(f, "{}: ", printable(key))?;
        }
        f.write_str(&printable(message))?;
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        if *column <= SHOWN {
            // One column a character: tabs and wide characters would put the mark elsewhere.
            let shown: String =
                self.text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
            let mark = "^".repeat(self.width.min(SHOWN + 1 - column));
            write!(f, "\n  {number} | {}\n  {gutter} | {}{mark}", printable(&shown), " ".repeat(column - 1))?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  {gutter} = help: {}", printable(help))?;
        }
        Ok(())
    }
}
