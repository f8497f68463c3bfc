//! What an agent is set to, and what its kernel allows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Role;
use crate::{
    config::Shown,
    doctor::{Check, Job, Level, Report, Runtimes},
};

/// Answer to `GET /v1/settings`. No secret is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsView {
    /// The configuration file; none: the agent runs without.
    pub config: Option<String>,
    /// The settings that are in force; counts up from 1.
    pub generation: u64,
    /// Version of the agent.
    pub version: String,
    /// What it may be used under.
    pub license: String,
    /// What is set.
    pub items: Vec<SettingView>,
    /// What is doubtful about rules and policies.
    pub warnings: Vec<String>,
}

/// A setting in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingView {
    /// `store.max_age`: the key `max_age` in the section `[store]`.
    pub key: String,
    /// What it is, for people; empty: nothing is set.
    pub value: String,
    /// It is what it is without a configuration.
    pub is_default: bool,
    /// Changed, it takes effect when the agent starts.
    pub needs_restart: bool,
}

impl From<Shown> for SettingView {
    fn from(shown: Shown) -> Self {
        let Shown { key, value, is_default, needs_restart } = shown;
        Self { key: key.to_owned(), value, is_default, needs_restart }
    }
}

/// Answer to `GET /v1/doctor`: what this kernel allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoctorView {
    /// When it was looked at.
    pub time: Timestamp,
    /// Requests are seen.
    pub watch: bool,
    /// Attackers can be kept out.
    pub block: bool,
    /// In the order a person reads them.
    pub items: Vec<CheckView>,
    /// TLS code in processes that listen.
    pub tls: Runtimes,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// Stable name.
    pub id: String,
    /// How well it works.
    pub level: Level,
    /// What for.
    pub job: Job,
    /// What was found.
    pub found: String,
    /// What it costs that it does not work as it should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<String>,
    /// How to get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl DoctorView {
    /// A report of some time.
    #[must_use]
    pub fn of(report: &Report, time: Timestamp) -> Self {
        let items = report.checks.iter().map(CheckView::from).collect();
        Self { time, watch: report.watch, block: report.block, items, tls: report.tls.clone() }
    }
}

impl From<&Check> for CheckView {
    fn from(check: &Check) -> Self {
        let Check { id, level, job, found, costs, fix } = check.clone();
        Self { id: id.to_owned(), level, job, found, costs, fix }
    }
}

/// Body of `POST /v1/tokens`. Exactly one of `for_seconds` and `forever`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenBody {
    /// Its name, which the audit says.
    pub name: String,
    /// What it may.
    pub role: Role,
    /// Seconds, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<u64>,
    /// For good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forever: bool,
}

/// Answer to `POST /v1/tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenMade {
    /// Its name.
    pub name: String,
    /// What it may.
    pub role: Role,
    /// Until when; none: for good.
    pub expires: Option<Timestamp>,
    /// The token itself. It is shown here and never again.
    pub token: String,
}
