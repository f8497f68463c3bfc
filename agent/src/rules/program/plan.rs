//! What is done with a value, by the variables it belongs to: found once, then the same for all such values.

use super::{engine::Engine, lanes::Lanes};
use crate::rules::bytes::ByteSet;

/// What is done with a value.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Chains whose texts are read, each behind the one it goes on from.
    pub scans: Vec<u32>,
    /// Checks that only bytes speak for, by the bytes of which each needs one.
    pub weak: Vec<(ByteSet, Vec<u32>)>,
    /// By check, as bits: it looks at such values.
    looks: Vec<u64>,
    /// A value with none of these is changed by none of the chains.
    pub triggers: ByteSet,
    /// One of them makes something of an empty value.
    pub changes_empty: bool,
}

impl Plan {
    fn new(engine: &Engine, key: Key) -> Self {
        let mut plan = Self { looks: vec![0; engine.checks.len().div_ceil(64)], ..Self::default() };
        for (number, check) in (0u32..).zip(&engine.checks) {
            if check.phase >= key.phase && check.lanes.meets(key.lanes) {
                if let Some(word) = plan.looks.get_mut(number as usize / 64) {
                    *word |= 1 << (number % 64);
                }
                plan.scans.push(check.scanned);
            }
        }
        plan.scans.sort_unstable();
        plan.scans.dedup();
        for chain in plan.scans.iter().filter_map(|&chain| engine.chains.get(chain as usize)) {
            plan.triggers = plan.triggers.union(chain.triggers);
            plan.changes_empty |= chain.changes_empty;
        }
        for &number in &engine.filter.weak {
            if !plan.looks(number) {
                continue;
            }
            let first = engine.checks.get(number as usize).and_then(|check| check.bytes.first()).copied();
            let set = first.unwrap_or(ByteSet::ALL);
            match plan.weak.iter_mut().find(|(known, _)| *known == set) {
                Some((_, checks)) => checks.push(number),
                None => plan.weak.push((set, vec![number])),
            }
        }
        plan
    }

    /// Whether a check looks at such values.
    #[inline]
    pub fn looks(&self, check: u32) -> bool {
        self.looks.get(check as usize / 64).is_some_and(|word| word >> (check % 64) & 1 == 1)
    }
}

/// Values for which one plan is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Key {
    /// The variables.
    pub lanes: Lanes,
    /// For rules of this phase and later.
    pub phase: u8,
}

/// Plans, found as values come.
#[derive(Debug, Default)]
pub(super) struct Plans {
    plans: Vec<(Key, Plan)>,
    /// Where the plan of a key was found last, by a hash of it.
    last: Vec<u16>,
}

impl Plans {
    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.plans.clear();
        self.last.resize(Lanes::HASHES, 0);
    }

    /// The plan for such values.
    pub fn of(&mut self, key: Key, engine: &Engine) -> Option<&Plan> {
        let hint = self.last.get_mut(key.lanes.hash(u64::from(key.phase)))?;
        if self.plans.get(usize::from(*hint)).is_none_or(|(known, _)| *known != key) {
            let known = self.plans.iter().position(|(known, _)| *known == key);
            let at = known.unwrap_or_else(|| {
                self.plans.push((key, Plan::new(engine, key)));
                self.plans.len() - 1
            });
            *hint = u16::try_from(at).unwrap_or(u16::MAX);
            return self.plans.get(at).map(|(_, plan)| plan);
        }
        self.plans.get(usize::from(*hint)).map(|(_, plan)| plan)
    }
}
