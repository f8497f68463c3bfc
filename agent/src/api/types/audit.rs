//! Who did what.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A change that somebody made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditView {
    /// Counts up.
    pub number: i64,
    /// When.
    pub time: Timestamp,
    /// A person's name, the name of a token, or `picket`.
    pub who: String,
    /// `block`, `unblock`, `triage`…
    pub action: String,
    /// To what.
    pub what: String,
    /// How it was.
    pub before: Option<Value>,
    /// How it is.
    pub after: Option<Value>,
}
