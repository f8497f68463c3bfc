//! What judging says.

use std::sync::Arc;

use super::model::RuleMeta;

/// A rule that held, where, and on what. Nothing is redacted or escaped yet: the event stage does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The rule.
    pub rule: Arc<RuleMeta>,
    /// Where the first condition held: `query.id`, `headers.user-agent`, `path`, `body.user.name`…
    pub location: String,
    /// The name it stood under: parameter, header, cookie or field; for credentials to be recognised.
    pub key: Option<String>,
    /// What matched, after the rule's transformers; at most [`MATCH_VALUE`](crate::limits::MATCH_VALUE) bytes before bytes
    /// that are not UTF-8 were replaced.
    pub value: String,
}
