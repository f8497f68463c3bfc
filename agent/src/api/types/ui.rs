//! Who logs in to the web UI.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Role;

/// Body of `POST /v1/ui/login-links`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    /// What whoever opens the link may.
    pub role: Role,
    /// Who they are, as the audit says it; none: who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Answer to `POST /v1/ui/login-links`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginLink {
    /// To be opened in a browser, once.
    pub url: String,
    /// Until when.
    pub expires: Timestamp,
    /// Who logs in with it.
    pub name: String,
    /// What they may.
    pub role: Role,
}
