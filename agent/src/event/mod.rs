//! event: a transaction worth keeping, as one JSON object.
//!
//! ```text
//! Transaction + Findings ─> Recorder (redacts, cuts, names) ─> Event ─> json_line: machines
//!      │                                                    ↑     └──> Render: people
//!      └─ none ─> Plain: what detection rules ask for ──────┘
//! ```
#![forbid(unsafe_code)]

mod clock;
mod id;
mod json;
mod plain;
mod printable;
mod record;
pub mod redact;
mod render;
mod service;
mod target;
mod tls;
mod tries;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use clock::WallClock;
pub use id::EventIds;
pub use plain::Plain;
pub use printable::{fit, printable};
pub use record::{Finding, Recorder, RecorderStats, Stamp, Transaction};
pub use redact::Redactor;
pub use render::Render;
pub use service::ServiceRef;
pub use tls::EventTls;
pub use tries::Try;

use crate::{
    geo::Place,
    user::{BusinessEvent, Observed, Session, User},
};

/// A transaction as it is printed, stored and sent. Credentials are replaced by `<redacted>`.
///
/// `docs/events.md` describes every field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Whether a rule matched, or something happened to the business.
    pub kind: Kind,
    /// Unique; later events have greater ids (UUID version 7).
    pub id: Uuid,
    /// When the first byte of the request was seen.
    #[serde(with = "clock::rfc3339")]
    pub time: Timestamp,
    /// Who was asked.
    pub service: Arc<ServiceRef>,
    /// The client, resolved behind trusted proxies.
    pub client_ip: IpAddr,
    /// Where the client is, by the GeoIP database; none: it says nothing, or none is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_geo: Option<Box<Place>>,
    /// The other end of the connection.
    pub peer_ip: IpAddr,
    /// Its port.
    pub peer_port: u16,
    /// The connection's TLS; none: it speaks none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<EventTls>>,
    /// Where it stands in a chain of proxies of this host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<EventChain>,
    /// Method as sent.
    pub method: String,
    /// `Host` header field, or the authority of an absolute target.
    pub host: Option<String>,
    /// Path as sent, not decoded.
    pub path: String,
    /// What follows `?`, not decoded; `None` without a `?`.
    pub query: Option<String>,
    /// Status code; `None` when no response was seen.
    pub status: Option<u16>,
    /// Bytes of the response's body on the wire: coded as it was sent, without chunk framing. A `Content-Length` counts
    /// as a whole when the body is longer than what is captured; of any other body that is longer, at least so many
    /// came. `None` without a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_bytes: Option<u64>,
    /// `User-Agent` header field.
    pub user_agent: Option<String>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// What ties it to other requests of the same user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    /// What it was for the business.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub business: Vec<BusinessEvent>,
    /// The pattern of its route: `/users/{id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Arc<str>>,
    /// The policy it was judged by; none: the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Arc<str>>,
    /// The rules that matched.
    pub matches: Vec<EventMatch>,
    /// What rules and processors write on it: fingerprints, schemas, tokens' algorithms…
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub attributes: serde_json::Map<String, serde_json::Value>,
    /// Whether the client was put on the denylist because of it.
    pub blocked: bool,
    /// What was done about its actor before.
    #[serde(default, skip_serializing_if = "SecurityResponse::is_none")]
    pub security_response: SecurityResponse,
    /// Rules that score would have kept the request from the service.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub would_block: bool,
    /// What they scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<i64>,
    /// From the first byte of the request to the last of the response, microseconds; `None` without a response.
    pub duration_us: Option<u64>,
    /// Why no response was seen: `closed`, `gap`, `upgraded`…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<String>,
    /// Not all of the request was judged: its body is over the limit, or bytes were missed.
    #[serde(default)]
    pub truncated: bool,
    /// What is wrong with request or response as HTTP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomalies: Vec<EventAnomaly>,
    /// Matches and anomalies beyond what an event holds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
}

/// What was done about an event's actor before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityResponse {
    /// The client's address is on the denylist; the request came all the same: over an interface where the denylist is not
    /// in force, through a proxy, or it was under way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub block_ip: bool,
    /// The user is on the denylist.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub block_user: bool,
    /// The client's address is flagged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flag_ip: bool,
}

impl SecurityResponse {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What kind of object it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// At least one rule matched, or something happened to the business.
    Event,
    /// Neither; printed with `--all`.
    Transaction,
}

/// A transaction's place among those that one client's request became on its way through proxies of this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventChain {
    /// The same for all of them.
    pub id: String,
    /// Proxies between the client and the service.
    pub hop: u8,
    /// It comes from one of several requests of this client, and it is not known from which.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ambiguous: bool,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventMatch {
    /// Its id.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// `type`, `category`, `confidence` and what else the rule's author says.
    pub tags: BTreeMap<String, String>,
    /// Where: `query.id`, `headers.user-agent`, `path`, `body.user.name`…
    pub location: String,
    /// On what, after the rule's transformers.
    pub value: String,
}

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventAnomaly {
    /// Stable name, `bad_chunk_size`…
    pub kind: String,
    /// What exactly.
    pub detail: String,
}

impl Event {
    /// Takes over what is known of its user and its business. With something that happened to the business, it is an
    /// event whether a rule matched or not.
    pub fn take_observed(&mut self, observed: Observed) {
        let Observed { user, session, business, endpoint } = observed;
        if !business.is_empty() {
            self.kind = Kind::Event;
        }
        (self.user, self.session, self.business, self.endpoint) = (user, session, business, endpoint);
    }

    /// As one line of JSON, without the newline. Control and format characters are escaped, so that the
    /// line can't do anything to a terminal.
    #[must_use]
    pub fn json_line(&self) -> String {
        json::line(self)
    }
}

/// Anything else as such a line.
#[must_use]
pub(crate) fn json_line(object: &impl Serialize) -> String {
    json::line(object)
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests;
