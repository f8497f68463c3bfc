//! Which targets are told of a change.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    error::NotifyError,
    message::{Notification, What},
    outbox,
};
use crate::{
    config::NotifyTarget,
    detect::{Change, ChangeKind, Signal},
    limits,
    query::{Matcher, SIGNALS},
    store,
};

/// Which targets are told of what. It reads nothing and waits for nothing.
#[derive(Debug, Default)]
pub struct Plan {
    targets: Vec<Wanted>,
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Wanted {
    name: String,
    on: Vec<ChangeKind>,
    signals: Matcher,
}

#[derive(Debug, Default)]
struct Told {
    /// Time of the latest notification: no two have the same.
    last: i64,
    /// When a target was told last that a signal goes on.
    extended: HashMap<(usize, Uuid), i64>,
}

impl Plan {
    /// For the targets of a configuration.
    ///
    /// # Errors
    /// A query is none, which the configuration should have noticed.
    pub fn new(targets: &[NotifyTarget]) -> Result<Self, NotifyError> {
        let wanted = targets.iter().map(|target| {
            let signals = Matcher::new(&target.signals, &SIGNALS).map_err(|error| NotifyError::Query {
                target: target.name.clone(),
                problem: error.message,
            })?;
            Ok(Wanted { name: target.name.clone(), on: target.on.clone(), signals })
        });
        Ok(Self { targets: wanted.collect::<Result<_, _>>()?, told: Mutex::default() })
    }

    /// Whether nobody is told of anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Rows of the outbox for a change, to be made in one transaction with the signal's. None: nobody wants to know.
    pub fn rows(&self, change: &Change, now: Timestamp) -> Vec<store::Change> {
        let kind = change.kind;
        if !self.targets.iter().any(|target| target.on.contains(&kind)) {
            return Vec::new();
        }
        let Ok(json) = serde_json::to_value(&change.signal) else { return Vec::new() };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = crate::time::since_epoch(now);
        let wanting: Vec<&str> = self
            .targets
            .iter()
            .enumerate()
            .filter(|(_, target)| {
                let asked = handed_on(&change.signal, &target.name) || target.signals.matches(&json);
                target.on.contains(&kind) && asked
            })
            .filter(|(place, _)| {
                kind != ChangeKind::Extended || told.may_extend(*place, change.signal.id, now)
            })
            .map(|(_, target)| &*target.name)
            .collect();
        if wanting.is_empty() {
            return Vec::new();
        }
        // The clock may be set back, or stand still.
        told.last = now.max(told.last.saturating_add(1));
        let time = told.last;
        let id = outbox::id(time, &change.signal.id.to_string());
        let notification = Notification {
            id: id.clone(),
            time: Timestamp::from_nanosecond(i128::from(time)).unwrap_or_default(),
            what: What::Signal { change: kind, signal: Box::new(change.signal.clone()) },
        };
        let Ok(json) = serde_json::to_string(&notification) else { return Vec::new() };
        let row = |target: &str| {
            store::Change::Outbox(store::OutboxRow {
                id: outbox::row_id(target, &id),
                target: target.to_owned(),
                due: time,
                attempts: 0,
                json: json.clone(),
            })
        };
        wanting.into_iter().map(row).collect()
    }
}

/// Whether the rule's case names the target, with or without an `@`: whoever wrote the rule wants it told whatever the
/// target's query says.
fn handed_on(signal: &Signal, name: &str) -> bool {
    signal.notifications.iter().any(|known| known.strip_prefix('@').unwrap_or(known) == name)
}

impl Told {
    /// Whether it is time to tell again that a signal goes on.
    fn may_extend(&mut self, target: usize, signal: Uuid, now: i64) -> bool {
        let every = limits::NOTIFY_EXTENDED_EVERY;
        if self.extended.get(&(target, signal)).is_some_and(|last| now.saturating_sub(*last) < every) {
            return false;
        }
        if self.extended.len() >= limits::NOTIFY_EXTENDED {
            self.extended.retain(|_, last| now.saturating_sub(*last) < every);
        }
        // More than fit go on within the minute: the others are told with a later change.
        if self.extended.len() >= limits::NOTIFY_EXTENDED {
            return false;
        }
        self.extended.insert((target, signal), now);
        true
    }
}
