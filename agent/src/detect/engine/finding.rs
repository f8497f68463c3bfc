//! What the engine says: a case of a rule holds for a group.

use std::sync::Arc;

use crate::detect::{
    facet::SEPARATOR,
    rules::{Aggregation, Case, Rule, Severity},
};

/// A case of a rule holds for a group, with this event.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Which of its cases.
    pub case: usize,
    /// The group's values, in the order of the rule's `groupByFields`.
    pub group: Vec<String>,
    /// What the queries count, in their order.
    pub values: Vec<f64>,
    /// The event's time, nanoseconds since the epoch.
    pub time: u64,
    /// When the group was first seen, nanoseconds since the epoch.
    pub since: u64,
    /// Events of this group so far.
    pub events: u32,
    /// Events that may be missing from what was counted, at most: the group had no place yet.
    pub missed: u32,
}

impl Finding {
    /// The case that holds.
    #[must_use]
    pub fn case(&self) -> Option<&Case> {
        self.rule.cases.get(self.case)
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.case().map_or(Severity::Info, |case| case.severity)
    }

    /// The values that tell this signal from others of the rule.
    #[must_use]
    pub fn signal_key(&self) -> String {
        let mut key = String::new();
        for (at, place) in self.rule.signal_by.iter().enumerate() {
            if at > 0 {
                key.push(SEPARATOR);
            }
            key.push_str(self.group.get(*place).map_or("", String::as_str));
        }
        key
    }

    /// Events of the group from a time on: all of them if it was not seen before, else what its queries count.
    #[must_use]
    pub fn events_since(&self, time: u64) -> u64 {
        if time <= self.since {
            return u64::from(self.events).max(1);
        }
        let queries = self.rule.queries.iter().zip(&self.values);
        let counts =
            queries.filter(|(query, _)| query.aggregation == Aggregation::Count).map(|(_, value)| *value);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count; casts saturate"
        )]
        let most = counts.fold(1.0, f64::max) as u64;
        most
    }

    /// Names and values of the group.
    pub fn named_group(&self) -> impl Iterator<Item = (&Arc<str>, &str)> {
        let names = self.rule.queries.first().map_or(&[][..], |query| &query.group_by);
        names.iter().zip(self.group.iter().map(String::as_str))
    }
}
