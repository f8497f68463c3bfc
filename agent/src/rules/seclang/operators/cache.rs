//! What one worker needs to run one operator.

use crate::rules::{
    operators::regex,
    seclang::pcre::{Pattern, PatternCache},
};

/// Arguments with macros whose patterns are kept.
const PATTERNS: usize = 8;

/// What one worker needs to run one operator: buffers of its pattern, or patterns made of its macros.
#[derive(Debug, Default)]
pub struct Cache {
    pattern: Option<PatternCache>,
    /// Of an expression of the In-App WAF.
    regex: Option<regex::Cache>,
    /// By argument, most recently used first; `None`: it is no pattern.
    expanded: Vec<(Vec<u8>, Option<Expanded>)>,
    given_up: u64,
}

type Expanded = (Pattern, PatternCache);

impl Cache {
    /// Times that an operator was given up, and taken for not holding, since this was asked last: too many
    /// steps of backtracking, an expanded argument that is no pattern, a panic in libinjection.
    pub fn take_given_up(&mut self) -> u64 {
        let mut all = std::mem::take(&mut self.given_up);
        all += self.pattern.as_mut().map_or(0, PatternCache::take_given_up);
        let expanded = self.expanded.iter_mut().filter_map(|(_, pattern)| pattern.as_mut());
        all + expanded.map(|(_, cache)| cache.take_given_up()).sum::<u64>()
    }

    pub(super) fn given_up(&mut self) {
        self.given_up += 1;
    }

    pub(super) fn of<'c>(cache: &'c mut Option<Self>, pattern: &Pattern) -> &'c mut PatternCache {
        cache.get_or_insert_default().pattern.get_or_insert_with(|| pattern.cache())
    }

    pub(super) fn of_regex<'c>(cache: &'c mut Option<Self>, regex: &regex::Regex) -> &'c mut regex::Cache {
        cache.get_or_insert_default().regex.get_or_insert_with(|| regex.cache())
    }

    /// The pattern that an argument, macros expanded, is.
    pub(super) fn expanded(&mut self, argument: &[u8]) -> Option<&mut Expanded> {
        let known = self.expanded.iter().position(|(known, _)| known == argument);
        match known {
            Some(at) => self.expanded.get_mut(..=at).unwrap_or_default().rotate_right(1),
            None => {
                let text = std::str::from_utf8(argument).ok();
                let pattern = text.and_then(|text| Pattern::new(text).ok());
                let entry = pattern.map(|pattern| {
                    let cache = pattern.cache();
                    (pattern, cache)
                });
                self.expanded.truncate(PATTERNS - 1);
                self.expanded.insert(0, (argument.to_vec(), entry));
            }
        }
        let pattern = self.expanded.first_mut().and_then(|(_, pattern)| pattern.as_mut());
        if pattern.is_none() {
            self.given_up += 1;
        }
        pattern
    }
}
