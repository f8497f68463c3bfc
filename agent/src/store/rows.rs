//! Rows of the other tables. Times are nanoseconds since the epoch.
#![forbid(unsafe_code)]

use rusqlite::{Row, types::Type};
use serde::{Deserialize, Serialize};

/// A signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalRow {
    /// Its id.
    pub id: String,
    /// When it was seen last.
    pub time: i64,
    /// When it was seen first.
    pub first_seen: i64,
    /// The detection rule.
    pub rule: String,
    /// `info`, `low`, `medium`, `high`, `critical`.
    pub severity: String,
    /// `open`, `under_review`, `archived`.
    pub status: String,
    /// Who looks at it.
    pub assignee: Option<String>,
    /// All of it.
    pub json: String,
}

/// Something that happened to a signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalChange {
    /// The signal.
    pub signal: String,
    /// When.
    pub time: i64,
    /// A person's name, or `picket`.
    pub who: String,
    /// `opened`, `escalated`, `status`…
    pub what: String,
    /// Details.
    pub json: String,
}

/// Denylist, passlist, or actors that are flagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListKind {
    /// Who is blocked.
    Deny,
    /// Who never is.
    Pass,
    /// Whose events are marked.
    Flag,
}

/// What an entry names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// One address.
    Ip,
    /// A network.
    Cidr,
    /// A user id.
    User,
}

/// Whether an entry counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListState {
    /// It does.
    Active,
    /// Its time ran out.
    Ended,
    /// A person took it back.
    Lifted,
}

/// Texts of an enum in its column, the same as in JSON.
macro_rules! words {
    ($type:ident: $($variant:ident $word:literal),+) => {
        impl $type {
            /// Its text in the database and in JSON.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// From its text.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
words!(ListKind: Deny "deny", Pass "pass", Flag "flag");
words!(Target: Ip "ip", Cidr "cidr", User "user");
words!(ListState: Active "active", Ended "ended", Lifted "lifted");

/// An entry of a list: there is one at most for a kind and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListEntry {
    /// Which list.
    pub kind: ListKind,
    /// What `value` is.
    pub what: Target,
    /// The address, network or user id.
    pub value: String,
    /// Since when.
    pub since: i64,
    /// Until when; none: for good.
    pub until: Option<i64>,
    /// Why.
    pub reason: String,
    /// Who put it there.
    pub author: String,
    /// The signal it comes from.
    pub signal: Option<String>,
    /// Whether it is in force in the kernel, or detected only.
    pub enforced: bool,
    /// Whether it counts.
    pub state: ListState,
}

/// Who did what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub time: i64,
    /// A person's name, or `picket`.
    pub who: String,
    /// `block`, `unblock`, `triage`…
    pub action: String,
    /// To what.
    pub what: String,
    /// How it was, JSON.
    pub before: Option<String>,
    /// How it is, JSON.
    pub after: Option<String>,
}

/// An endpoint of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointRow {
    /// The service's name.
    pub service: String,
    /// Method.
    pub method: String,
    /// Route pattern.
    pub route: String,
    /// When it was asked last.
    pub time: i64,
    /// All that is known of it.
    pub json: String,
}

/// State of a detection rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its name.
    pub name: String,
    /// The version of its bytes.
    pub version: i64,
    /// When it was taken.
    pub time: i64,
    /// What the rule makes of itself.
    pub bytes: Vec<u8>,
}

/// A notification that is not delivered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Its id.
    pub id: String,
    /// Where it goes.
    pub target: String,
    /// Not before.
    pub due: i64,
    /// How often it was tried.
    pub attempts: i64,
    /// The notification.
    pub json: String,
}

impl ListEntry {
    /// As [`Self::read`] wants them.
    pub(super) const COLUMNS: &str =
        "kind, what, value, since, until, reason, author, signal, enforced, state";

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            kind: word(row, 0, ListKind::from_word)?,
            what: word(row, 1, Target::from_word)?,
            value: row.get(2)?,
            since: row.get(3)?,
            until: row.get(4)?,
            reason: row.get(5)?,
            author: row.get(6)?,
            signal: row.get(7)?,
            enforced: row.get(8)?,
            state: word(row, 9, ListState::from_word)?,
        })
    }
}

impl AuditEntry {
    /// From its columns in their order, the first of which is this one.
    pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            time: row.get(first)?,
            who: row.get(first + 1)?,
            action: row.get(first + 2)?,
            what: row.get(first + 3)?,
            before: row.get(first + 4)?,
            after: row.get(first + 5)?,
        })
    }
}

impl OutboxRow {
    /// As [`Self::read`] wants them.
    pub(super) const COLUMNS: &str = "id, target, due, attempts, json";

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            target: row.get(1)?,
            due: row.get(2)?,
            attempts: row.get(3)?,
            json: row.get(4)?,
        })
    }
}

fn word<T>(row: &Row<'_>, column: usize, read: fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    read(&text).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("unknown: {text}").into())
    })
}
