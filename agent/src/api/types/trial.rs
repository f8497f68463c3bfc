//! A rule that is tried.

use std::{collections::BTreeMap, net::IpAddr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::rules::trial::Found;

/// Body of `POST /v1/rules/try`. At most one of `rule` and `text`, of `request`, `exchange` and `event`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialBody {
    /// Id of a rule in force. Neither this nor `text`: all rules of the default policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// A rule written out: JSON of the In-App WAF, or SecLang.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// With `text`: it has to be one rule that can be kept (`PUT /v1/rules/{id}`), with an id that no other rule has. It need
    /// not be tried on anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// A request of HTTP/1, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The same as `picket eval` reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<TrialExchange>,
    /// A stored event, whose request is put together from what is stored of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Uuid>,
    /// Also on stored events.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub past: bool,
}

/// A request, and maybe its response, in base64.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialExchange {
    /// The request's bytes.
    pub request: String,
    /// The response's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// Who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<IpAddr>,
}

/// Answer to `POST /v1/rules/try`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Rules that were tried.
    pub rules: u64,
    /// The id of a rule that can be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<String>,
    /// What is doubtful about a rule that was written out.
    pub warnings: Vec<String>,
    /// The request, as it was judged; none: none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What held on the request.
    pub matches: Vec<TriedMatch>,
    /// What would have held on stored events; none: not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<TriedPast>,
}

/// A rule that held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedMatch {
    /// Its id.
    pub rule: String,
    /// What it finds.
    pub name: String,
    /// As events say them.
    pub tags: BTreeMap<String, String>,
    /// Where.
    pub location: String,
    /// What, after the transformations.
    pub value: String,
    /// From what stood there to what was found.
    pub steps: Vec<TriedStep>,
}

/// A value on its way to an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedStep {
    /// The transformation; none: what stood there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<String>,
    /// The value.
    pub value: String,
}

/// What would have held on stored events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedPast {
    /// Events that were looked at.
    pub looked_at: u64,
    /// Of these, those on which it would have held.
    pub matched: u64,
    /// All of the time asked for were looked at; otherwise the newest.
    pub complete: bool,
    /// Time of the oldest that was looked at; none: there was none.
    pub since: Option<Timestamp>,
    /// Some on which it would have held: the newest.
    pub examples: Vec<TriedEvent>,
}

/// A stored event on which a rule would have held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedEvent {
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
    /// The first rule that held: its id…
    pub rule: String,
    /// …where…
    pub location: String,
    /// …and on what.
    pub value: String,
}

impl From<Found> for TriedMatch {
    fn from(found: Found) -> Self {
        let Found { rule, location, value, steps } = found;
        let steps = steps
            .into_iter()
            .map(|step| TriedStep { transform: step.transform.map(str::to_owned), value: step.value });
        Self {
            rule: rule.id.clone(),
            name: rule.name.clone(),
            tags: rule.tags.clone(),
            location,
            value,
            steps: steps.collect(),
        }
    }
}
