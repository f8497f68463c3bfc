//! What can be taken from one agent to another: configuration and lists.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::rules::policy::{Mode, kept::Wanted};

/// Answer to `GET /v1/export`, body of `POST /v1/import`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// Of this form; 1.
    pub format: u32,
    /// Version of the agent that wrote it.
    #[serde(default)]
    pub picket: String,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Text of the configuration file (TOML); none: it stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
    /// The denylist.
    #[serde(default)]
    pub denylist: Vec<Entry>,
    /// What people put on the passlist.
    #[serde(default)]
    pub passlist: Vec<Entry>,
    /// Exclusions that people made.
    #[serde(default)]
    pub exclusions: Vec<Wanted>,
    /// Detection rules that people wrote or switched off.
    #[serde(default)]
    pub detections: Vec<KeptEntry>,
    /// Rules that judge requests and that people wrote or switched off.
    #[serde(default)]
    pub rules: Vec<KeptEntry>,
    /// Modes that people set for services.
    #[serde(default)]
    pub modes: Vec<ModeEntry>,
}

/// What people made of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptEntry {
    /// Its id.
    pub id: String,
    /// The rule; none: it is another one's, and only switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// It is switched off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
}

/// The mode of the services of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeEntry {
    /// The name.
    pub service: String,
    /// What is done about attacks.
    pub mode: Mode,
}

/// An entry of a list. Exactly one of `net` and `user`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Address or network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net: Option<String>,
    /// User id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Until when; none: for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Answer to `POST /v1/import`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Nothing was changed: this is what would be.
    pub dry_run: bool,
    /// Entries that were added to the denylist, or changed.
    pub denylist: u64,
    /// Entries that were added to the passlist, or changed.
    pub passlist: u64,
    /// Exclusions that were made.
    #[serde(default)]
    pub exclusions: u64,
    /// Detection rules that were kept or switched.
    #[serde(default)]
    pub detections: u64,
    /// The same of rules that judge requests.
    #[serde(default)]
    pub rules: u64,
    /// Modes of services that were set.
    #[serde(default)]
    pub modes: u64,
    /// Entries that are there already, or whose time is over.
    pub unchanged: u64,
    /// Keys of the configuration that changed.
    pub configuration: Vec<String>,
    /// Entries that were not taken.
    pub refused: Vec<Refusal>,
}

/// An entry that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which: `denylist[3]`.
    pub entry: String,
    /// Why.
    pub why: String,
}
