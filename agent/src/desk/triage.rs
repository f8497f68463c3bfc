//! What people decide about signals.

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{
    Desk, DeskError,
    signals::{history, row, status},
};
use crate::{
    detect::{Change, ChangeKind, Signal, signals::Triage},
    store::{self, AuditEntry},
};

impl Desk {
    /// Changes a signal, under way or ended, for a person; it is stored when this returns.
    ///
    /// # Errors
    /// When there is no such signal, the words contradict themselves, or it can't be stored.
    pub fn triage(&self, id: Uuid, triage: &Triage, who: &str) -> Result<Signal, DeskError> {
        let before = self.signal(id)?.ok_or(DeskError::NoSignal(id))?;
        let mut after = before.clone();
        after.triage(triage).map_err(|error| DeskError::Triage(error.to_string()))?;
        let mut changes = words(id, &before, &after, triage, who);
        changes.push(store::Change::Signal {
            row: row(&after),
            events: after.events.iter().map(|sample| sample.id.clone()).collect(),
        });
        // Stored first: what can't be stored is not done.
        self.write_now(changes)?;
        let told = self.under_way(id, triage).map_or_else(
            || Ok::<_, DeskError>(after.clone()),
            |signal| {
                // It went on while it was written.
                self.write_now(vec![store::Change::Signal { row: row(&signal), events: Vec::new() }])?;
                Ok(signal)
            },
        )?;
        let change = Change { kind: ChangeKind::Triaged, signal: told.clone(), wanted: Vec::new() };
        let notices = self.notices.rows(&change);
        if !notices.is_empty() {
            self.write(notices);
            self.notices.wake();
        }
        if self.live.receiver_count() > 0 {
            // Nobody listening any more is no error.
            let _ = self.live.send(std::sync::Arc::new(super::Live::Signal(Box::new(change))));
        }
        Ok(told)
    }

    /// The same for a signal that is under way.
    fn under_way(&self, id: Uuid, triage: &Triage) -> Option<Signal> {
        let mut changes = Vec::new();
        self.detection().triage(id, triage, &mut changes).ok()?;
        changes.pop().map(|change| change.signal)
    }
}

/// Lines of the signal's history and of the audit.
fn words(id: Uuid, before: &Signal, after: &Signal, triage: &Triage, who: &str) -> Vec<store::Change> {
    let now = Timestamp::now();
    let mut words = Vec::new();
    let mut word = |what: &str, details: serde_json::Value| words.push(history(id, now, who, what, &details));
    if triage.status.is_some() {
        word(
            "status",
            json!({"from": status(before.status), "to": status(after.status), "reason": after.archive_reason}),
        );
    }
    if triage.assignee.is_some() {
        word("assignee", json!({"from": before.assignee, "to": after.assignee}));
    }
    if triage.case.is_some() {
        word("case", json!({"from": before.case, "to": after.case}));
    }
    if let Some(note) = &triage.note {
        word("note", json!({"text": note}));
    }
    let told = |signal: &Signal| {
        json!({
            "status": status(signal.status), "reason": signal.archive_reason, "assignee": signal.assignee,
            "case": signal.case, "note": signal.comment,
        })
        .to_string()
    };
    words.push(store::Change::Audit(AuditEntry {
        time: super::nanoseconds(now),
        who: who.to_owned(),
        action: "triage".to_owned(),
        what: format!("signal {id}"),
        before: Some(told(before)),
        after: Some(told(after)),
    }));
    words
}
