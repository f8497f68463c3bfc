//! What tells which checks may hold on a text: the literals of all of them, and the bytes.

use std::collections::HashMap;

use super::{engine::Check, grams::Grams};

/// Literals of all checks, each once.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub grams: Grams,
    /// By literal: its checks.
    pub literals: Vec<Vec<u32>>,
    /// Checks that only bytes speak for.
    pub weak: Vec<u32>,
}

impl Filter {
    /// `literals` has for each check the texts one of which it needs, if it needs any.
    pub fn new(checks: &[Check], literals: &[Option<Vec<Vec<u8>>>]) -> Self {
        let mut filter = Self::default();
        let mut numbers: HashMap<&[u8], usize> = HashMap::new();
        let mut texts = Vec::new();
        for ((number, check), literals) in (0u32..).zip(checks).zip(literals) {
            if check.lanes.is_empty() {
                continue;
            }
            let Some(literals) = literals else {
                filter.weak.push(number);
                continue;
            };
            let beginnings = literals.iter().map(|text| text.get(..Grams::LITERAL).unwrap_or(text));
            for literal in beginnings {
                let at = *numbers.entry(literal).or_insert_with(|| {
                    texts.push(literal.to_vec());
                    filter.literals.push(Vec::new());
                    texts.len() - 1
                });
                if let Some(checks) = filter.literals.get_mut(at)
                    && checks.last() != Some(&number)
                {
                    checks.push(number);
                }
            }
        }
        filter.grams = Grams::new(&texts);
        filter
    }
}
