//! Exact counts a minute, held until they are written.
//!
//! Sums by minute, service and rule are always exact. Actors have rows of their own up to a cap a minute; those
//! beyond share the row `*`, so that a flood from a million addresses is counted without a million rows.
#![forbid(unsafe_code)]

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
};

use super::facts::Facts;
use crate::limits;

/// The actor, service or rule of what has no row of its own.
pub const OTHERS: &str = "*";

/// Nanoseconds of a minute.
const MINUTE: i64 = 60_000_000_000;

/// Why an event was counted and not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// More came than the rate.
    Sampled,
    /// The writer did not keep up.
    Queue,
    /// The disk was full or failing.
    Disk,
}

impl Why {
    /// Its text.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sampled => "sampled",
            Self::Queue => "queue",
            Self::Disk => "disk",
        }
    }
}

/// A row's key: minute since the epoch, service, rule (empty: events), and the actor or the reason.
pub type Key<T> = (i64, String, String, T);

/// What was counted since the last [`take`](Counts::take).
#[derive(Debug, Default)]
pub struct Counts {
    /// Events, by actor.
    pub seen: HashMap<Key<String>, i64>,
    /// Events that were not stored, by reason.
    pub left_out: HashMap<Key<Why>, i64>,
    /// The minute `own` is about.
    minute: i64,
    /// Hashes of the actors' rows of this minute.
    own: HashSet<u64>,
    hasher: RandomState,
}

impl Counts {
    /// Counts an event, stored or not.
    pub fn see(&mut self, facts: &Facts) {
        let minute = facts.time.div_euclid(MINUTE);
        if minute > self.minute {
            self.minute = minute;
            self.own.clear();
        }
        for rule in rules(facts) {
            let hash = self.hasher.hash_one((minute, &facts.service, rule, &facts.client_ip));
            let own = self.own.contains(&hash)
                || (self.own.len() < limits::STORE_COUNTERS && self.own.insert(hash));
            let actor = if own { &facts.client_ip } else { OTHERS };
            add(&mut self.seen, (minute, facts.service.clone(), rule.to_owned(), actor.to_owned()), 1);
        }
    }

    /// Counts an event that is not stored.
    pub fn leave_out(&mut self, facts: &Facts, why: Why) {
        let minute = facts.time.div_euclid(MINUTE);
        for rule in rules(facts) {
            add(&mut self.left_out, (minute, facts.service.clone(), rule.to_owned(), why), 1);
        }
    }

    /// What is to be written.
    pub fn take(&mut self) -> (HashMap<Key<String>, i64>, HashMap<Key<Why>, i64>) {
        (std::mem::take(&mut self.seen), std::mem::take(&mut self.left_out))
    }

    /// Puts back what could not be written.
    pub fn put_back(&mut self, (seen, left_out): (HashMap<Key<String>, i64>, HashMap<Key<Why>, i64>)) {
        for (key, count) in seen {
            add(&mut self.seen, key, count);
        }
        for (key, count) in left_out {
            add(&mut self.left_out, key, count);
        }
    }
}

/// The rows of an event: one for itself, one for each rule.
fn rules(facts: &Facts) -> impl Iterator<Item = &str> {
    std::iter::once("").chain(facts.rules.iter().map(String::as_str))
}

/// While nothing can be written, rows get coarser beyond the cap, but no count is lost.
fn add<T: Clone + Eq + std::hash::Hash + Others>(rows: &mut HashMap<Key<T>, i64>, key: Key<T>, count: i64) {
    let held = limits::STORE_COUNTERS_HELD;
    let key = if rows.len() < held || rows.contains_key(&key) {
        key
    } else if rows.len() < 2 * held {
        (key.0, key.1, key.2, key.3.others())
    } else {
        // Events stay apart from matches, which are more.
        let rule = if key.2.is_empty() { "" } else { OTHERS };
        (key.0.div_euclid(1440) * 1440, OTHERS.to_owned(), rule.to_owned(), key.3.others())
    };
    *rows.entry(key).or_default() += count;
}

trait Others {
    fn others(&self) -> Self;
}

impl Others for String {
    fn others(&self) -> Self {
        OTHERS.to_owned()
    }
}

impl Others for Why {
    fn others(&self) -> Self {
        *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(minute: i64, service: &str, actor: usize) -> Facts {
        Facts {
            time: minute * MINUTE,
            service: service.into(),
            client_ip: actor.to_string(),
            rules: vec!["a".into(), "b".into()],
            ..Facts::default()
        }
    }

    fn sum(counts: &Counts, rule: &str) -> i64 {
        counts.seen.iter().filter(|((_, _, of, _), _)| of == rule).map(|(_, count)| count).sum()
    }

    #[test]
    fn sums_are_exact_with_actors_without_end() {
        let mut counts = Counts::default();
        for actor in 0..50_000 {
            counts.see(&facts(7, "shop", actor));
            counts.see(&facts(7, "shop", 0));
        }
        assert_eq!([sum(&counts, ""), sum(&counts, "a"), sum(&counts, "b")], [100_000; 3]);
        assert!(counts.seen.len() <= limits::STORE_COUNTERS + 3);
        let first = (7, "shop".to_owned(), String::new(), "0".to_owned());
        assert_eq!(counts.seen.get(&first), Some(&50_001));
    }

    #[test]
    fn nothing_written_for_days_keeps_sums_and_memory() {
        let mut counts = Counts::default();
        let mut expected = 0;
        for minute in 0..3_000 {
            for actor in 0..100 {
                counts.see(&facts(minute, "shop", actor));
                counts.leave_out(&facts(minute, "shop", actor), Why::Disk);
                expected += 1;
            }
        }
        assert_eq!(sum(&counts, ""), expected);
        assert!(counts.seen.len() <= 2 * limits::STORE_COUNTERS_HELD + 100, "{}", counts.seen.len());
        let taken = counts.take();
        counts.put_back(taken);
        assert_eq!(sum(&counts, ""), expected);
        let left_out: i64 =
            counts.left_out.iter().filter(|((_, _, rule, _), _)| rule.is_empty()).map(|(_, n)| n).sum();
        assert_eq!(left_out, expected);
    }
}
