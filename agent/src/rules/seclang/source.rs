//! A file, and where in it something stands.

use std::sync::Arc;

use super::{ReadError, ast::Place};

/// Bytes between two entries of [`Source::chars`].
const STRIDE: usize = 64;

/// A file of rules.
pub(super) struct Source {
    name: Arc<str>,
    text: String,
    /// Where lines begin.
    lines: Vec<usize>,
    /// Characters before every [`STRIDE`]th byte: a column costs the same wherever it is.
    chars: Vec<usize>,
    /// The file has bytes that are not UTF-8; U+FFFD stands for them.
    lossy: bool,
}

impl Source {
    pub fn new(name: Arc<str>, bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let lossy = matches!(text, std::borrow::Cow::Owned(_));
        let text = text.into_owned();
        let newlines = memchr::memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        let mut before = 0;
        let chars = text.as_bytes().chunks(STRIDE).map(|chunk| {
            let here = before;
            before += characters(chunk);
            here
        });
        let chars = chars.collect();
        Self { name, text, lines, chars, lossy }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Of a byte of the text, or of its end.
    pub fn place(&self, at: usize) -> Place {
        let line = self.lines.partition_point(|&start| start <= at).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let column = self.characters_before(at).saturating_sub(self.characters_before(start)) + 1;
        let number = |n| u32::try_from(n).unwrap_or(u32::MAX);
        Place { file: self.name.clone(), line: number(line), column: number(column) }
    }

    pub fn error(&self, at: usize, problem: String) -> ReadError {
        self.place(at).error(problem)
    }

    /// Offset of the first byte in this part of the text that was not UTF-8. Comments may be in any
    /// encoding, what is compared with requests may not be changed silently.
    pub fn not_utf8(&self, from: usize, to: usize) -> Option<usize> {
        let part = self.lossy.then(|| self.text.get(from..to))??;
        part.find(char::REPLACEMENT_CHARACTER).map(|at| from + at)
    }

    fn characters_before(&self, at: usize) -> usize {
        let at = at.min(self.text.len());
        let chunk = at / STRIDE;
        let Some(before) = self.chars.get(chunk) else {
            // Only the end of a text whose length is a multiple of the stride.
            let last = self.chars.last().copied().unwrap_or_default();
            let start = self.chars.len().saturating_sub(1) * STRIDE;
            return last + self.text.as_bytes().get(start..).map_or(0, characters);
        };
        before + self.text.as_bytes().get(chunk * STRIDE..at).map_or(0, characters)
    }
}

/// How many characters begin in these bytes of a text.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

impl Place {
    /// What is wrong there.
    pub(super) fn error(&self, problem: String) -> ReadError {
        let number = |n| usize::try_from(n).unwrap_or(usize::MAX);
        ReadError {
            source_name: self.file.to_string(),
            line: number(self.line),
            column: number(self.column),
            problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_those_of_a_plain_count(text in "[aä€\n\r]{0,300}") {
            let source = Source::new("x".into(), text.as_bytes());
            for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let before = &text[..at];
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                let place = source.place(at);
                prop_assert_eq!((place.line as usize, place.column as usize), (line, column));
            }
        }
    }
}
