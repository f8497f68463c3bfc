//! Signals under way: opened, extended, escalated, ended.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    change::{Change, ChangeKind},
    observed::{Looks, Observed},
    related::Ties,
    signal::Status,
    timeline::Stage,
    triage::{Triage, TriageError},
    under_way::{UnderWay, nanoseconds, ties, timestamp},
};
use crate::{
    detect::{Signal, engine::Finding},
    event::EventIds,
    limits,
    query::Fields,
};

/// What the book counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookStats {
    /// Signals opened.
    pub opened: u64,
    /// Findings that extended one.
    pub extended: u64,
    /// Signals whose severity rose.
    pub escalated: u64,
    /// Signals that were not opened: too many are under way.
    pub over: u64,
    /// Signals under way.
    pub under_way: u64,
}

/// Signals under way.
#[derive(Clone, Debug)]
pub struct SignalBook {
    pub(super) signals: HashMap<Uuid, UnderWay>,
    pub(super) by_key: HashMap<(String, String), Uuid>,
    of_rule: HashMap<String, usize>,
    /// Stored signals that go on if anything more comes of them.
    pub(super) recalled: Vec<Signal>,
    ties: Ties,
    looks: Looks,
    ids: EventIds,
    stats: BookStats,
}

impl SignalBook {
    /// With a random number of this process, from which ids are made.
    ///
    /// # Errors
    /// A facet that signals are made of is not known: our own fault.
    pub fn new(random: u64) -> Result<Self, String> {
        Ok(Self {
            signals: HashMap::new(),
            by_key: HashMap::new(),
            of_rule: HashMap::new(),
            recalled: Vec::new(),
            ties: Ties::default(),
            looks: Looks::new()?,
            ids: EventIds::new(random),
            stats: BookStats::default(),
        })
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> BookStats {
        BookStats { under_way: self.signals.len() as u64, ..self.stats }
    }

    /// A signal under way.
    #[must_use]
    pub fn get(&self, id: Uuid) -> Option<&Signal> {
        self.signals.get(&id).map(|under_way| &under_way.signal)
    }

    /// Signals under way, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Signal> {
        self.signals.values().map(|under_way| &under_way.signal)
    }

    /// A case of a rule holds, with this event.
    pub fn take<F: Fields + ?Sized>(&mut self, finding: &Finding, event: &F, changes: &mut Vec<Change>) {
        let key = (finding.rule.id.to_string(), finding.signal_key());
        let observed = self.looks.observe(event);
        if let Some(&id) = self.by_key.get(&key) {
            if self.signals.get(&id).is_some_and(|under_way| under_way.goes_on(finding)) {
                self.extend(id, finding, event, &observed, changes);
                return;
            }
            self.end(id, changes);
        }
        if let Some(signal) = self.recalled(finding) {
            let under_way = UnderWay::again(signal, key.clone(), finding);
            if under_way.goes_on(finding) {
                let id = under_way.signal.id;
                self.insert(under_way);
                self.extend(id, finding, event, &observed, changes);
                return;
            }
        }
        let of_rule = self.of_rule.get(&key.0).copied().unwrap_or(0);
        if self.signals.len() >= limits::SIGNALS_OPEN || of_rule >= limits::SIGNALS_OPEN_OF_RULE {
            self.stats.over += 1;
            return;
        }
        self.begin(key, finding, event, &observed, changes);
    }

    /// Ends what is over at a time (nanoseconds since the epoch) and tells what changed and was not told yet.
    pub fn advance(&mut self, now: u64, changes: &mut Vec<Change>) {
        let over = self.signals.iter().filter(|(_, under_way)| under_way.is_over(now));
        let ended: Vec<Uuid> = over.map(|(id, _)| *id).collect();
        for id in ended {
            self.end(id, changes);
        }
        for under_way in self.signals.values_mut() {
            if under_way.changed && now.saturating_sub(under_way.told) >= limits::SIGNAL_TOLD {
                under_way.tell(ChangeKind::Extended, now, changes);
            }
        }
    }

    /// A person's word: whoever archives a signal ends it. Says which group is to be forgotten, so that a new signal
    /// needs new events.
    ///
    /// # Errors
    /// It is not under way, or can't be taken; nothing is changed then.
    pub fn triage(
        &mut self,
        id: Uuid,
        triage: &Triage,
        changes: &mut Vec<Change>,
    ) -> Result<Option<(String, Vec<String>)>, TriageError> {
        let under_way = self.signals.get_mut(&id).ok_or(TriageError::Unknown(id))?;
        under_way.signal.triage(triage)?;
        let told = under_way.told;
        under_way.tell(ChangeKind::Triaged, told, changes);
        if under_way.signal.status == Status::Archived {
            let group = (under_way.key.0.clone(), under_way.group.clone());
            self.remove(id);
            return Ok(Some(group));
        }
        Ok(None)
    }

    /// Something was done about a signal under way: `blocked 203.0.113.7 for 1 h`.
    pub fn acted(&mut self, id: Uuid, what: &str, time: Timestamp, changes: &mut Vec<Change>) {
        if let Some(under_way) = self.signals.get_mut(&id) {
            under_way.signal.timeline.add(Stage::ActionTaken, what, time, None);
            under_way.tell(ChangeKind::Triaged, nanoseconds(time), changes);
        }
    }

    fn begin<F: Fields + ?Sized>(
        &mut self,
        key: (String, String),
        finding: &Finding,
        event: &F,
        observed: &Observed,
        changes: &mut Vec<Change>,
    ) {
        let id = self.ids.next(timestamp(finding.time));
        self.insert(UnderWay::begin(id, key, finding));
        self.stats.opened += 1;
        if let Some(under_way) = self.signals.get_mut(&id) {
            under_way.note(&self.looks, observed, finding, event);
        }
        self.tie(id, changes);
        if let Some(under_way) = self.signals.get_mut(&id) {
            under_way.worse(finding, event);
            under_way.tell_with(ChangeKind::Opened, observed, finding, changes);
        }
    }

    fn extend<F: Fields + ?Sized>(
        &mut self,
        id: Uuid,
        finding: &Finding,
        event: &F,
        observed: &Observed,
        changes: &mut Vec<Change>,
    ) {
        let Some(under_way) = self.signals.get_mut(&id) else { return };
        if finding.time <= under_way.written {
            return;
        }
        self.stats.extended += 1;
        if under_way.note(&self.looks, observed, finding, event) {
            self.tie(id, changes);
        }
        let Some(under_way) = self.signals.get_mut(&id) else { return };
        under_way.signal.counts.events += 1;
        let mut kind = ChangeKind::Extended;
        if finding.severity() > under_way.signal.severity {
            under_way.worse(finding, event);
            self.stats.escalated += 1;
            kind = ChangeKind::Escalated;
        }
        under_way.tell_with(kind, observed, finding, changes);
    }

    /// Ties a signal to those that have something in common with it.
    fn tie(&mut self, id: Uuid, changes: &mut Vec<Change>) {
        let Some(under_way) = self.signals.get(&id) else { return };
        let mut others: Vec<Uuid> = Vec::new();
        for (tie, value) in ties(&under_way.signal) {
            others.extend(self.ties.add(tie, value, id).iter().filter(|other| **other != id));
        }
        others.sort_unstable();
        others.dedup();
        for other in others {
            for (one, to) in [(id, other), (other, id)] {
                let Some(under_way) = self.signals.get_mut(&one) else { continue };
                let related = &mut under_way.signal.related;
                if related.len() < limits::SIGNAL_RELATED && !related.contains(&to) {
                    related.push(to);
                    under_way.changed = true;
                    if one == other {
                        let told = under_way.told;
                        under_way.tell(ChangeKind::Extended, told, changes);
                    }
                }
            }
        }
    }

    pub(super) fn insert(&mut self, under_way: UnderWay) {
        let id = under_way.signal.id;
        for (tie, value) in ties(&under_way.signal) {
            self.ties.add(tie, value, id);
        }
        self.by_key.insert(under_way.key.clone(), id);
        *self.of_rule.entry(under_way.key.0.clone()).or_default() += 1;
        self.signals.insert(id, under_way);
    }

    /// A signal is over; what was not told of it yet is.
    fn end(&mut self, id: Uuid, changes: &mut Vec<Change>) {
        if let Some(mut under_way) = self.remove(id)
            && under_way.changed
        {
            under_way.tell(ChangeKind::Extended, 0, changes);
        }
    }

    pub(super) fn remove(&mut self, id: Uuid) -> Option<UnderWay> {
        let under_way = self.signals.remove(&id)?;
        self.by_key.remove(&under_way.key);
        for (tie, value) in ties(&under_way.signal) {
            self.ties.remove(tie, value, id);
        }
        if let Some(count) = self.of_rule.get_mut(&under_way.key.0) {
            *count -= 1;
            if *count == 0 {
                self.of_rule.remove(&under_way.key.0);
            }
        }
        Some(under_way)
    }
}
