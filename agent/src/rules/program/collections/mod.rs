//! Collections that outlive a transaction: `IP`, `GLOBAL`, `SESSION`, `USER`, `RESOURCE`.
//!
//! ModSecurity reads a record when it is opened (`initcol`, `setsid`, …) and writes it back behind the last rule,
//! adding what a counter has grown by. Here a transaction sees the record as it was when it was opened, and what it
//! writes is written at once, under the lock of the record's shard: no worker's increment is lost, and the sum a
//! rule sees is the true one. A record is made by the first thing that is written to it; opening makes none.
//!
//! Bounded: records and bytes, the least recently used goes first; members of a record and bytes of a value.
//! Everything over a bound is counted. Time is an argument: seconds since 1970.
//!
//! Source of the meaning: ModSecurity's reference manual, sections "Persistent Storage", `initcol`, `expirevar`,
//! `deprecatevar`, `SecCollectionTimeout`.

mod opened;
mod record;
#[cfg(test)]
mod tests;

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;

pub(super) use opened::{Opened, Place, built_in, is_persistent};
pub use record::Built;
use record::Record;

use crate::limits;

/// Parts with a lock of their own each; workers seldom meet.
const SHARDS: usize = 16;

/// Records by their keys, shared by all workers.
#[derive(Debug)]
pub struct Collections {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    bounds: Bounds,
}

/// What may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Records.
    pub records: usize,
    /// Bytes of all keys, names and values, and what it takes to keep them.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { records: limits::COLLECTION_RECORDS, bytes: limits::COLLECTION_BYTES }
    }
}

/// Counters of kept collections; all but the first two only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollectionStats {
    /// Records there are.
    pub records: u64,
    /// Bytes they take.
    pub bytes: u64,
    /// Records forgotten because there was no room.
    pub evicted: u64,
    /// Records forgotten because nothing was written to them for their timeout.
    pub timed_out: u64,
    /// Members that were not kept because their record has too many.
    pub refused: u64,
    /// Keys and values of which only the beginning was kept.
    pub cut: u64,
}

#[derive(Debug)]
struct Shard {
    /// The key begins with the number of the collection.
    records: Records,
    bytes: usize,
    stats: CollectionStats,
}

impl Default for Collections {
    fn default() -> Self {
        Self::new(Bounds::default())
    }
}

/// The record that is written to, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct To<'k> {
    /// Its key.
    pub key: &'k [u8],
    /// Seconds since 1970.
    pub now: i64,
    /// Seconds a new record is kept without being written to.
    pub timeout: i64,
    /// It is the first thing that this transaction writes to it.
    pub first: bool,
}

impl Collections {
    /// Collections within these bounds.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let shard = |_| {
            Mutex::new(Shard { records: LruCache::unbounded(), bytes: 0, stats: CollectionStats::default() })
        };
        Self { shards: std::array::from_fn(shard), hasher: RandomState::new(), bounds }
    }

    /// Looks at a record as it is now: `member` is called with each name and value. Nothing: there is no such
    /// record.
    pub fn open(&self, key: &[u8], now: i64, mut member: impl FnMut(&[u8], &[u8])) -> Option<Built> {
        let mut shard = self.shard(key);
        shard.drop_if_over(key, now);
        let record = shard.records.get(key)?;
        for (name, value) in record.members(now) {
            member(name, value);
        }
        Some(record.built(now))
    }

    /// Writes a member.
    pub fn set(&self, to: To<'_>, name: &[u8], value: &[u8]) {
        self.change(to, |record, counts| record.set(name, value, to.now, counts));
    }

    /// Adds to a member, 0 if it is not there; the sum.
    pub fn add(&self, to: To<'_>, name: &[u8], by: i64) -> i64 {
        self.change(to, |record, counts| record.add(name, by, to.now, counts))
    }

    /// Takes a member away.
    pub fn unset(&self, to: To<'_>, name: &[u8]) {
        self.change(to, |record, _| record.unset(name));
    }

    /// From this time on a member is not there any more.
    pub fn expire(&self, to: To<'_>, name: &[u8], at: i64) {
        self.change(to, |record, counts| record.expire(name, at, to.now, counts));
    }

    /// Takes `amount` from a member for each whole span of `per` seconds that has gone by, down to 0; what it is
    /// then, if that is another value.
    pub fn deprecate(&self, to: To<'_>, name: &[u8], amount: i64, per: i64) -> Option<i64> {
        let mut shard = self.shard(to.key);
        shard.drop_if_over(to.key, to.now);
        let shard = &mut *shard;
        let record = shard.records.get_mut(to.key)?;
        let before = record.bytes();
        let value = record.deprecate(name, amount, per, to.now)?;
        record.note(to.now, to.first);
        shard.bytes = (shard.bytes + record.bytes()).saturating_sub(before);
        Some(value)
    }

    /// Seconds that a record is kept without being written to.
    pub fn keep_for(&self, to: To<'_>, seconds: i64) {
        self.change(to, |record, _| record.keep_for(seconds));
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> CollectionStats {
        let mut all = CollectionStats::default();
        for shard in &self.shards {
            let shard = lock(shard);
            all.records += shard.records.len() as u64;
            all.bytes += shard.bytes as u64;
            all.evicted += shard.stats.evicted;
            all.timed_out += shard.stats.timed_out;
            all.refused += shard.stats.refused;
            all.cut += shard.stats.cut;
        }
        all
    }

    /// A key was longer than is kept of one.
    pub(super) fn note_cut(&self, key: &[u8]) {
        self.shard(key).stats.cut += 1;
    }

    /// Changes a record, which is made if there is none.
    fn change<T>(&self, to: To<'_>, change: impl FnOnce(&mut Record, &mut CollectionStats) -> T) -> T {
        let mut shard = self.shard(to.key);
        let Shard { records, bytes, stats } = &mut *shard;
        drop_if_over(records, bytes, stats, to.key, to.now);
        let mut is_new = false;
        let record = records.get_or_insert_mut_ref(to.key, || {
            is_new = true;
            Record::new(to.now, to.timeout)
        });
        if is_new {
            *bytes += record.bytes() + to.key.len();
        }
        let before = record.bytes();
        let result = change(record, stats);
        record.note(to.now, to.first || is_new);
        *bytes = (*bytes + record.bytes()).saturating_sub(before);
        shard.make_room(self.bounds, to.now);
        result
    }

    fn shard(&self, key: &[u8]) -> MutexGuard<'_, Shard> {
        let at = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or_default();
        let [first, ..] = &self.shards;
        lock(self.shards.get(at).unwrap_or(first))
    }
}

/// A record is whole whenever the lock is free: a worker that panicked with it has left none half written.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

type Records = LruCache<Vec<u8>, Record>;

/// Forgets a record whose time is over.
fn drop_if_over(records: &mut Records, bytes: &mut usize, stats: &mut CollectionStats, key: &[u8], now: i64) {
    if records.peek(key).is_some_and(|record| record.is_over(now))
        && let Some(record) = records.pop(key)
    {
        *bytes = bytes.saturating_sub(record.bytes() + key.len());
        stats.timed_out += 1;
    }
}

impl Shard {
    fn drop_if_over(&mut self, key: &[u8], now: i64) {
        drop_if_over(&mut self.records, &mut self.bytes, &mut self.stats, key, now);
    }

    /// Forgets the record that was used least recently, if its time is over or there is no room for it.
    fn make_room(&mut self, bounds: Bounds, now: i64) {
        while let Some((key, oldest)) = self.records.peek_lru() {
            let is_over = oldest.is_over(now);
            let is_full = self.records.len() > (bounds.records / SHARDS).max(1)
                || self.bytes > bounds.bytes / SHARDS && self.records.len() > 1;
            if !is_over && !is_full {
                return;
            }
            self.bytes = self.bytes.saturating_sub(oldest.bytes() + key.len());
            self.stats.timed_out += u64::from(is_over);
            self.stats.evicted += u64::from(!is_over);
            self.records.pop_lru();
        }
    }
}
