//! A piece of a file from which something was taken out, with the place of everything in it.

use std::ops::Range;

use super::{ReadError, ast::Place, source::Source};

/// A piece of a file. Gaps in it are where lines were joined and backslashes undone.
#[derive(Clone)]
pub(super) struct Text<'s> {
    source: &'s Source,
    text: String,
    /// Pairs of an offset here and its offset in the file, one for the start and one behind each gap.
    jumps: Vec<(usize, usize)>,
}

impl<'s> Text<'s> {
    /// An empty text that begins at this offset of the file.
    pub fn new(source: &'s Source, at: usize) -> Self {
        Self { source, text: String::new(), jumps: vec![(0, at)] }
    }

    /// Appends what stands at this offset of the file.
    pub fn push(&mut self, piece: &str, at: usize) {
        if self.offset(self.text.len()) != at {
            if self.jumps.last().is_some_and(|&(here, _)| here == self.text.len()) {
                self.jumps.pop();
            }
            self.jumps.push((self.text.len(), at));
        }
        self.text.push_str(piece);
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands in the text from here on.
    pub fn from(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or_default()
    }

    pub fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Offset in the file.
    fn offset(&self, at: usize) -> usize {
        let jump = self.jumps.partition_point(|&(here, _)| here <= at).saturating_sub(1);
        self.jumps.get(jump).map_or(0, |&(here, there)| there + at.saturating_sub(here))
    }

    /// Where the text begins.
    pub fn start(&self) -> Place {
        self.place(0)
    }

    pub fn place(&self, at: usize) -> Place {
        self.source.place(self.offset(at))
    }

    /// Something is wrong here.
    pub fn error(&self, at: usize, problem: impl Into<String>) -> ReadError {
        self.source.error(self.offset(at), problem.into())
    }

    /// The first byte that is not UTF-8.
    pub fn not_utf8(&self) -> Option<ReadError> {
        let (from, to) = (self.offset(0), self.offset(self.text.len()));
        let at = self.source.not_utf8(from, to)?;
        let problem = "a byte that is not UTF-8: outside of comments files of rules are UTF-8; \
                       in an expression write it as \"\\xe9\"";
        Some(self.source.error(at, problem.to_owned()))
    }

    pub fn slice(&self, range: Range<usize>) -> Self {
        let mut slice = Self::new(self.source, self.offset(range.start));
        self.copy(range, &mut slice);
        slice
    }

    /// The same without white space around it.
    pub fn trimmed(&self, range: Range<usize>) -> Self {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let start = range.start + (text.len() - text.trim_start().len());
        self.slice(start..start + text.trim().len())
    }

    /// A slice with `\\` and, when there is a quotation mark, `\` in front of it undone.
    pub fn unescaped(&self, range: Range<usize>, quote: Option<u8>) -> Self {
        let mut text = Self::new(self.source, self.offset(range.start));
        let mut run = range.start;
        let mut at = range.start;
        while at < range.end {
            if self.byte(at) == Some(b'\\') && at + 1 < range.end && escapes(self.byte(at + 1), quote) {
                self.copy(run..at, &mut text);
                run = at + 1;
                at += 1;
            }
            at += 1;
        }
        self.copy(run..range.end, &mut text);
        text
    }

    fn copy(&self, range: Range<usize>, to: &mut Self) {
        let mut from = range.start;
        let next = self.jumps.partition_point(|&(here, _)| here <= from);
        let gaps = self.jumps.get(next..).unwrap_or_default().iter().map(|&(here, _)| here);
        for gap in gaps.take_while(|&here| here < range.end).chain([range.end]) {
            if from < gap {
                to.push(self.text.get(from..gap).unwrap_or_default(), self.offset(from));
                from = gap;
            }
        }
    }

    /// Where what is quoted with this mark ends, from behind the opening mark.
    pub fn closing(&self, from: usize, quote: u8) -> Option<usize> {
        let mut at = from;
        loop {
            match self.byte(at)? {
                b'\\' if escapes(self.byte(at + 1), Some(quote)) => at += 2,
                byte if byte == quote => return Some(at),
                _ => at += 1,
            }
        }
    }

    /// The first byte from here on that is not white space, or the end.
    pub fn skip_space(&self, from: usize) -> usize {
        let rest = self.from(from);
        from + (rest.len() - rest.trim_start_matches(is_space).len())
    }
}

/// White space between words.
pub(super) fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\x0b'
}

fn escapes(next: Option<u8>, quote: Option<u8>) -> bool {
    next.is_some_and(|next| next == b'\\' || Some(next) == quote)
}

/// The text between two of these quotation marks, so that [`Text::unescaped`] gives it back.
pub(super) fn quoted(text: &str, quote: char) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let ambiguous = c == '\\' && chars.peek().is_none_or(|&next| next == '\\' || next == quote);
        if c == quote || ambiguous {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quoting_is_undone(value in r#"[a\\"']{0,12}"#) {
            for quote in ['"', '\''] {
                let text = quoted(&value, quote);
                let source = Source::new("x".into(), text.as_bytes());
                let mut all = Text::new(&source, 0);
                all.push(&text, 0);
                let end = all.closing(1, quote as u8);
                prop_assert_eq!(end, Some(text.len() - 1), "{}", text);
                let unquoted = all.unescaped(1..text.len() - 1, Some(quote as u8));
                prop_assert_eq!(unquoted.as_str(), &value, "{}", text);
            }
        }
    }

    #[test]
    fn places_behind_gaps() {
        let source = Source::new("x".into(), b"ab\\\n  c\\\"d\\\ne");
        let mut text = Text::new(&source, 0);
        text.push("ab", 0);
        text.push("  c\\\"d", 4);
        text.push("e", 12);
        assert_eq!(text.as_str(), "ab  c\\\"de");
        let plain = text.unescaped(1..9, Some(b'"'));
        assert_eq!(plain.as_str(), "b  c\"de");
        let places = [(0, 1, 2), (1, 2, 1), (3, 2, 3), (4, 2, 5), (5, 2, 6), (6, 3, 1)];
        let mut ran = 0;
        for (at, line, column) in places {
            let place = plain.place(at);
            assert_eq!((place.line, place.column), (line, column), "of {at}");
            assert_eq!(plain.slice(at..7).start(), place, "of {at}");
            ran += 1;
        }
        assert_eq!(ran, 6);
    }
}
