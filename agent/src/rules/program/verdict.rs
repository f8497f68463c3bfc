//! What judging a transaction gives.

use std::sync::Arc;

use super::model::Meta;
use crate::rules::{inapp::ast::Action, matched::Match, model::RuleMeta, variable::Variable};

/// A rule that held and is told.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The rule.
    pub rule: Arc<Meta>,
    /// The rule, as events name it.
    pub told: Arc<RuleMeta>,
    /// The variable that matched last.
    pub variable: Option<Variable>,
    /// The name of its member.
    pub name: String,
    /// The variable that matched, with its member: `ARGS:id`.
    pub location: String,
    /// What matched, after the transformations; at most [`MATCH_VALUE`](crate::limits::MATCH_VALUE) bytes of it.
    pub value: String,
    /// `msg`, filled in.
    pub message: String,
    /// `logdata`, filled in.
    pub data: String,
}

/// Something that rules of the In-App WAF or processors write on a transaction. Nothing is redacted yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// For example `_dd.appsec.fp.http.endpoint`.
    pub name: String,
    /// What is written.
    pub value: serde_json::Value,
    /// Where it was taken, for credentials to be recognised: `jwt.payload.sub`; none: it was not taken from the
    /// transaction as it stands there.
    pub location: Option<String>,
}

/// What rules say of a transaction.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Rules of the In-App WAF that held, in their order.
    pub in_app: Vec<Match>,
    /// What those rules write on the transaction, and what processors made.
    pub attributes: Vec<Attribute>,
    /// The first action of those rules that keeps the request from the service.
    pub block: Option<Action>,
    /// What else they ask for, each once.
    pub actions: Vec<Action>,
    /// Rules that held and are told, in their order.
    pub hits: Vec<Hit>,
    /// The rule that wanted it kept from the service, and the status it wanted answered.
    pub denied: Option<(Arc<Meta>, u16)>,
    /// Scores at the end: members of `TX` whose names hold `score` and that are not 0.
    pub scores: Vec<(String, i64)>,
}

impl Verdict {
    /// Notes an action that a rule asks for.
    pub(super) fn acted(&mut self, action: Action) {
        if action.kind.blocks() {
            self.block.get_or_insert(action);
        } else if !self.actions.iter().any(|known| known.id == action.id) {
            self.actions.push(action);
        }
    }

    /// Whether a rule of either language wanted it kept from the service.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.denied.is_some() || self.block.is_some()
    }

    /// Everything that held, as events tell it: rules of the In-App WAF first.
    #[must_use]
    pub fn matches(&self) -> Vec<Match> {
        let mut matches = self.in_app.clone();
        matches.extend(super::told::matches(&self.hits));
        matches
    }

    /// CRS's anomaly score of the request and the response, the larger of them.
    #[must_use]
    pub fn score(&self) -> Option<i64> {
        const NAMES: [&str; 6] = [
            "anomaly_score",
            "inbound_anomaly_score",
            "outbound_anomaly_score",
            "blocking_anomaly_score",
            "blocking_inbound_anomaly_score",
            "blocking_outbound_anomaly_score",
        ];
        let scores = self.scores.iter().filter(|(name, _)| NAMES.contains(&name.as_str()));
        scores.map(|(_, score)| *score).max()
    }
}
