//! Who may ask over TCP.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What somebody may do; a later one may do all that an earlier one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Triages signals, blocks and unblocks.
    Responder,
    /// Changes the configuration, imports.
    Admin,
}

impl Role {
    /// All, from the least.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Responder, Self::Admin];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Responder => "responder",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    /// Its name, which the audit says.
    pub name: String,
    /// What it may.
    pub role: Role,
    /// Since when.
    pub created: Timestamp,
    /// Until when; none: for good.
    pub expires: Option<Timestamp>,
}
