//! What is asked of events and signals besides themselves: facets, timelines, completions.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A value of a facet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FacetValue {
    /// A whole number.
    Number(i64),
    /// Text, and what is neither.
    Text(String),
}

impl fmt::Display for FacetValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// How many there are of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetCount {
    /// The value.
    pub value: FacetValue,
    /// How many have it.
    pub count: u64,
}

/// Answer to `GET /v1/events/facets` and `GET /v1/signals/facets`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetView {
    /// The facet's name.
    pub facet: String,
    /// Its values, the most frequent first. What has none of them is not in it.
    pub items: Vec<FacetCount>,
    /// Everything that was asked for is counted; otherwise the newest are.
    pub complete: bool,
    /// Counted from here on; none: from the oldest.
    pub since: Option<Timestamp>,
}

/// Answer to `GET /v1/events/timeline` and `GET /v1/signals/timeline`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineView {
    /// Length of a stretch of time, seconds.
    pub width_seconds: u64,
    /// The facet it is told apart by.
    pub by: Option<String>,
    /// Stretches with at least one, the oldest first.
    pub items: Vec<TimelineBucket>,
    /// Everything that was asked for is counted; otherwise the newest are.
    pub complete: bool,
    /// Counted from here on; none: from the oldest.
    pub since: Option<Timestamp>,
}

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineBucket {
    /// When it begins.
    pub start: Timestamp,
    /// How many there are.
    pub count: u64,
    /// How many of them have which value: the most frequent values, others are not named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, u64>,
}

/// Answer to `GET /v1/query/complete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletionsView {
    /// The column of the piece that is replaced, in characters, from 1.
    pub column: usize,
    /// Its characters.
    pub length: usize,
    /// What could stand there.
    pub items: Vec<CompletionView>,
}

/// A text that could stand there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletionView {
    /// The text.
    pub text: String,
    /// What it is.
    pub about: String,
}
