//! Entries of the denylist.
#![forbid(unsafe_code)]

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who is blocked, since when, until when, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// An address or a CIDR.
    #[serde(with = "net_text")]
    pub address: IpNet,
    /// When it was blocked first.
    pub since: Timestamp,
    /// When that ends; `None`: not by itself.
    pub until: Option<Timestamp>,
    /// Why.
    #[serde(flatten)]
    pub cause: Cause,
}

impl Entry {
    /// Whether the block has run out.
    #[must_use]
    pub fn ended(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// Why somebody is blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Who did it.
    pub by: By,
    /// In words.
    pub reason: String,
    /// The rules that matched, if it was respond.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// Whose decision it was: a person's name; none: Picket's, or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The signal it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// The latest of the events that led to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Uuid>,
}

/// Who blocked somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// `[respond]`.
    Respond,
    /// A signal, as its rule asks.
    Signal,
    /// A person.
    User,
    /// Found in force when the agent started, unknown to its state.
    Adopted,
}

/// Networks as people write them: a single address without `/32`.
pub(crate) mod net_text {
    use ipnet::IpNet;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) use crate::config::network_text as text;

    pub(crate) fn serialize<S: Serializer>(net: &IpNet, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(*net))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpNet, D::Error> {
        let text = String::deserialize(deserializer)?;
        crate::config::parse_network(&text).map_err(D::Error::custom)
    }
}
