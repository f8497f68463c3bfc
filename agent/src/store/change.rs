//! Changes that people and stages ask the store for, other than events.
#![forbid(unsafe_code)]

use rusqlite::{Connection, Result};

use super::rows::{
    AuditEntry, EndpointRow, ListEntry, ListKind, ListState, OutboxRow, SignalChange, SignalRow, Target,
    Window,
};

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A signal is new or different. `events`: ids of its sampled events, which stay as long as it does.
    Signal {
        /// It.
        row: SignalRow,
        /// Its events so far, or those that came on top.
        events: Vec<String>,
    },
    /// Something happened to a signal that is stored.
    SignalChange(SignalChange),
    /// An entry of a list, in place of the one for the same value.
    List(ListEntry),
    /// An entry does not count any more; nothing, if there is none.
    ListState {
        /// Which list.
        kind: ListKind,
        /// What `value` is.
        what: Target,
        /// The address, network or user id.
        value: String,
        /// What it is now.
        state: ListState,
        /// Since when, nanoseconds since the epoch.
        until: i64,
    },
    /// Who did what.
    Audit(AuditEntry),
    /// An endpoint is new or different.
    Endpoint(EndpointRow),
    /// State of a detection rule, in place of what was there.
    Window(Window),
    /// State of a detection rule that is no more.
    WindowGone(String),
    /// A notification to be delivered, or tried again.
    Outbox(OutboxRow),
    /// A notification was delivered, or given up.
    OutboxDone(String),
    /// A setting of the store's users.
    Meta {
        /// Its name.
        key: String,
        /// What it is now.
        value: String,
    },
}

impl Change {
    /// Makes it.
    pub(super) fn apply(&self, db: &Connection) -> Result<()> {
        match self {
            Self::Signal { row, events } => signal(db, row, events),
            Self::SignalChange(change) => db
                .prepare_cached("INSERT INTO signal_history (signal, time, who, what, json) VALUES (?, ?, ?, ?, ?)")?
                .execute((&change.signal, change.time, &change.who, &change.what, &change.json))
                .map(drop),
            Self::List(entry) => list(db, entry),
            Self::ListState { kind, what, value, state, until } => {
                // One that the store never had: it was lost, or made before there was a store.
                db
                    .prepare_cached(
                        "UPDATE lists SET state = ?, until = ? WHERE kind = ? AND what = ? AND value = ?",
                    )?
                    .execute((state.word(), until, kind.word(), what.word(), value))
                    .map(drop)
            }
            Self::Audit(entry) => db
                .prepare_cached(
                    "INSERT INTO audit (time, who, action, what, before, after) VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .execute((entry.time, &entry.who, &entry.action, &entry.what, &entry.before, &entry.after))
                .map(drop),
            Self::Endpoint(row) => db
                .prepare_cached("INSERT OR REPLACE INTO endpoints (service, method, route, time, json) VALUES (?, ?, ?, ?, ?)")?
                .execute((&row.service, &row.method, &row.route, row.time, &row.json))
                .map(drop),
            Self::Window(window) => db
                .prepare_cached("INSERT OR REPLACE INTO windows (name, version, time, bytes) VALUES (?, ?, ?, ?)")?
                .execute((&window.name, window.version, window.time, &window.bytes))
                .map(drop),
            Self::WindowGone(name) => {
                db.prepare_cached("DELETE FROM windows WHERE name = ?")?.execute([name]).map(drop)
            }
            Self::Outbox(row) => db
                .prepare_cached("INSERT OR REPLACE INTO outbox (id, target, due, attempts, json) VALUES (?, ?, ?, ?, ?)")?
                .execute((&row.id, &row.target, row.due, row.attempts, &row.json))
                .map(drop),
            Self::OutboxDone(id) => {
                db.prepare_cached("DELETE FROM outbox WHERE id = ?")?.execute([id]).map(drop)
            }
            Self::Meta { key, value } => db
                .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)")?
                .execute((key, value))
                .map(drop),
        }
    }
}

fn signal(db: &Connection, row: &SignalRow, events: &[String]) -> Result<()> {
    // Not REPLACE: that would delete the row, and its history with it.
    db.prepare_cached(
        "INSERT INTO signals (id, time, first_seen, rule, severity, status, assignee, json, services, actors, users)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, json_extract(valid, '$.services'), json_extract(valid, '$.actors'),
             json_extract(valid, '$.users') FROM (SELECT CASE WHEN json_valid(?8) THEN ?8 END AS valid) WHERE TRUE
         ON CONFLICT (id) DO UPDATE SET time = excluded.time, first_seen = excluded.first_seen,
             rule = excluded.rule, severity = excluded.severity, status = excluded.status,
             assignee = excluded.assignee, json = excluded.json, services = excluded.services,
             actors = excluded.actors, users = excluded.users",
    )?
    .execute((
        &row.id,
        row.time,
        row.first_seen,
        &row.rule,
        &row.severity,
        &row.status,
        &row.assignee,
        &row.json,
    ))?;
    let mut insert =
        db.prepare_cached("INSERT OR IGNORE INTO signal_events (event, signal) VALUES (?, ?)")?;
    for event in events {
        insert.execute((event, &row.id))?;
    }
    Ok(())
}

fn list(db: &Connection, entry: &ListEntry) -> Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO lists
         (kind, what, value, since, until, reason, author, signal, enforced, state)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute((
        entry.kind.word(),
        entry.what.word(),
        &entry.value,
        entry.since,
        entry.until,
        &entry.reason,
        &entry.author,
        &entry.signal,
        entry.enforced,
        entry.state.word(),
    ))
    .map(drop)
}
