//! `rx`: a pattern matches somewhere in the text. `rxGlobal`: the same, and captures the groups of all
//! matches.
//!
//! `@rx ^(?:GET|HEAD)$`

use super::{Cache, Found};
use crate::rules::bytes::ByteSet;
use crate::rules::need::Need;
use crate::rules::seclang::pcre::{Pattern, PatternCache};

/// Matches whose groups `rxGlobal` captures.
const MOST_MATCHES: usize = 100;

/// A pattern, or one to be made of macros.
#[derive(Debug)]
pub(super) struct Rx {
    /// `None`: its macros are not expanded yet.
    pattern: Option<Pattern>,
    global: bool,
}

impl Rx {
    pub fn new(argument: &str, macros: bool, global: bool) -> Result<Self, String> {
        let pattern = if macros { None } else { Some(Pattern::new(argument)?) };
        Ok(Self { pattern, global })
    }

    pub fn find(&self, text: &[u8], argument: &[u8], cache: &mut Option<Cache>) -> Option<Found> {
        self.with(argument, cache, |pattern, cache| pattern.find(text, 0, cache))?.map(Found::from)
    }

    /// Whether it matches; faster.
    pub fn holds(&self, text: &[u8], argument: &[u8], cache: &mut Option<Cache>) -> bool {
        self.with(argument, cache, |pattern, cache| pattern.is_match(text, cache)).unwrap_or(false)
    }

    pub fn captures(
        &self,
        text: &[u8],
        argument: &[u8],
        cache: &mut Option<Cache>,
        group: &mut impl FnMut(usize, &[u8]),
    ) {
        self.with(argument, cache, |pattern, cache| {
            let (mut from, mut matches) = (0, 0);
            loop {
                let mut whole = None;
                pattern.captures(text, from, cache, |number, place| {
                    if number == 0 {
                        whole = Some(place.clone());
                    }
                    group(number, text.get(place).unwrap_or_default());
                });
                matches += 1;
                match whole {
                    Some(whole) if self.global && matches < MOST_MATCHES => {
                        from = if whole.is_empty() { whole.end + 1 } else { whole.end };
                    }
                    _ => break,
                }
            }
        });
    }

    /// Whether it has no groups, so that all that it captures is what it found.
    pub fn captures_found(&self) -> bool {
        !self.global && self.pattern.as_ref().is_some_and(Pattern::has_no_groups)
    }

    pub fn need(&self) -> Need {
        self.pattern.as_ref().map_or(Need::NOTHING, Pattern::need)
    }

    pub fn can_match_with(&self, allowed: ByteSet) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.can_match_with(allowed))
    }

    pub fn beyond_regular(&self) -> Option<&'static str> {
        self.pattern.as_ref().and_then(Pattern::beyond_regular)
    }

    fn with<T>(
        &self,
        argument: &[u8],
        cache: &mut Option<Cache>,
        run: impl FnOnce(&Pattern, &mut PatternCache) -> T,
    ) -> Option<T> {
        match &self.pattern {
            Some(pattern) => Some(run(pattern, Cache::of(cache, pattern))),
            None => {
                let (pattern, cache) = cache.get_or_insert_default().expanded(argument)?;
                Some(run(pattern, cache))
            }
        }
    }
}
