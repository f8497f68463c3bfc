//! Detection rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::detect::{
    Rule, Severity,
    rules::{Action, Case, Filter, Loaded, Method, Off, RuleQuery, Step},
};

/// A detection rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectionRuleView {
    /// Unique among the rules that run together.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What a signal says, with its variables.
    pub message: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Why it does not; none: it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<RuleOff>,
    /// It was written with the agent, maybe in place of another one with its id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// The file it stands in; none: it comes with Picket, was written with the agent, or sent to be checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What it does at the moment; none: it was read from a file, and no agent asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<RuleState>,
    /// How it decides: `threshold`, `new_value`…
    pub method: String,
    /// `key:value`.
    pub tags: Vec<String>,
    /// What it counts.
    pub queries: Vec<RuleQueryView>,
    /// In their order: the first whose condition holds gives the severity.
    pub cases: Vec<CaseView>,
    /// Of a sequence, its steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepView>,
    /// Which events count besides, or do not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<FilterView>,
    /// Seconds that it looks back.
    pub window_seconds: u64,
    /// Seconds without a case that holds after which a signal ends.
    pub keep_alive_seconds: u64,
    /// Seconds after which a signal ends in any case.
    pub max_duration_seconds: u64,
}

/// Why a rule does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleOff {
    /// `not_enabled`, `disabled`, `no_places`, `no_systems`.
    pub why: String,
    /// The same for people, with what to do.
    pub message: String,
}

/// What a rule does at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleState {
    /// Groups that it counts.
    pub groups: u64,
    /// Its signals that are stored.
    pub signals: u64,
    /// Time of the latest event of these; none: there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_signal: Option<Timestamp>,
}

/// One of a rule's queries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleQueryView {
    /// As conditions call it.
    pub name: String,
    /// Which events.
    pub query: String,
    /// `count`, `cardinality`…
    pub aggregation: String,
    /// Facets whose values make a group.
    pub group_by: Vec<String>,
}

/// One of a rule's cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseView {
    /// As people call it; may be empty.
    pub name: String,
    /// When it holds: `a > 3`.
    #[serde(default)]
    pub condition: String,
    /// How bad.
    pub severity: Severity,
    /// What is to be done.
    pub actions: Vec<Action>,
    /// Who is told.
    pub notifications: Vec<String>,
}

/// One step of a sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// As people call it.
    pub name: String,
    /// When it is taken.
    pub condition: String,
}

/// Events that a rule counts, or does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterView {
    /// Only such events count; otherwise such do not.
    pub require: bool,
    /// Which.
    pub query: String,
}

/// Answer to `GET /v1/detection/rules/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectionRuleDetails {
    /// The rule.
    #[serde(flatten)]
    pub rule: DetectionRuleView,
    /// Its JSON, as its file has it; none: the file is gone, or has no such rule any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Answer to `POST /v1/detection/check`: all of them work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesChecked {
    /// As they were understood.
    pub rules: Vec<DetectionRuleView>,
    /// Signals that they would have raised; none: not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<RulesPast>,
}

/// Signals that rules would have raised of stored events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesPast {
    /// Stored events that were played.
    pub looked_at: u64,
    /// All of the time asked for were; otherwise the newest.
    pub complete: bool,
    /// Time of the oldest that was; none: there was none.
    pub since: Option<Timestamp>,
    /// Signals.
    pub signals: u64,
    /// How many of each severity.
    pub severities: BTreeMap<String, u64>,
    /// Some of them: the newest.
    pub examples: Vec<WouldRaise>,
}

/// A signal that would have been raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WouldRaise {
    /// Id of the rule.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// What it would have said.
    pub message: String,
    /// Time of its first event.
    pub first_seen: Timestamp,
    /// Time of its last event.
    pub last_seen: Timestamp,
    /// Events that counted.
    pub events: u64,
}

/// Body of `PATCH /v1/detection/rules/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchBody {
    /// Whether it runs.
    pub enabled: bool,
}

impl DetectionRuleView {
    /// A rule, and what was found out of it when it was loaded.
    #[must_use]
    pub fn of(rule: &Rule, loaded: &Loaded) -> Self {
        let off = loaded.off(&rule.id).or((!rule.enabled).then_some(Off::NotEnabled));
        Self {
            off: off.map(|off| RuleOff { why: off.word().to_owned(), message: off.to_string() }),
            own: loaded.is_kept(&rule.id),
            file: loaded.file(&rule.id).map(|file| file.display().to_string()),
            ..rule.into()
        }
    }
}

impl From<&Rule> for DetectionRuleView {
    fn from(rule: &Rule) -> Self {
        Self {
            id: rule.id.to_string(),
            name: rule.name.source().to_owned(),
            message: rule.message.source().to_owned(),
            enabled: rule.enabled,
            off: None,
            own: false,
            file: None,
            state: None,
            method: rule.method.name().to_owned(),
            tags: rule.tags.iter().map(ToString::to_string).collect(),
            queries: rule.queries.iter().map(RuleQueryView::from).collect(),
            cases: rule.cases.iter().map(CaseView::from).collect(),
            steps: match &rule.method {
                Method::Sequence(sequence) => sequence.steps.iter().map(StepView::from).collect(),
                _ => Vec::new(),
            },
            filters: rule.filters.iter().map(FilterView::from).collect(),
            window_seconds: rule.longest_window(),
            keep_alive_seconds: rule.keep_alive,
            max_duration_seconds: rule.max_duration,
        }
    }
}

impl From<&Step> for StepView {
    fn from(step: &Step) -> Self {
        Self { name: step.name.to_string(), condition: step.condition.source().to_owned() }
    }
}

impl From<&Filter> for FilterView {
    fn from(filter: &Filter) -> Self {
        Self { require: filter.require, query: filter.query.to_string() }
    }
}

impl From<&RuleQuery> for RuleQueryView {
    fn from(query: &RuleQuery) -> Self {
        Self {
            name: query.name.to_string(),
            query: query.query.to_string(),
            aggregation: query.aggregation.name().to_owned(),
            group_by: query.group_by.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Case> for CaseView {
    fn from(case: &Case) -> Self {
        Self {
            name: case.name.to_string(),
            condition: case.condition.source().to_owned(),
            severity: case.severity,
            actions: case.actions.clone(),
            notifications: case.notifications.iter().map(ToString::to_string).collect(),
        }
    }
}
