//! Where in a file something stands.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ReadError;

/// A rule file. Values of it are kept as [`RawValue`]s that borrow from it, so that what is found
/// wrong later can still be pointed at.
pub(super) struct Text<'t> {
    text: &'t str,
    source: &'t str,
}

impl<'t> Text<'t> {
    pub fn new(bytes: &'t [u8], source: &'t str) -> Result<Self, ReadError> {
        std::str::from_utf8(bytes).map(|text| Self { text, source }).map_err(|error| {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let text = String::from_utf8_lossy(valid);
            Text { text: &text, source }.error(text.len(), "a byte that is not UTF-8".to_owned())
        })
    }

    pub fn whole(&self) -> &'t str {
        self.text
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

    /// `piece` is a part of the text: its distance from the start.
    fn offset(&self, piece: &str) -> usize {
        (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    fn error(&self, at: usize, problem: String) -> ReadError {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = self.text.get(..at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ReadError {
            source_name: self.source.to_owned(),
            line: before.bytes().filter(|&b| b == b'\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            problem,
        }
    }
}
