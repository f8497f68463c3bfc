//! What people do with signals.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    api::ApiError,
    detect::signals::{Archive, Signal, Status},
};

/// Body of `PATCH /v1/signals/{id}`: what is not named stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriageBody {
    /// How far people are with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Why it is archived; only with the status `archived`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Archive>,
    /// Who works on it; `null`: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "named")]
    pub assignee: Option<Option<String>>,
    /// The case it belongs to; `null`: none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "named")]
    pub case: Option<Option<String>>,
    /// A word on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Body of `POST /v1/signals/triage`: the same for several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriageManyBody {
    /// The signals.
    pub ids: Vec<Uuid>,
    /// How far people are with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Why they are archived; only with the status `archived`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Archive>,
    /// Who works on them; `null`: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "named")]
    pub assignee: Option<Option<String>>,
    /// The case they belong to; `null`: none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "named")]
    pub case: Option<Option<String>>,
    /// A word on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl TriageManyBody {
    /// For several signals.
    #[must_use]
    pub fn new(ids: Vec<Uuid>, body: TriageBody) -> Self {
        let TriageBody { status, reason, assignee, case, note } = body;
        Self { ids, status, reason, assignee, case, note }
    }

    /// What is to become of them.
    #[must_use]
    pub fn into_parts(self) -> (Vec<Uuid>, TriageBody) {
        let Self { ids, status, reason, assignee, case, note } = self;
        (ids, TriageBody { status, reason, assignee, case, note })
    }
}

/// Answer to `POST /v1/signals/triage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triaged {
    /// Those that were changed, as they are now.
    pub items: Vec<Signal>,
    /// Those that were not.
    pub failed: Vec<Untriaged>,
}

/// A signal that was not changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untriaged {
    /// Its id.
    pub id: Uuid,
    /// Why.
    pub error: ApiError,
}

/// Something that happened to a signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryView {
    /// When.
    pub time: Timestamp,
    /// A person's name, or `picket`.
    pub who: String,
    /// `opened`, `escalated`, `triaged`…
    pub what: String,
    /// Details.
    pub details: Value,
}

/// A member that is there, be it `null`.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
