//! Who was seen, and what was asked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::endpoint::Endpoint;

/// A page of those with the most events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranking<T> {
    /// Who is on it.
    pub items: Vec<T>,
    /// What `cursor=` is for the next page; none: there are no more.
    pub next: Option<String>,
    /// Everything that was asked for is counted; otherwise the newest events are.
    pub complete: bool,
    /// Counted from here on; none: from the oldest.
    pub since: Option<Timestamp>,
}

/// A client address and what it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The address.
    pub ip: String,
    /// Time of its first event.
    pub first_seen: Timestamp,
    /// Time of its latest event.
    pub last_seen: Timestamp,
    /// Events that are stored.
    pub events: u64,
    /// Events by type of attack.
    pub types: BTreeMap<String, u64>,
    /// Services it asked.
    pub services: Vec<String>,
    /// Users it was.
    pub users: Vec<String>,
    /// User agents it had.
    pub user_agents: Vec<String>,
    /// Signals that name it.
    pub signals: u64,
    /// It is on the denylist.
    pub blocked: bool,
    /// It is on the passlist.
    pub passlisted: bool,
}

/// A user and what they did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// As events have it.
    pub id: String,
    /// Time of their first event.
    pub first_seen: Timestamp,
    /// Time of their latest event.
    pub last_seen: Timestamp,
    /// Events that are stored.
    pub events: u64,
    /// Their logins.
    pub logins: Logins,
    /// Addresses they came from.
    pub ips: Vec<String>,
    /// Services they asked.
    pub services: Vec<String>,
    /// Signals that name them.
    pub signals: u64,
    /// They are on the denylist.
    pub blocked: bool,
}

/// Logins of a user, from business events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logins {
    /// That succeeded.
    pub success: u64,
    /// That failed.
    pub failure: u64,
}

/// An endpoint, and whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointView {
    /// Name of the service.
    pub service: String,
    /// Its port; none: several, or not known.
    pub port: Option<u16>,
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: Endpoint,
}
