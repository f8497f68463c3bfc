//! What a proxy writes of itself into the requests it makes.

use std::collections::HashSet;

use crate::limits;

/// The habits of one proxy: seen while exactly one request was open in it, so that nobody else could have been
/// the one whose request became the inner one. Names and prefixes are kept as keyed hashes.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    prefixes: HashSet<(u64, u64)>,
    fields: HashSet<u64>,
}

impl Habits {
    /// Whether the proxy is known to put the second beginning in place of the first.
    #[must_use]
    pub fn replaces(&self, prefix: (u64, u64)) -> bool {
        self.prefixes.contains(&prefix)
    }

    /// Whether it is known to add fields of this name.
    #[must_use]
    pub fn adds(&self, name: u64) -> bool {
        self.fields.contains(&name)
    }

    /// Takes note. Over [`limits::CHAIN_HABITS`] nothing more is learned: a proxy with so many is none that can be
    /// followed.
    pub fn learn(&mut self, prefix: Option<(u64, u64)>, fields: &[u64]) {
        if let Some(prefix) = prefix
            && self.prefixes.len() < limits::CHAIN_HABITS
        {
            self.prefixes.insert(prefix);
        }
        for name in fields {
            if self.fields.len() < limits::CHAIN_HABITS {
                self.fields.insert(*name);
            }
        }
    }
}
