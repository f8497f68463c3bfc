//! Texts with wildcards, ready to be compared. The case of ASCII letters does not count.

use aho_corasick::{AhoCorasick, Input};

use super::pattern::{Pattern, Piece};

/// A compiled pattern. Text without `?` takes linear time; a `?` behind a `*` may cost the product of the
/// lengths of the text and of what stands between two `*`.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    /// What has to stand at the start, between `*` and at the end. One segment: no `*` at all.
    segments: Vec<Segment>,
}

#[derive(Clone, Debug)]
struct Segment {
    pieces: Vec<Piece>,
    chars: usize,
    /// Finds a segment that is one text.
    finder: Option<AhoCorasick>,
}

impl Glob {
    pub fn new(pattern: &Pattern) -> Self {
        let mut segments = vec![Vec::new()];
        for piece in pattern.pieces() {
            if *piece == Piece::Many {
                segments.push(Vec::new());
            } else if let Some(segment) = segments.last_mut() {
                segment.push(piece.clone());
            }
        }
        let inner = 1..segments.len().saturating_sub(1);
        let segments =
            segments.into_iter().enumerate().map(|(at, pieces)| Segment::new(pieces, inner.contains(&at)));
        Self { segments: segments.collect() }
    }

    /// Whether all of the text fits.
    pub fn matches(&self, text: &str) -> bool {
        match self.segments.as_slice() {
            [] => text.is_empty(),
            [whole] => whole.at(text, 0) == Some(text.len()),
            [first, inner @ .., last] => {
                let Some(mut at) = first.at(text, 0) else { return false };
                for segment in inner {
                    match segment.find(text, at) {
                        Some(end) => at = end,
                        None => return false,
                    }
                }
                last.before_end(text).is_some_and(|start| start >= at)
            }
        }
    }
}

impl Segment {
    fn new(pieces: Vec<Piece>, searched: bool) -> Self {
        let chars = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.chars().count(),
            Piece::One => 1,
            Piece::Many => 0,
        });
        let chars = chars.sum();
        let finder = match pieces.as_slice() {
            // A text too long for an automaton is compared at each place.
            [Piece::Text(text)] if searched => {
                AhoCorasick::builder().ascii_case_insensitive(true).build([text]).ok()
            }
            _ => None,
        };
        Self { pieces, chars, finder }
    }

    /// Where it ends when it stands at `at`.
    fn at(&self, text: &str, at: usize) -> Option<usize> {
        let mut at = at;
        for piece in &self.pieces {
            let rest = text.get(at..)?;
            at += match piece {
                Piece::Text(part) => {
                    let there = rest.as_bytes().get(..part.len())?;
                    there.eq_ignore_ascii_case(part.as_bytes()).then_some(part.len())?
                }
                Piece::One => rest.chars().next()?.len_utf8(),
                Piece::Many => 0,
            };
        }
        Some(at)
    }

    /// Where it ends when it stands anywhere from `at` on, as early as possible.
    fn find(&self, text: &str, at: usize) -> Option<usize> {
        if let Some(finder) = &self.finder {
            return Some(finder.find(Input::new(text).span(at..text.len()))?.end());
        }
        let rest = text.get(at..)?;
        let starts = rest.char_indices().map(|(offset, _)| at + offset).chain([text.len()]);
        { starts }.find_map(|start| self.at(text, start))
    }

    /// Where it begins when it stands at the end.
    fn before_end(&self, text: &str) -> Option<usize> {
        let start = match self.chars.checked_sub(1) {
            None => text.len(),
            Some(before) => text.char_indices().rev().nth(before)?.0,
        };
        (self.at(text, start)? == text.len()).then_some(start)
    }
}
