//! Expressions that select members by their names (`!REQUEST_COOKIES:/__utm/`): what they say of names that come again
//! is kept. Header fields, cookies and arguments have the same names in each request, and twenty rules ask of each
//! cookie whether it is one of those that they leave alone.

use super::answers::hash;
use crate::rules::seclang::pcre::{Pattern, PatternCache};

/// Answers that are kept.
const SLOTS: usize = 256;
/// Bytes of a name whose answer is kept.
const LONGEST: usize = 64;

/// What one worker needs to ask expressions, and their last answers.
#[derive(Debug, Default)]
pub(super) struct Selectors {
    /// By expression.
    caches: Vec<Option<PatternCache>>,
    /// An answer counts only for exactly its expression and name.
    slots: Vec<Slot>,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    /// Of which expression it is, from 1; 0: there is none.
    of: u32,
    name: Vec<u8>,
    selects: bool,
}

impl Selectors {
    /// Makes room for so many expressions, and forgets everything.
    pub fn fit(&mut self, expressions: usize) {
        self.caches.clear();
        self.caches.resize(expressions, None);
        self.slots.clear();
        self.slots.resize(SLOTS, Slot::default());
    }

    /// Whether an expression, known by its number, selects a name.
    pub fn selects(&mut self, number: u32, pattern: &Pattern, name: &[u8]) -> bool {
        let Some(cache) = self.caches.get_mut(number as usize) else { return false };
        let mut ask = || pattern.find(name, 0, cache.get_or_insert_with(|| pattern.cache())).is_some();
        if name.len() > LONGEST {
            return ask();
        }
        let at = (hash(number, name) >> (64 - SLOTS.trailing_zeros())) as usize;
        let Some(slot) = self.slots.get_mut(at) else { return ask() };
        if slot.of != number + 1 || slot.name != name {
            slot.selects = ask();
            slot.of = number + 1;
            slot.name.clear();
            slot.name.extend_from_slice(name);
        }
        slot.selects
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever was asked before: the answer is the expression's.
        #[test]
        fn an_answer_is_that_of_its_expression(asked in prop::collection::vec((0usize..2, "[ab]{0,6}|a{70}"), 0..600)) {
            let patterns = ["^a+b", "bb$"].map(|pattern| Pattern::with_case(pattern, true).unwrap());
            let mut selectors = Selectors::default();
            selectors.fit(patterns.len());
            for (number, name) in asked {
                let pattern = patterns.get(number).unwrap();
                let selects = selectors.selects(u32::try_from(number).unwrap(), pattern, name.as_bytes());
                prop_assert_eq!(selects, pattern.is_in(name.as_bytes()));
            }
        }
    }
}
