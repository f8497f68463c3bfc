//! A few dozen texts looked for in megabytes at once.

use std::ops::Range;

use aho_corasick::{AhoCorasick, Match, packed};

use super::store::Span;

/// The texts.
pub(super) struct Search {
    finder: Finder,
    longest: usize,
}

/// The vector instructions of nearly every processor: 5 GB/s and more, where an automaton takes 0.3.
enum Finder {
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
    Nothing,
}

impl Search {
    pub fn new<T: AsRef<[u8]>>(texts: &[T]) -> Self {
        let longest = texts.iter().map(|text| text.as_ref().len()).max().unwrap_or_default();
        Self { finder: Finder::new(texts), longest }
    }

    /// Tells each text that is found and where, until it is enough. Of texts that overlap it is the first.
    pub fn each(&self, span: Span<'_>, mut tell: impl FnMut(usize, Range<u64>) -> bool) {
        span.windows(|at, bytes, last| {
            // A text that begins further behind may be cut by the window: the next one shows it.
            let cut = bytes.len().saturating_sub(self.longest.saturating_sub(1));
            let end = if last { bytes.len() } else { cut };
            let (mut done, mut on) = (end, true);
            self.finder.each(bytes, |found| {
                if found.start() >= end {
                    return false;
                }
                done = done.max(found.end());
                on = tell(found.pattern().as_usize(), at + found.start() as u64..at + found.end() as u64);
                on
            });
            on.then_some(done)
        });
    }
}

impl Finder {
    fn new<T: AsRef<[u8]>>(texts: &[T]) -> Self {
        if let Some(packed) = packed::Searcher::new(texts) {
            return Self::Packed(packed);
        }
        AhoCorasick::builder()
            .match_kind(aho_corasick::MatchKind::LeftmostFirst)
            .build(texts)
            .map_or(Self::Nothing, Self::Automaton)
    }

    fn each(&self, bytes: &[u8], mut tell: impl FnMut(Match) -> bool) {
        match self {
            Self::Packed(search) => _ = search.find_iter(bytes).all(&mut tell),
            Self::Automaton(search) => _ = search.find_iter(bytes).all(&mut tell),
            Self::Nothing => {}
        }
    }
}
