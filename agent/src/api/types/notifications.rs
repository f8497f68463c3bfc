//! Who is told of signals.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{config::NotifyTarget, detect::ChangeKind, notify::TargetStats};

/// Somebody who is told of signals. No secret is in it: of addresses only what is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationTarget {
    /// Its name.
    pub name: String,
    /// `webhook`, `slack`, `syslog`, `email`, `otlp`.
    #[serde(rename = "type")]
    pub via: String,
    /// Where it is.
    pub address: String,
    /// Of which signals it is told, as a query; empty: of all.
    pub signals: String,
    /// What has to happen to them.
    pub on: Vec<ChangeKind>,
    /// Notifications a minute.
    pub rate: u32,
    /// What became of its notifications since the agent started; none: no agent was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<NotificationCounts>,
}

/// What became of a target's notifications since the agent started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationCounts {
    /// That were taken.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// That were given up: refused, or too old.
    pub given_up: u64,
    /// That became one with others, for the rate.
    pub merged: u64,
    /// That wait.
    pub waiting: u64,
    /// When one was taken last; none: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_delivered: Option<Timestamp>,
    /// Why the latest attempt failed; none: it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

impl From<&NotifyTarget> for NotificationTarget {
    /// As the configuration has it.
    fn from(target: &NotifyTarget) -> Self {
        Self {
            name: target.name.clone(),
            via: target.via.name().to_owned(),
            address: target.via.address(),
            signals: if target.signals.is_all() { String::new() } else { target.signals.to_string() },
            on: target.on.clone(),
            rate: target.rate,
            counts: None,
        }
    }
}

impl From<TargetStats> for NotificationCounts {
    fn from(stats: TargetStats) -> Self {
        let TargetStats { delivered, failed, given_up, merged, waiting, last_delivered, last_error, .. } =
            stats;
        Self { delivered, failed, given_up, merged, waiting, last_delivered, last_error }
    }
}

/// Body of `POST /v1/notifications/test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationTest {
    /// The target's name.
    pub target: String,
}

/// Answer to `POST /v1/notifications/test`: it arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationTested {
    /// The target's name.
    pub target: String,
    /// What the target answered.
    pub answer: String,
}
