//! One group: who it is, and what is kept of it.

use serde::{Deserialize, Serialize};

use crate::detect::windows::{Hash, Series};

/// Who is counted, and how much came. What the queries and steps of the rule keep of a group stands beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    /// The group's values, joined; with its hash it is found again.
    pub(super) key: Box<str>,
    pub(super) hash: Hash,
    /// When it was last seen, nanoseconds.
    pub(super) last: u64,
    /// When it was first seen (since it has its place here), nanoseconds.
    pub(super) since: u64,
    /// Its events, and at most so many more that came before it had a place.
    pub(super) weight: u32,
    pub(super) missed: u32,
    /// Bytes that it took when they were last counted.
    #[serde(skip)]
    pub(super) size: usize,
}

/// A group with all that is kept of it.
#[derive(Debug)]
pub(super) struct Entry<'t> {
    pub(super) group: &'t mut Group,
    /// One a query.
    pub(super) series: &'t mut [Series],
    /// When each step of a sequence was last taken, nanoseconds; empty: it is none.
    pub(super) steps: &'t mut [u64],
}

impl Group {
    /// Of a key that was not seen before, or so many events ago at most.
    pub(super) fn new(key: &str, hash: Hash, now: u64, missed: u32) -> Self {
        Self { key: key.into(), hash, last: now, since: now, weight: missed, missed, size: 0 }
    }

    pub(super) fn bytes(&self, series: &[Series], steps: &[u64]) -> usize {
        // What the allocator and the index take beside.
        const BESIDE: usize = 64;
        size_of::<Option<Self>>()
            + BESIDE
            + self.key.len()
            + size_of_val(series)
            + size_of_val(steps)
            + series.iter().map(Series::heap).sum::<usize>()
    }
}

/// What a group begins with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fresh {
    /// One a query of the rule.
    pub(super) series: Box<[Series]>,
    /// How many steps it has, if it is a sequence.
    pub(super) steps: usize,
}
