//! The detection rules at work.

use std::{collections::HashSet, sync::Arc};

use super::{
    finding::Finding,
    queries::{Matched, Queries, Tried},
    running::{Running, RunningQuery},
    scratch::{Counting, Groupings, Keys},
};
use crate::{
    detect::{
        facet::SEPARATOR,
        rules::{Rule, RuleError},
        windows::{Hash, HashKey, When},
    },
    limits,
    query::Fields,
};

/// A secret of this process, from which hashes are made; a saved state brings its own.
pub type Seed = [u8; 16];

/// What the detector counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DetectorStats {
    /// Events that came.
    pub events: u64,
    /// Events that at least one rule's query took.
    pub taken: u64,
    /// Events that came too late to be counted.
    pub late: u64,
    /// Times the clock was set back.
    pub clock_steps: u64,
    /// Groups that are counted now.
    pub groups: u64,
    /// Groups that were given up because there was no place for all.
    pub groups_evicted: u64,
    /// Groups that were forgotten because nothing was left to count.
    pub groups_expired: u64,
    /// Times a case held.
    pub findings: u64,
    /// Bytes that groups take.
    pub bytes: u64,
}

/// Detection rules at work over events in about the order of their times.
#[derive(Clone, Debug)]
pub struct Detector {
    pub(super) rules: Vec<Running>,
    queries: Queries,
    groupings: Groupings,
    pub(super) key: HashKey,
    /// The newest time seen, nanoseconds since the epoch.
    pub(super) now: u64,
    late_run: u32,
    stats: DetectorStats,
    /// Bytes that groups may take, and that they do.
    memory: usize,
    bytes: usize,
    scratch: Scratch,
}

/// Where a rule counts an event: a group, that may have no place yet.
#[derive(Clone, Copy, Debug)]
struct Place {
    rule: usize,
    /// The first of its queries that count for this group.
    first: usize,
    grouping: usize,
    hash: Hash,
    known: Option<u32>,
}

#[derive(Clone, Debug, Default)]
struct Scratch {
    matched: Matched,
    rules: Matched,
    filters: Tried,
    places: Vec<Place>,
    keys: Keys,
    text: String,
    hashes: Vec<Hash>,
    hit: Vec<bool>,
    values: Vec<f64>,
}

impl Detector {
    /// With the rules that are enabled; `seed` is a random number of this process.
    ///
    /// # Errors
    /// A rule that names what there is not; rules that were read have none.
    pub fn new(rules: &[Arc<Rule>], seed: Seed) -> Result<Self, RuleError> {
        let (mut queries, mut groupings) = (Queries::new(), Groupings::default());
        let mut running: Vec<Running> = Vec::new();
        let mut ids = HashSet::new();
        for rule in rules.iter().filter(|rule| rule.enabled) {
            if !ids.insert(Arc::clone(&rule.id)) || running.len() >= limits::DETECT_RULES {
                let problem = format!("ids are unique, and at most {} rules run", limits::DETECT_RULES);
                return Err(RuleError { file: String::new(), path: rule.id.to_string(), problem });
            }
            let number = u32::try_from(running.len()).unwrap_or(u32::MAX);
            running.push(Running::new(Arc::clone(rule), number, &mut queries, &mut groupings)?);
        }
        Ok(Self {
            rules: running,
            queries,
            groupings,
            key: HashKey(seed),
            now: 0,
            late_run: 0,
            stats: DetectorStats::default(),
            memory: limits::DETECT_MEMORY,
            bytes: 0,
            scratch: Scratch::default(),
        })
    }

    /// With another bound for the bytes that groups take.
    #[must_use]
    pub fn with_memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// An event happened at a time, nanoseconds since the epoch. What it brings about is appended.
    pub fn observe<F: Fields + ?Sized>(&mut self, event: &F, time: u64, findings: &mut Vec<Finding>) {
        self.stats.events += u64::from(!event.is_again());
        if self.is_late(time) {
            self.stats.late += 1;
            return;
        }
        self.now = self.now.max(time);
        let mut scratch = std::mem::take(&mut self.scratch);
        self.queries.try_all(event, &mut scratch.matched, &mut scratch.rules);
        if !scratch.rules.is_empty() {
            self.stats.taken += 1;
            scratch.keys.clear(&self.groupings);
            self.queries.forget(&mut scratch.filters);
            // All groups are looked up before the first is changed: their memory is waited for once, not one by one.
            self.place(event, &mut scratch);
            self.find(&mut scratch.places);
            let places = std::mem::take(&mut scratch.places);
            for place in &places {
                self.count(place, event, time, &mut scratch, findings);
            }
            scratch.places = places;
            // Groups that are there grow, too.
            if self.bytes > self.memory {
                self.make_room(time);
            }
        }
        self.scratch = scratch;
    }

    /// No event before this time will come any more, except for late ones; nanoseconds since the epoch.
    pub fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        for rule in &mut self.rules {
            rule.table.sweep(self.now, 256);
        }
        self.weigh();
    }

    /// Forgets what was counted for a finding's group: a person has seen it.
    pub fn forget(&mut self, rule: &str, group: &[String]) {
        let mut key = String::new();
        for (at, value) in group.iter().enumerate() {
            if at > 0 {
                key.push(SEPARATOR);
            }
            key.push_str(value);
        }
        let hash = self.key.hash(key.as_bytes());
        for running in self.rules.iter_mut().filter(|running| *running.how.rule.id == *rule) {
            if let Some(at) = running.table.find(hash) {
                running.table.remove(at);
            }
        }
        self.weigh();
    }

    /// The newest time seen, nanoseconds since the epoch.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> DetectorStats {
        let mut stats = self.stats;
        stats.bytes = self.bytes as u64;
        for running in &self.rules {
            stats.groups += running.table.len() as u64;
            stats.groups_evicted += running.table.stats.evicted;
            stats.groups_expired += running.table.stats.expired;
        }
        stats
    }

    /// Rules that run, and how many groups each counts now.
    pub fn groups(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.rules.iter().map(|running| (&running.how.rule.id, running.table.len()))
    }

    /// Rules that run, and distinct queries among them.
    #[must_use]
    pub fn rules(&self) -> (usize, usize) {
        (self.rules.len(), self.queries.len())
    }

    /// Adds up what groups take, after a change to many.
    pub(super) fn weigh(&mut self) {
        self.bytes = self.rules.iter().map(|running| running.table.bytes()).sum();
    }

    /// Whether an event is too late; a long run of such means that the clock was set back.
    fn is_late(&mut self, time: u64) -> bool {
        if self.now.saturating_sub(time) <= limits::DETECT_LATE {
            self.late_run = 0;
            return false;
        }
        self.late_run += 1;
        if self.late_run < limits::DETECT_LATE_RUN {
            return true;
        }
        self.late_run = 0;
        self.stats.clock_steps += 1;
        self.now = time;
        false
    }

    /// Where the rules that take an event count it.
    fn place<F: Fields + ?Sized>(&self, event: &F, scratch: &mut Scratch) {
        let Scratch { matched, rules, filters, keys, places, .. } = scratch;
        places.clear();
        rules.each(|rule| {
            let rule = rule as usize;
            let Some(Running { how, .. }) = self.rules.get(rule) else { return };
            if !how.takes(&self.queries, event, filters) {
                return;
            }
            // Queries may name different facets: then an event belongs to more than one group.
            for (first, query) in how.queries.iter().enumerate() {
                let same =
                    |other: &RunningQuery| other.grouping == query.grouping && matched.has(other.query);
                if !matched.has(query.query) || how.queries.iter().take(first).any(same) {
                    continue;
                }
                let Some(hash) = keys.of(query.grouping, &self.groupings, event, &self.key) else { continue };
                places.push(Place { rule, first, grouping: query.grouping, hash, known: None });
            }
        });
    }

    /// Looks groups up, and reads a little of those that are known. Nothing here waits for what was read before it, so
    /// that the processor asks for the memory of all groups at once.
    fn find(&self, places: &mut [Place]) {
        for place in &mut *places {
            place.known = self.rules.get(place.rule).and_then(|rule| rule.table.find(place.hash));
        }
        let touch = |place: &Place| Some(self.rules.get(place.rule)?.table.touch(place.known?));
        std::hint::black_box(places.iter().filter_map(touch).fold(0, usize::wrapping_add));
    }

    /// One rule counts an event for one group.
    fn count<F: Fields + ?Sized>(
        &mut self,
        place: &Place,
        event: &F,
        time: u64,
        scratch: &mut Scratch,
        findings: &mut Vec<Finding>,
    ) {
        let Place { rule, first, grouping, hash, known } = *place;
        let Scratch { matched, keys, text, hashes, hit, values, .. } = scratch;
        // Others may have taken its place meanwhile.
        let known = known.filter(|at| self.rules.get(rule).is_some_and(|rule| rule.table.has(*at, hash)));
        if known.is_none() && self.bytes >= self.memory {
            self.make_room(time);
        }
        let Some(Running { how, table }) = self.rules.get_mut(rule) else { return };
        let before = table.bytes();
        let at = known.unwrap_or_else(|| {
            table.sweep(self.now, 4);
            table.enter(hash, keys.text(grouping), time)
        });
        let when = When { time, now: self.now };
        let mut counting = Counting { matched, key: &self.key, text, hashes, hit, values };
        let found = table.change(at, |entry| {
            let case = how.count(entry, first, event, when, &mut counting)?;
            let group = &*entry.group;
            Some(Finding {
                rule: Arc::clone(&how.rule),
                case,
                group: group.key.split(SEPARATOR).map(str::to_owned).collect(),
                values: counting.values.clone(),
                time,
                since: group.since,
                events: group.weight.saturating_sub(group.missed),
                missed: group.missed,
            })
        });
        self.bytes = (self.bytes + table.bytes()).saturating_sub(before);
        if let Some(finding) = found.flatten() {
            findings.push(finding);
            self.stats.findings += 1;
        }
    }

    /// Takes a place from the rule whose groups take most.
    fn make_room(&mut self, now: u64) {
        let most = self.rules.iter_mut().max_by_key(|running| running.table.bytes());
        if let Some(Running { table, .. }) = most {
            let before = table.bytes();
            table.give_up(now);
            self.bytes = (self.bytes + table.bytes()).saturating_sub(before);
        }
    }
}
