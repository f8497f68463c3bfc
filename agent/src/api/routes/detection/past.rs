//! Signals that rules would have raised of stored events.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use uuid::Uuid;

use crate::{
    api::{
        ApiError, Code,
        routes::{
            answer::{stored, timestamp},
            past::{EXAMPLES, LONGEST, newest},
        },
        types::{RulesPast, WouldRaise},
    },
    detect::{Detection, Rule, Signal},
    query::Sql,
    random,
    store::{Reader, read::Between},
};

/// Stored events that are played, the newest.
const MOST: u64 = 10_000;

/// Plays the newest stored events, the oldest first, to rules that have seen nothing yet.
pub fn of(reader: &Reader, rules: &[Arc<Rule>], between: Between) -> Result<RulesPast, ApiError> {
    let internal = |error: String| ApiError::new(Code::Internal, error);
    let (mut past, mut events) = (RulesPast::default(), Vec::new());
    past.complete = newest(reader, &Sql::all(), between, (MOST, LONGEST), |event: Value| {
        let time = event["time"].as_str().and_then(|time| time.parse().ok());
        if let Some(time) = time.map(stored) {
            events.push((time, event));
        }
    })?;
    events.sort_by_key(|(time, _)| *time);
    past.looked_at = events.len() as u64;
    past.since = events.first().map(|(time, _)| timestamp(*time));
    let seed = random::bytes().map_err(|error| internal(error.to_string()))?;
    let mut detection = Detection::new(rules, seed)
        .map_err(|error| ApiError::new(Code::BadRule, super::super::cut(&error.to_string(), 2000)))?;
    let mut changes = Vec::new();
    let mut signals: BTreeMap<Uuid, Signal> = BTreeMap::new();
    for (time, event) in &events {
        detection.advance(time.unsigned_abs(), &mut changes);
        detection.observe(event, time.unsigned_abs(), &mut changes);
        signals.extend(changes.drain(..).map(|change| (change.signal.id, change.signal)));
    }
    past.signals = signals.len() as u64;
    for signal in signals.values() {
        *past.severities.entry(signal.severity.name().to_owned()).or_default() += 1;
    }
    // Ids begin with their time: the newest are last.
    past.examples = signals
        .into_values()
        .rev()
        .take(EXAMPLES)
        .map(|signal| WouldRaise {
            rule: signal.rule.clone(),
            severity: signal.severity,
            message: signal.message.clone(),
            first_seen: signal.first_seen,
            last_seen: signal.last_seen,
            events: signal.counts.events,
        })
        .collect();
    Ok(past)
}
