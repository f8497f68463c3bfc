//! Signals that changed: kept, told, and acted on.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{Desk, DeskError, Live, nanoseconds};
use crate::{
    detect::{Change, ChangeKind, Signal, signals::Status},
    store::{self, SignalChange, SignalRow},
};

impl Desk {
    /// A signal, under way or stored.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn signal(&self, id: Uuid) -> Result<Option<Signal>, DeskError> {
        if let Some(signal) = self.detection().signal(id) {
            return Ok(Some(signal.clone()));
        }
        self.reader.signal(&id.to_string())?.map(|row| read(id, &row)).transpose()
    }

    /// Keeps changes of signals, tells them, and does what they ask for.
    pub(super) fn changed(&self, mut changes: Vec<Change>) -> Vec<Change> {
        let (mut at, mut refused) = (0, Vec::new());
        // What is done changes signals again; that asks for nothing more.
        while let Some(change) = changes.get(at) {
            if !change.wanted.is_empty() {
                let (id, (done, written)) = (change.signal.id, self.responses.act(change));
                self.write(written);
                let now = Timestamp::now();
                for done in done {
                    match done {
                        Ok(what) => self.detection().book_mut().acted(id, &what, now, &mut changes),
                        // No action, so no stage of the story: a line of its history.
                        Err(why) => {
                            refused.push(history(id, now, "picket", NOT_DONE, &json!({ "why": why })))
                        }
                    }
                }
            }
            at += 1;
        }
        let mut told = false;
        for change in &changes {
            let notices = self.notices.rows(change);
            told |= !notices.is_empty();
            // Together: whoever is told of a signal finds it.
            self.write(rows(change).into_iter().chain(notices).collect());
        }
        // Behind the signals that they are of.
        self.write(refused);
        if told {
            self.notices.wake();
        }
        if self.live.receiver_count() > 0 {
            for change in &changes {
                // Nobody listening any more is no error.
                let _ = self.live.send(Arc::new(Live::Signal(Box::new(change.clone()))));
            }
        }
        changes
    }
}

/// What a signal's history says of an action that its rule asks for and that was not to be had.
const NOT_DONE: &str = "not_done";

/// What the store is told of a change.
fn rows(change: &Change) -> Vec<store::Change> {
    let Change { kind, signal, .. } = change;
    let mut rows = vec![store::Change::Signal {
        row: row(signal),
        events: signal.events.iter().map(|sample| sample.id.clone()).collect(),
    }];
    let what = match kind {
        ChangeKind::Opened => "opened",
        ChangeKind::Escalated => "escalated",
        // Neither is worth a line: it goes on; what people do has lines of its own.
        ChangeKind::Extended | ChangeKind::Triaged => return rows,
    };
    let details = json!({"severity": signal.severity, "case": signal.rule_case});
    rows.push(history(signal.id, signal.last_seen, "picket", what, &details));
    rows
}

/// A line of a signal's history.
pub(super) fn history(
    id: Uuid,
    time: Timestamp,
    who: &str,
    what: &str,
    details: &serde_json::Value,
) -> store::Change {
    store::Change::SignalChange(SignalChange {
        signal: id.to_string(),
        time: nanoseconds(time),
        who: who.to_owned(),
        what: what.to_owned(),
        json: details.to_string(),
    })
}

/// A signal as it is stored.
pub(super) fn row(signal: &Signal) -> SignalRow {
    SignalRow {
        id: signal.id.to_string(),
        time: nanoseconds(signal.last_seen),
        first_seen: nanoseconds(signal.first_seen),
        rule: signal.rule.clone(),
        severity: signal.severity.name().to_owned(),
        status: status(signal.status).to_owned(),
        assignee: signal.assignee.clone(),
        json: crate::event::json_line(signal),
    }
}

/// A status as it is stored and written.
pub(super) const fn status(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::UnderReview => "under_review",
        Status::Archived => "archived",
    }
}

/// A stored signal.
pub(super) fn read(id: Uuid, row: &SignalRow) -> Result<Signal, DeskError> {
    serde_json::from_str(&row.json).map_err(|error| DeskError::Unreadable { id, error: error.to_string() })
}
