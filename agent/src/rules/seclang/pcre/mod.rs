//! PCRE's patterns, which SecLang's are, over bytes.
//!
//! ```text
//! parse ─> ast ─> atomic (possessive quantifiers that change nothing go) ─┬─> linear: regex-automata
//!                                                                         └─> backtracking: fancy-regex
//! ```
//!
//! A pattern means what PCRE without UTF mode in the C locale makes of it (pcrepattern(3)), with
//! dot-all and multi-line on from the start, as libmodsecurity 3 and Coraza compile patterns. Almost all
//! patterns are regular and take time linear in the text. With look-around, back-references or atomic
//! groups that matter they are not: such a pattern is preceded by a wider, regular one (and, where only
//! whether it matches is asked, by a narrower one), and what these leave open goes to a backtracking
//! engine with a limit on its steps.

mod ast;
mod atomic;
mod backtracking;
mod class;
mod escape;
mod group;
mod linear;
mod parse;
mod possible;
#[cfg(test)]
mod tests;

use std::ops::Range;

use regex_automata::{Input, meta};
use regex_syntax::hir::Hir;

use crate::rules::automata::compile;
use crate::rules::bytes::ByteSet;
use crate::rules::need::Need;
use atomic::To;
use backtracking::{Backtracking, GivenUp};
use parse::Flags;

/// Groups that are handed out: `TX.0` to `TX.9`.
pub const GROUPS: usize = 10;

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    /// The pattern, or a wider one.
    linear: meta::Regex,
    hir: Hir,
    beyond: Option<Beyond>,
}

/// What a pattern has that is not regular.
#[derive(Debug)]
struct Beyond {
    why: &'static str,
    backtracking: Backtracking,
    /// Where it matches, the pattern does, if somewhere else.
    narrower: Option<meta::Regex>,
}

/// What one worker needs to run one pattern.
#[derive(Clone, Debug)]
pub struct PatternCache {
    linear: meta::Cache,
    narrower: Option<meta::Cache>,
    given_up: u64,
}

impl PatternCache {
    /// How many searches were given up, and taken for no match, since this was asked last.
    pub fn take_given_up(&mut self) -> u64 {
        std::mem::take(&mut self.given_up)
    }

    fn unless_given_up<T>(&mut self, result: Result<T, GivenUp>) -> Option<T> {
        self.given_up += u64::from(result.is_err());
        result.ok()
    }
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// What is wrong with it, on one line.
    pub fn new(pattern: &str) -> Result<Self, String> {
        Self::with_case(pattern, false)
    }

    /// Compiles a pattern; with `ignore_case` as if it began with `(?i)`.
    ///
    /// # Errors
    /// What is wrong with it, on one line.
    pub fn with_case(pattern: &str, ignore_case: bool) -> Result<Self, String> {
        let flags = Flags {
            ignore_case,
            multi_line: true,
            dot_all: true,
            extended: false,
            lazy: false,
            no_captures: false,
        };
        let written = parse::parse(pattern, flags)?;
        let settled = atomic::settle(&written, To::Same);
        let why = settled.beyond_regular();
        let hir = linear::hir(if why.is_some() { &written } else { &settled });
        let linear = compile(&hir)?;
        let beyond = match why {
            Some(why) => {
                let narrower = atomic::settle(&written, To::Narrower);
                let regular = narrower.beyond_regular().is_none();
                Some(Beyond {
                    why,
                    backtracking: Backtracking::new(&written)?,
                    narrower: if regular { compile(&linear::hir(&narrower)).ok() } else { None },
                })
            }
            None => None,
        };
        Ok(Self { linear, hir, beyond })
    }

    /// Whether it matches somewhere; for what is asked once, as it makes its own cache.
    #[must_use]
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.is_match(text, &mut self.cache())
    }

    /// What makes the pattern need the backtracking engine.
    #[must_use]
    pub fn beyond_regular(&self) -> Option<&'static str> {
        self.beyond.as_ref().map(|beyond| beyond.why)
    }

    /// What each text that it matches has.
    #[must_use]
    pub fn need(&self) -> Need {
        Need::of(&self.hir)
    }

    /// False: no text that is made of these bytes alone has a match.
    #[must_use]
    pub fn can_match_with(&self, allowed: ByteSet) -> bool {
        possible::with_only(&self.hir, allowed)
    }

    /// The pattern, or a wider one that is regular.
    #[cfg(test)]
    pub(in crate::rules) fn hir(&self) -> &Hir {
        &self.hir
    }

    #[cfg(test)]
    pub(in crate::rules) fn narrower_matches(&self, text: &[u8]) -> bool {
        let narrower = self.beyond.as_ref().and_then(|beyond| beyond.narrower.as_ref());
        narrower.is_some_and(|narrower| narrower.is_match(text))
    }

    /// For [`Pattern::find`].
    #[must_use]
    pub fn cache(&self) -> PatternCache {
        let narrower = self.beyond.as_ref().and_then(|beyond| beyond.narrower.as_ref());
        PatternCache {
            linear: self.linear.create_cache(),
            narrower: narrower.map(meta::Regex::create_cache),
            given_up: 0,
        }
    }

    /// Whether it matches; faster than [`Pattern::find`].
    pub fn is_match(&self, text: &[u8], cache: &mut PatternCache) -> bool {
        let Some(beyond) = &self.beyond else {
            let input = Input::new(text).earliest(true);
            return self.linear.search_half_with(&mut cache.linear, &input).is_some();
        };
        let Some(start) = self.earliest_start(text, 0, cache) else { return false };
        if let (Some(narrower), Some(cache)) = (&beyond.narrower, &mut cache.narrower)
            && narrower.search_half_with(cache, &Input::new(text).earliest(true)).is_some()
        {
            return true;
        }
        cache.unless_given_up(beyond.backtracking.find(text, start)).flatten().is_some()
    }

    /// Start and end of the first match that begins at `from` or behind it.
    pub fn find(&self, text: &[u8], from: usize, cache: &mut PatternCache) -> Option<(usize, usize)> {
        if from > text.len() {
            return None;
        }
        let Some(beyond) = &self.beyond else {
            let input = Input::new(text).span(from..text.len());
            let found = self.linear.search_with(&mut cache.linear, &input)?;
            return Some((found.start(), found.end()));
        };
        let start = self.earliest_start(text, from, cache)?;
        cache.unless_given_up(beyond.backtracking.find(text, start)).flatten()
    }

    /// Calls `group` with the number and place of each group below [`GROUPS`] that takes part in the
    /// first match at `from` or behind it; the whole match first, as group 0.
    pub fn captures(
        &self,
        text: &[u8],
        from: usize,
        cache: &mut PatternCache,
        mut group: impl FnMut(usize, Range<usize>),
    ) {
        if from > text.len() {
            return;
        }
        if let Some(beyond) = &self.beyond {
            let Some(start) = self.earliest_start(text, from, cache) else { return };
            let below = |number, start, end| {
                if number < GROUPS {
                    group(number, start..end);
                }
            };
            cache.unless_given_up(beyond.backtracking.captures(text, start, below));
            return;
        }
        let input = Input::new(text).span(from..text.len());
        let mut slots = [None; 2 * GROUPS];
        self.linear.search_slots_with(&mut cache.linear, &input, &mut slots);
        for (number, ends) in slots.chunks_exact(2).enumerate() {
            if let &[Some(start), Some(end)] = ends {
                group(number, start.get()..end.get());
            }
        }
    }

    /// Whether it has no groups but the whole match.
    #[must_use]
    pub fn has_no_groups(&self) -> bool {
        self.beyond.is_none() && self.linear.captures_len() == 1
    }

    /// Before this no match begins; where the wider pattern matches nowhere, the pattern does not.
    fn earliest_start(&self, text: &[u8], from: usize, cache: &mut PatternCache) -> Option<usize> {
        let input = Input::new(text).span(from..text.len());
        self.linear.search_with(&mut cache.linear, &input).map(|found| found.start())
    }
}
