//! A signal, as it is stored, sent and shown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::timeline::Timeline;
use crate::detect::rules::{Action, Severity};

/// What a person looks at: who did what to which service, since when, and what came of it.
///
/// Texts in it come from events, where credentials were redacted before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Unique; later signals have greater ids (UUID version 7).
    pub id: Uuid,
    /// Id of the detection rule.
    pub rule: String,
    /// Its name.
    pub title: String,
    /// What happened, in a sentence or a few.
    pub message: String,
    /// How bad; it only rises.
    pub severity: Severity,
    /// Name of the worst case that held.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule_case: String,
    /// How far people are with it.
    pub status: Status,
    /// Why it was put away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive_reason: Option<Archive>,
    /// A person's word on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// The case (ticket) it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Time of its first event.
    #[serde(with = "rfc3339")]
    pub first_seen: Timestamp,
    /// Time of its latest event.
    #[serde(with = "rfc3339")]
    pub last_seen: Timestamp,
    /// Names and values of its group: `client_ip`, `user.id`…
    pub group: BTreeMap<String, String>,
    /// How much there was.
    pub counts: Counts,
    /// Addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<String>,
    /// User ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Session ids, hashed as in events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<String>,
    /// User agents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_agents: Vec<String>,
    /// Names of services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Fingerprints of clients and requests.
    #[serde(default, skip_serializing_if = "Fingerprints::is_empty")]
    pub fingerprints: Fingerprints,
    /// Some of its events, of as many kinds as there were.
    pub events: Vec<Sample>,
    /// What happened, in stages.
    pub timeline: Timeline,
    /// What the rule wants done, with the worst case that held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// Who the rule wants told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notifications: Vec<String>,
    /// Tags of the rule.
    pub tags: Vec<String>,
    /// Signals of the same actor, session, user or fingerprint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Uuid>,
}

/// How far people are with a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody looked at it.
    Open,
    /// Somebody does.
    UnderReview,
    /// Done with.
    Archived,
}

/// Why a signal was put away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Archive {
    /// Nobody said.
    None,
    /// It was an attack, or what it says.
    TruePositive,
    /// It was a test of security.
    TestingOrMaintenance,
    /// It was nothing.
    FalsePositive,
    /// What was to be done is done.
    Remediated,
    /// Something else.
    Other,
}

/// How much there was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Events of the group from the first that counted on.
    pub events: u64,
    /// What each query counted at its greatest, by name; of estimates the whole number.
    pub queries: BTreeMap<String, u64>,
    /// Events with a match.
    pub attacks: u64,
    /// Events because of which their client was put on the denylist.
    pub blocked: u64,
    /// Events that may be missing at most, because there were too many groups at once.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missed: u64,
    /// Addresses, users… beyond those that are named.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unnamed: u64,
}

/// Fingerprints, as the events have them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints {
    /// Of TLS clients (JA4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ja4: Vec<String>,
    /// Of header fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<String>,
    /// Of endpoints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoint: Vec<String>,
    /// Of networks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub network: Vec<String>,
}

impl Fingerprints {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An event of a signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Its id.
    pub id: String,
    /// When it happened.
    #[serde(with = "rfc3339")]
    pub time: Timestamp,
    /// What it was, in a few words: `GET /search 500 sql_injection`.
    pub what: String,
}

/// Whether a list of names may have left some out: it has as many as it can.
pub(crate) fn is_full(names: &[String]) -> bool {
    names.len() >= crate::limits::SIGNAL_NAMES
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Times as events have them.
pub(super) mod rfc3339 {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{time:.9}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
