//! How many different values came: one by one while there are few, then estimated.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{Estimate, Hash, buckets::inside};
use crate::limits;

/// Different values in a sliding window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Distinct {
    /// One by one.
    Exact(Exact),
    /// Registers by bucket.
    Estimated(Estimate),
}

/// Each value's hash and the last bucket it came in, in the order of hashes. Most groups have one or two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Exact {
    values: SmallVec<[(Hash, u32); 2]>,
    /// For which bucket and how many of them they were last counted, and how many there were.
    #[serde(skip)]
    last: Option<(u32, u32, u32)>,
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Exact(Exact::default())
    }
}

impl Distinct {
    /// A value came.
    pub fn add(&mut self, value: Hash, bucket: u32, now: u32) {
        let window = u32::try_from(limits::DETECT_BUCKETS).unwrap_or(u32::MAX);
        match self {
            Self::Exact(exact) => {
                if exact.add(value, bucket, now, window) {
                    return;
                }
                let mut estimate = Estimate::default();
                for (known, last) in &exact.values {
                    estimate.add(*known, *last, now, window);
                }
                estimate.add(value, bucket, now, window);
                *self = Self::Estimated(estimate);
            }
            Self::Estimated(estimate) => estimate.add(value, bucket, now, window),
        }
    }

    /// How many there are in the newest buckets.
    pub fn count(&mut self, now: u32, buckets: u32) -> f64 {
        match self {
            Self::Exact(exact) => f64::from(exact.count(now, buckets)),
            Self::Estimated(estimate) => estimate.count(now, buckets),
        }
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn heap(&self) -> usize {
        match self {
            Self::Exact(Exact { values, .. }) if values.spilled() => {
                values.capacity() * size_of::<(Hash, u32)>()
            }
            Self::Exact(_) => 0,
            Self::Estimated(estimate) => estimate.heap(),
        }
    }

    /// What a saved state has to keep to.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Exact(Exact { values, .. }) => {
                values.len() <= limits::DETECT_DISTINCT && values.is_sorted_by_key(|(known, _)| *known)
            }
            Self::Estimated(estimate) => estimate.is_sound(),
        }
    }
}

impl Exact {
    /// Takes a value; false: there are too many.
    fn add(&mut self, value: Hash, bucket: u32, now: u32, window: u32) -> bool {
        let Self { values, last } = self;
        let at = match search(values, value) {
            Ok(at) => {
                if let Some((_, seen)) = values.get_mut(at).filter(|(_, seen)| is_after(bucket, *seen)) {
                    recount(last, Some(*seen), bucket);
                    *seen = bucket;
                }
                return true;
            }
            Err(at) => at,
        };
        let at = if values.len() < limits::DETECT_DISTINCT {
            at
        } else {
            values.retain(|(_, seen)| inside(*seen, now, window));
            *last = None;
            search(values, value).unwrap_or_else(|at| at)
        };
        if values.len() >= limits::DETECT_DISTINCT {
            return false;
        }
        recount(last, None, bucket);
        values.insert(at, (value, bucket));
        true
    }

    fn count(&mut self, now: u32, buckets: u32) -> u32 {
        if let Some((bucket, of, count)) = self.last
            && (bucket, of) == (now, buckets)
        {
            return count;
        }
        let count = self.values.iter().filter(|(_, seen)| inside(*seen, now, buckets)).count();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.last = Some((now, buckets, count));
        count
    }
}

/// Where a hash stands, or belongs. Hashes are spread evenly, so that it is looked for where it should be: of 256 in order,
/// few are between there and where it is. Halving would wait for memory eight times.
fn search(values: &[(Hash, u32)], value: Hash) -> Result<usize, usize> {
    let share = u128::from(value) * values.len() as u128;
    let mut at = usize::try_from(share >> Hash::BITS).unwrap_or(0);
    let hash = |at: usize| values.get(at).map(|(hash, _)| *hash);
    while at > 0 && hash(at - 1).is_some_and(|before| before >= value) {
        at -= 1;
    }
    while hash(at).is_some_and(|here| here < value) {
        at += 1;
    }
    if hash(at) == Some(value) { Ok(at) } else { Err(at) }
}

/// Whether a bucket is newer than another.
const fn is_after(bucket: u32, other: u32) -> bool {
    bucket != other && inside(other, bucket, u32::MAX / 2)
}

/// Keeps a count up to date when a value is seen in a bucket, and was in another before, or never.
fn recount(last: &mut Option<(u32, u32, u32)>, before: Option<u32>, bucket: u32) {
    if let Some((now, buckets, count)) = last {
        let counted = before.is_some_and(|before| inside(before, *now, *buckets));
        let counts = inside(bucket, *now, *buckets);
        // A value only moves to newer buckets: it can leave only a window that ends before them.
        match (counted, counts) {
            (false, true) => *count += 1,
            (true, false) => *count -= 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hash() -> impl Strategy<Value = Hash> {
        prop_oneof![any::<Hash>(), 0_u64..300, (u64::MAX - 300)..=u64::MAX]
    }

    proptest! {
        /// However they are spread: a damaged state may hold anything.
        #[test]
        fn a_hash_is_found_or_where_it_belongs(mut hashes in prop::collection::vec(hash(), 0..256), value in hash(), one in any::<prop::sample::Index>()) {
            hashes.sort_unstable();
            hashes.dedup();
            let values: Vec<(Hash, u32)> = hashes.iter().map(|hash| (*hash, 0)).collect();
            prop_assert_eq!(search(&values, value), hashes.binary_search(&value));
            if !hashes.is_empty() {
                let at = one.index(hashes.len());
                prop_assert_eq!(search(&values, hashes[at]), Ok(at));
            }
        }
    }
}
