//! What is done with a value, by the variables it belongs to and its name: found once, then the same for all such values.

use super::engine::Engine;
use crate::rules::{
    bytes::ByteSet,
    values::{labels::Label, lanes::Lanes},
};

/// What is done with a value.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Chains whose texts are read, each behind the one it goes on from.
    pub scans: Vec<Scan>,
    /// Checks that only bytes speak for, by the bytes of which each needs one.
    weak: Vec<(ByteSet, Vec<u32>)>,
    /// By byte: of which of these it is in the set, as bits; the last bit is for all from the 64th on.
    weak_by_byte: Vec<u64>,
    /// By check, as bits: it looks at such values.
    looks: Vec<u64>,
    /// A value with none of these is changed by none of the chains.
    pub triggers: ByteSet,
    /// One of them makes something of an empty value.
    pub changes_empty: bool,
}

/// A chain whose text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scan {
    pub chain: u32,
    /// No check of it holds on a value of fewer bytes.
    pub least: u32,
}

impl Plan {
    fn new(engine: &Engine, key: Key) -> Self {
        let mut plan = Self { looks: vec![0; engine.checks.len().div_ceil(64)], ..Self::default() };
        for (number, check) in (0u32..).zip(&engine.checks) {
            let named = |(variable, label): &(_, _)| key.lanes.has(*variable) && *label == key.label;
            let looks = check.whole.meets(key.lanes) || check.labels.iter().any(named);
            // Without lanes it is not the filter's.
            if check.phase >= key.phase && !check.lanes.is_empty() && looks {
                if let Some(word) = plan.looks.get_mut(number as usize / 64) {
                    *word |= 1 << (number % 64);
                }
                plan.scans.push(Scan { chain: check.scanned, least: check.least });
            }
        }
        plan.scans.sort_unstable();
        // Of each chain the first, which is the one with the smallest `least`.
        plan.scans.dedup_by_key(|scan| scan.chain);
        for chain in plan.scans.iter().filter_map(|scan| engine.chains.get(scan.chain as usize)) {
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
        plan.weak_by_byte.resize(256, 0);
        for (at, (set, _)) in plan.weak.iter().enumerate() {
            for byte in set.iter() {
                if let Some(bits) = plan.weak_by_byte.get_mut(usize::from(byte)) {
                    *bits |= 1 << at.min(63);
                }
            }
        }
        plan
    }

    /// Checks that only bytes speak for, but for some that need a byte of which the text has none.
    pub fn weak(&self, has: ByteSet) -> impl Iterator<Item = u32> {
        let of = |byte: u8| self.weak_by_byte.get(usize::from(byte)).copied().unwrap_or_default();
        let mut bits = has.iter().fold(0, |bits, byte| bits | of(byte));
        let groups = std::iter::from_fn(move || {
            let at = bits.trailing_zeros() as usize;
            bits &= bits.checked_sub(1)?;
            Some(if at == 63 { at..usize::MAX } else { at..at + 1 })
        });
        let groups = groups.map(|at| at.start.min(self.weak.len())..at.end.min(self.weak.len()));
        groups.flat_map(|at| self.weak.get(at).unwrap_or_default()).flat_map(|(_, checks)| checks).copied()
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
    /// The name.
    pub label: Label,
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

    /// The plan for such values, and its number.
    pub fn of(&mut self, key: Key, engine: &Engine) -> Option<(u16, &Plan)> {
        let hint = self.last.get_mut(key.lanes.hash(u64::from(key.phase) | u64::from(key.label) << 8))?;
        if self.plans.get(usize::from(*hint)).is_none_or(|(known, _)| *known != key) {
            let known = self.plans.iter().position(|(known, _)| *known == key);
            let at = known.unwrap_or_else(|| {
                self.plans.push((key, Plan::new(engine, key)));
                self.plans.len() - 1
            });
            // Rules name fewer variables and members than that.
            *hint = u16::try_from(at).ok()?;
        }
        self.plans.get(usize::from(*hint)).map(|(_, plan)| (*hint, plan))
    }
}
