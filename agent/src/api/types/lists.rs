//! Denylist and passlist.

use std::{fmt, time::Duration};

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::{Place, net};

/// Whom an entry of a list names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whom {
    /// An address, or a network of more than one.
    Net(IpNet),
    /// A user, by the id that events have.
    User(String),
}

impl Whom {
    /// Of an entry, which has one of the two.
    fn of(net: &str, user: Option<&str>) -> Self {
        match (user, net::parse(net)) {
            (Some(id), _) => Self::User(id.to_owned()),
            (None, Ok(net)) => Self::Net(net),
            (None, Err(_)) => Self::User(net.to_owned()),
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(address) => f.write_str(&net::display(address)),
            Self::User(id) => write!(f, "user {id}"),
        }
    }
}

/// A block of an address or network that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRequest {
    /// Whom.
    pub net: IpNet,
    /// For how long; for good when `None`.
    pub duration: Option<Duration>,
    /// Why, in a person's words.
    pub reason: Option<String>,
}

/// An entry of the denylist that is asked for, and who asks; the JSON of `POST /v1/denylist` is [`BlockBody`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenyRequest {
    /// Whom.
    pub whom: Whom,
    /// For how long; for good when `None`.
    pub duration: Option<Duration>,
    /// Why, in a person's words.
    pub reason: Option<String>,
    /// The signal it comes from.
    pub signal: Option<Uuid>,
    /// Who asks.
    pub who: String,
}

/// Body of `POST /v1/denylist`. Exactly one of `net` and `user`, and of `for_seconds` and `forever`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockBody {
    /// Address or network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net: Option<String>,
    /// User id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Seconds, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<u64>,
    /// For good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forever: bool,
    /// Why, in a person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The signal it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<Uuid>,
}

impl From<IpNet> for Whom {
    fn from(net: IpNet) -> Self {
        Self::Net(net)
    }
}

impl From<&BlockRequest> for BlockBody {
    fn from(request: &BlockRequest) -> Self {
        Self {
            net: Some(net::display(&request.net)),
            for_seconds: request.duration.map(|duration| duration.as_secs()),
            forever: request.duration.is_none(),
            reason: request.reason.clone(),
            ..Self::default()
        }
    }
}

/// An entry of the denylist.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BlockView {
    /// Address or network; empty: it is a user's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub net: String,
    /// User id; none: it is an address or network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Since when; none when another agent made it and that is not known.
    pub since: Option<Timestamp>,
    /// Until when; none: for good.
    pub ends: Option<Timestamp>,
    /// Packets dropped so far.
    pub drops: u64,
    /// Why: a person's reason, or the events that led to it.
    pub cause: String,
    /// `manual`, `respond`, or `adopted` when it stood before the agent started.
    pub origin: String,
    /// Who put it there; none: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The signal it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// Interfaces it is in force on. Empty: it is recorded, and drops nothing.
    pub enforced_on: Vec<String>,
    /// Whether it keeps anybody out. Otherwise what it names is detected: events of it are tagged.
    #[serde(default)]
    pub enforced: bool,
    /// Why it keeps nobody out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_enforced: Option<String>,
}

impl BlockView {
    /// Whom it names.
    #[must_use]
    pub fn whom(&self) -> Whom {
        Whom::of(&self.net, self.user.as_deref())
    }

    /// Where it stands on the list.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::new(self.since, self.whom())
    }
}

/// The denylist.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Denylist {
    /// Entries in force, all of them.
    pub total: u64,
    /// Those of them that `find=` takes.
    #[serde(default)]
    pub found: u64,
    /// Where XDP enforces it.
    pub interfaces: Vec<DenyInterface>,
    /// Entries, newest first, as many as were asked for.
    pub entries: Vec<BlockView>,
    /// What `cursor=` is for the next page; none: there are no more.
    #[serde(default)]
    pub next: Option<String>,
}

/// An interface with XDP attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenyInterface {
    /// Its name.
    pub name: String,
    /// `native` (in the driver) or `generic` (in the network stack, slower).
    pub mode: String,
}

/// An entry of the passlist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassView {
    /// Address or network; empty: it is a user's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub net: String,
    /// User id; none: it is an address or network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `always` (loopback, own addresses, gateways), `config` (the file) or `manual`.
    pub origin: String,
    /// What it is.
    pub comment: Option<String>,
    /// Who put it there; none: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

impl PassView {
    /// Whom it names.
    #[must_use]
    pub fn whom(&self) -> Whom {
        Whom::of(&self.net, self.user.as_deref())
    }
}

/// Body of `POST /v1/passlist`. Exactly one of `net` and `user`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassBody {
    /// Address or network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net: Option<String>,
    /// User id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Answer to `DELETE /v1/denylist?all=true`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unblocked {
    /// Entries that ended.
    pub removed: u64,
}
