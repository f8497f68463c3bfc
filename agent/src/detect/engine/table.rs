//! The groups of one rule: all of them while there is room, then the heaviest (Space-Saving).

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    ops::Range,
};

use super::{
    group::{Entry, Fresh, Group},
    order::Order,
};
use crate::{
    detect::windows::{Hash, Series},
    limits,
};

/// The hash is one already.
#[derive(Clone, Copy, Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// What the table had to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TableStats {
    /// Groups that were given up for others.
    pub(super) evicted: u64,
    /// Groups that were idle for so long that nothing is left to count.
    pub(super) expired: u64,
}

/// The groups of one rule. The one at place `n` has the `n`th run of series and of steps: nothing but its key and what
/// grows beyond a few bytes is allocated for it.
#[derive(Clone, Debug)]
pub(super) struct Table {
    index: HashMap<Hash, u32, BuildHasherDefault<AsIs>>,
    groups: Vec<Option<Group>>,
    series: Vec<Series>,
    steps: Vec<u64>,
    fresh: Fresh,
    free: Vec<u32>,
    /// Each group stands where its weight belongs, or before: weights grow with each event, and who has to give way is
    /// asked for seldom.
    order: Order,
    /// Where the next look for idle groups begins.
    hand: usize,
    /// Nanoseconds after which an idle group has nothing left.
    horizon: u64,
    /// Bytes of all groups.
    bytes: usize,
    most: usize,
    /// The greatest weight that gave way, and when that was last: nobody has lost more events than that.
    ceiling: u32,
    gave_way: u64,
    pub(super) stats: TableStats,
}

impl Table {
    pub(super) fn new(horizon: u64, fresh: Fresh) -> Self {
        Self {
            index: HashMap::default(),
            groups: Vec::new(),
            series: Vec::new(),
            steps: Vec::new(),
            fresh,
            free: Vec::new(),
            order: Order::default(),
            hand: 0,
            horizon,
            bytes: 0,
            most: limits::DETECT_GROUPS,
            ceiling: 0,
            gave_way: 0,
            stats: TableStats::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Bytes of all groups, and of the table itself.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.order.heap() + self.free.capacity() * size_of::<u32>()
    }

    /// What a group begins with.
    pub(super) fn fresh(&self) -> &Fresh {
        &self.fresh
    }

    #[cfg(test)]
    pub(super) fn with_most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// The group of a key, made if it has no place yet: for an event that is counted next.
    pub(super) fn enter(&mut self, hash: Hash, key: &str, now: u64) -> u32 {
        if let Some(&at) = self.index.get(&hash) {
            return at;
        }
        if now.saturating_sub(self.gave_way) > self.horizon {
            self.ceiling = 0;
        }
        if self.index.len() >= self.most {
            self.give_up(now);
        }
        // It may be one of those that gave way earlier.
        let group = Group::new(key, hash, now, self.ceiling);
        let first = group.weight.saturating_add(1);
        self.put(group, first, |_, _| ())
    }

    /// Gives up the group with the least weight.
    pub(super) fn give_up(&mut self, now: u64) {
        self.gave_way = self.gave_way.max(now);
        if let Some(group) = self.lightest().and_then(|at| self.remove(at)) {
            self.stats.evicted += 1;
            self.ceiling = self.ceiling.max(group.weight);
        }
    }

    /// The group with the least weight. Groups on the way to it that have grown since they were put into the order are put
    /// where they belong; each was counted at least once since, so that this is no more work than doing it then.
    fn lightest(&mut self) -> Option<u32> {
        loop {
            let at = self.order.least()?;
            let group = self.groups.get(at as usize).and_then(Option::as_ref);
            match group.map(|group| group.weight) {
                Some(weight) if self.order.place(at, weight) => {}
                Some(_) => return Some(at),
                None => self.order.remove(at),
            }
        }
    }

    /// A group that was saved, with what was kept of it; of what its rule does not have, nothing is taken.
    pub(super) fn insert(&mut self, group: Group, series: Vec<Series>, steps: &[u64]) {
        let weight = group.weight;
        self.put(group, weight, |all, taken| {
            all.iter_mut().zip(series).for_each(|(to, from)| *to = from);
            taken.iter_mut().zip(steps).for_each(|(to, from)| *to = *from);
        });
    }

    fn put(&mut self, group: Group, weight: u32, fill: impl FnOnce(&mut [Series], &mut [u64])) -> u32 {
        let hash = group.hash;
        let at = match self.free.pop() {
            Some(at) => {
                if let Some(slot) = self.groups.get_mut(at as usize) {
                    *slot = Some(group);
                }
                at
            }
            None => {
                self.groups.push(Some(group));
                self.series.extend_from_slice(&self.fresh.series);
                self.steps.resize(self.steps.len() + self.fresh.steps, 0);
                u32::try_from(self.groups.len() - 1).unwrap_or(u32::MAX)
            }
        };
        if let Some(Entry { group, series, steps }) = self.entry(at) {
            fill(series, steps);
            group.size = group.bytes(series, steps);
            let size = group.size;
            self.bytes += size;
        }
        self.index.insert(hash, at);
        self.order.place(at, weight);
        at
    }

    pub(super) fn remove(&mut self, at: u32) -> Option<Group> {
        let Entry { series, steps, .. } = self.entry(at)?;
        steps.fill(0);
        // What they have on the heap is given back.
        series.iter_mut().for_each(Series::clear);
        let group = self.groups.get_mut(at as usize)?.take()?;
        self.index.remove(&group.hash);
        self.order.remove(at);
        self.free.push(at);
        self.bytes = self.bytes.saturating_sub(group.size);
        Some(group)
    }

    pub(super) fn find(&self, hash: Hash) -> Option<u32> {
        self.index.get(&hash).copied()
    }

    /// Whether the group at a place is still this one.
    pub(super) fn has(&self, at: u32, hash: Hash) -> bool {
        self.groups.get(at as usize).and_then(Option::as_ref).is_some_and(|group| group.hash == hash)
    }

    /// Reads of a group what counting an event needs, so that it is in the cache by then. What it says means nothing.
    pub(super) fn touch(&self, at: u32) -> usize {
        let run = self.run(at);
        let last = self.groups.get(at as usize).and_then(Option::as_ref).map_or(0, |group| group.size);
        let series = self.series.get(run).unwrap_or_default();
        series.iter().map(Series::heap).fold(last, usize::wrapping_add)
    }

    /// Changes a group and keeps count of what it takes.
    pub(super) fn change<T>(&mut self, at: u32, change: impl FnOnce(&mut Entry<'_>) -> T) -> Option<T> {
        let mut entry = self.entry(at)?;
        let (weight, size) = (entry.group.weight, entry.group.size);
        let result = change(&mut entry);
        let Entry { group, series, steps } = entry;
        group.size = group.bytes(series, steps);
        let (lighter, now) = (group.weight < weight, (group.weight, group.size));
        self.bytes = (self.bytes + now.1).saturating_sub(size);
        if lighter {
            self.order.place(at, now.0);
        }
        Some(result)
    }

    /// Places of the series of a group.
    fn run(&self, at: u32) -> Range<usize> {
        let length = self.fresh.series.len();
        let start = at as usize * length;
        start..start + length
    }

    fn entry(&mut self, at: u32) -> Option<Entry<'_>> {
        let series = self.run(at);
        let start = at as usize * self.fresh.steps;
        let group = self.groups.get_mut(at as usize)?.as_mut()?;
        let steps = self.steps.get_mut(start..start + self.fresh.steps)?;
        Some(Entry { group, series: self.series.get_mut(series)?, steps })
    }

    /// Looks at some groups and drops those that were idle for too long. Four at each new event: all are
    /// looked at before a quarter as many new ones have come.
    pub(super) fn sweep(&mut self, now: u64, steps: usize) {
        for _ in 0..steps.min(self.groups.len()) {
            self.hand = if self.hand + 1 < self.groups.len() { self.hand + 1 } else { 0 };
            let idle = |group: &Group| now.saturating_sub(group.last) > self.horizon;
            if self.groups.get(self.hand).and_then(Option::as_ref).is_some_and(idle)
                && let Ok(at) = u32::try_from(self.hand)
                && self.remove(at).is_some()
            {
                self.stats.expired += 1;
            }
        }
    }

    /// Each group, its series and its steps.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&Group, &[Series], &[u64])> {
        let steps = self.fresh.steps;
        (0_u32..).zip(&self.groups).filter_map(move |(at, group)| {
            let start = at as usize * steps;
            Some((group.as_ref()?, self.series.get(self.run(at))?, self.steps.get(start..start + steps)?))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Space-Saving: no group counts too high, none too low by more than it says, and what has more than
        /// the events by the places has one.
        #[test]
        fn heavy_groups_keep_their_places(events in prop::collection::vec(0_u64..60, 1..2000)) {
            const PLACES: usize = 16;
            let mut table = Table::new(u64::MAX, Fresh::default()).with_most(PLACES);
            let mut true_counts: HashMap<u64, u32> = HashMap::new();
            // A few heavy ones among many light ones.
            for event in &events {
                let key = if event % 3 == 0 { event % 5 } else { *event };
                *true_counts.entry(key).or_default() += 1;
                let at = table.enter(key, "", 0);
                table.change(at, |entry| entry.group.weight += 1);
            }
            prop_assert!(table.len() <= PLACES);
            for (group, ..) in table.groups() {
                let counted = group.weight - group.missed;
                let truly = true_counts[&group.hash];
                prop_assert!(counted <= truly, "{} of {truly}", counted);
                prop_assert!(truly <= group.weight, "{truly} of {}", group.weight);
            }
            let bound = events.len() / PLACES;
            for (key, count) in true_counts {
                prop_assert!(count as usize <= bound || table.find(key).is_some(), "{key}: {count}");
            }
        }
    }

    #[test]
    fn idle_groups_go() {
        let mut table = Table::new(100, Fresh::default());
        for key in 0..10 {
            table.enter(key, "", 10 * key);
        }
        assert!(table.bytes() > 0);
        table.sweep(150, 10);
        assert_eq!((table.len(), table.stats.expired), (5, 5));
        table.sweep(1000, 10);
        assert_eq!((table.len(), table.bytes), (0, 0));
        // Their places are taken again.
        table.enter(77, "", 0);
        assert_eq!(table.groups.len(), 10);
    }
}
