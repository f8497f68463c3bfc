//! Attacks by service and type, exact.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::{event::Event, limits};

/// The service and type of all that have no place of their own.
const OTHER: &str = "other";

/// Counts attacks by service and type.
#[derive(Debug, Default)]
pub struct Attacks(Mutex<BTreeMap<String, BTreeMap<String, u64>>>);

/// Attacks of one type on one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttackCount {
    /// The service's name.
    pub service: String,
    /// The rule's tag `type`.
    pub kind: String,
    /// Events.
    pub count: u64,
}

impl Attacks {
    /// Counts an event: once for each type of its matches.
    pub fn take(&self, event: &Event) {
        if event.matches.is_empty() {
            return;
        }
        let mut kinds: Vec<&str> = event
            .matches
            .iter()
            .map(|matched| matched.tags.get("type").map_or("unknown", String::as_str))
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in kinds {
            let known = counts.get_mut(&event.service.name).and_then(|kinds| kinds.get_mut(kind));
            if let Some(count) = known {
                *count += 1;
                continue;
            }
            let taken: usize = counts.values().map(BTreeMap::len).sum();
            // Services and types come from configuration and rules, names of services from processes.
            let (service, kind) =
                if taken < limits::METRICS_ATTACKS { (&*event.service.name, kind) } else { (OTHER, OTHER) };
            *counts.entry(service.to_owned()).or_default().entry(kind.to_owned()).or_default() += 1;
        }
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> Vec<AttackCount> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = counts.iter().flat_map(|(service, kinds)| {
            kinds.iter().map(|(kind, &count)| AttackCount {
                service: service.clone(),
                kind: kind.clone(),
                count,
            })
        });
        all.collect()
    }
}
