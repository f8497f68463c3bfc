//! Rules that requests are judged by.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::FacetView;
use crate::{
    kept::KeptRule,
    rules::catalog::{Condition, Entry},
};

/// A rule that some policy has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    /// Unique in its set.
    pub id: String,
    /// What it finds.
    pub name: String,
    /// `type`, `category`, `confidence`, `severity`… as events say them.
    pub tags: BTreeMap<String, String>,
    /// SecLang's tags, as they stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// `in_app` or `seclang`.
    pub language: String,
    /// The file it stands in; none: it comes with Picket, or was written with the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line at which it begins there.
    pub line: u32,
    /// When it is asked: `request`, `response`; of SecLang `request_headers` to `logging`.
    pub phase: String,
    /// Events tell that it held.
    pub tells: bool,
    /// It wants the request kept from the service.
    pub blocks: bool,
    /// At least one policy asks it.
    pub enabled: bool,
    /// Why it can never hold here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never: Option<String>,
    /// All of them have to hold.
    pub conditions: Vec<ConditionView>,
    /// The policies that have it.
    pub policies: Vec<RulePolicy>,
    /// What people made of it with the agent; none: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptView>,
    /// Stored events of the time asked for that it matched; none: not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hits: Option<u64>,
}

/// What people made of a rule with the agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptView {
    /// Who changed it last.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// It was written with the agent; otherwise it is another one's, and only switched.
    pub written: bool,
    /// It is switched off.
    pub off: bool,
}

impl From<&KeptRule> for KeptView {
    fn from(kept: &KeptRule) -> Self {
        Self { by: kept.who.clone(), at: kept.time, written: kept.text.is_some(), off: kept.off }
    }
}

/// Body of `PUT /v1/rules/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleBody {
    /// One rule with this id: SecLang (with its chain), or JSON of the In-App WAF.
    pub text: String,
}

/// A condition of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionView {
    /// What it looks for; with `!` where it must not be there.
    pub operator: String,
    /// What the operator compares with, cut; empty: nothing.
    pub argument: String,
    /// Where it looks.
    pub inputs: Vec<String>,
    /// What is done to values before.
    pub transforms: Vec<String>,
}

/// What a policy makes of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulePolicy {
    /// Name of the policy; `default` is that of services without one of their own.
    pub name: String,
    /// What is done about attacks: `off`, `monitor`, `block`.
    pub mode: String,
    /// Why it does not ask the rule; none: it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<PolicyOff>,
}

/// Why a policy does not ask a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyOff {
    /// `not_enabled`, `switched_off`, `mode`, `disabled`, `paranoia`, `never`.
    pub why: String,
    /// The same for people.
    pub message: String,
}

/// Answer to `GET /v1/rules`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleList {
    /// By id.
    pub items: Vec<RuleView>,
    /// What `cursor=` is for the next page; none: there are no more.
    pub next: Option<String>,
    /// Hits of the whole time are counted; otherwise of its newest part.
    pub complete: bool,
    /// Hits are counted from here on; none: from the beginning.
    pub since: Option<Timestamp>,
    /// The facets that were asked for, of all rules that fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facets: Vec<FacetView>,
}

/// Answer to `GET /v1/rules/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleDetails {
    /// The rule.
    #[serde(flatten)]
    pub rule: RuleView,
    /// Its text, as its file has it now; none: the file is gone, or has something else there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Why it is there, what it catches and what it leaves alone; Picket's own rules say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<&Entry> for RuleView {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.meta.id.clone(),
            name: entry.meta.name.clone(),
            tags: entry.meta.tags.clone(),
            labels: entry.labels.clone(),
            language: entry.language.name().to_owned(),
            file: (!entry.builtin && entry.own.is_none()).then(|| entry.place.file.to_string()),
            line: entry.place.line,
            phase: entry.phase.to_owned(),
            tells: entry.tells,
            blocks: entry.blocks,
            enabled: false,
            never: entry.never.clone(),
            conditions: entry.conditions.iter().map(ConditionView::from).collect(),
            policies: Vec::new(),
            kept: None,
            hits: None,
        }
    }
}

impl From<&Condition> for ConditionView {
    fn from(condition: &Condition) -> Self {
        Self {
            operator: condition.operator.clone(),
            argument: condition.argument.clone(),
            inputs: condition.inputs.clone(),
            transforms: condition.transforms.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}
