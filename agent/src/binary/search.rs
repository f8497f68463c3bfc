//! A few dozen texts looked for in megabytes at once.

use std::ops::Range;

use aho_corasick::{AhoCorasick, packed};

/// The vector instructions of nearly every processor: 5 GB/s and more, where an automaton takes 0.3.
pub(super) enum Search {
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
    Nothing,
}

impl Search {
    pub fn new<T: AsRef<[u8]>>(texts: &[T]) -> Self {
        if let Some(packed) = packed::Searcher::new(texts) {
            return Self::Packed(packed);
        }
        AhoCorasick::builder()
            .match_kind(aho_corasick::MatchKind::LeftmostFirst)
            .build(texts)
            .map_or(Self::Nothing, Self::Automaton)
    }

    /// Tells each text that is found and where, until it is enough. Of texts that overlap it is the first.
    pub fn each(&self, bytes: &[u8], mut tell: impl FnMut(usize, Range<usize>) -> bool) {
        let mut tell = |found: aho_corasick::Match| tell(found.pattern().as_usize(), found.range());
        match self {
            Self::Packed(search) => _ = search.find_iter(bytes).all(&mut tell),
            Self::Automaton(search) => _ = search.find_iter(bytes).all(&mut tell),
            Self::Nothing => {}
        }
    }
}
