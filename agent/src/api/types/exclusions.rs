//! What rules leave alone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::rules::policy::kept::Wanted;

/// An exclusion. `POST /v1/exclusions` takes it without id, origin, author and time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusionView {
    /// Its id; none: it stands in the configuration, and is changed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// `manual`, or where in the configuration it stands: `[rules]`, `policy NAME`.
    pub origin: String,
    /// Who made it; none: it stands in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Requests are judged by it. Otherwise it waits for a reload.
    pub in_force: bool,
    /// Rules; none: all.
    pub rules: Vec<String>,
    /// Services; none: all.
    pub services: Vec<String>,
    /// Where values stand; none: the rules are not asked at all.
    pub inputs: Vec<String>,
    /// Paths; none: all.
    pub paths: Vec<String>,
    /// Networks of clients; none: all.
    pub client_ips: Vec<String>,
    /// Why, in a person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ExclusionView {
    /// As it is written.
    #[must_use]
    pub fn of(wanted: Wanted, origin: impl Into<String>) -> Self {
        let Wanted { rules, services, inputs, paths, client_ips, reason } = wanted;
        let origin = origin.into();
        Self { origin, rules, services, inputs, paths, client_ips, reason, ..Self::default() }
    }

    /// What it says.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        let Self { rules, services, inputs, paths, client_ips, reason, .. } = self.clone();
        Wanted { rules, services, inputs, paths, client_ips, reason }
    }
}

/// Answer to `POST /v1/exclusions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// Nothing was changed: this is what would be.
    pub dry_run: bool,
    /// The exclusion.
    pub exclusion: ExclusionView,
    /// What it would have done to stored events.
    pub past: ExcludedPast,
}

/// What an exclusion would have done to stored events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcludedPast {
    /// Events with a match that were looked at.
    pub looked_at: u64,
    /// Of these, those that would not be: no match of them is left.
    pub silenced: u64,
    /// Those that would be with fewer matches.
    pub narrowed: u64,
    /// All of the time asked for were looked at; otherwise the newest.
    pub complete: bool,
    /// Time of the oldest that was looked at; none: there was none.
    pub since: Option<Timestamp>,
    /// Some that would not be, or have fewer matches: the newest.
    pub examples: Vec<ExcludedEvent>,
}

/// A stored event that an exclusion concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExcludedEvent {
    /// Its id.
    pub id: Uuid,
    /// When it happened.
    pub time: Timestamp,
    /// The service.
    pub service: String,
    /// Method and path.
    pub request: String,
    /// The client.
    pub client_ip: String,
    /// The match that would not be: its rule…
    pub rule: String,
    /// …where it was…
    pub location: String,
    /// …and on what, redacted.
    pub value: String,
    /// No match is left.
    pub silenced: bool,
}
