//! `[detection]`: what becomes a signal, and what is done about it; `[geoip]`: where clients are.

use std::{path::PathBuf, time::Duration};

use super::{
    keys::until,
    policies::{Field, fields, glob},
    values::{Value, Wrong, because, list, string, word},
};
use crate::{
    detect::rules::{ActionKind, Severity},
    kept::KeptRule,
    query::{EVENTS, Query},
    rules::policy::Glob,
};

/// `[detection]`: what becomes a signal, and what is done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectionConfig {
    /// Whether the detection rules compiled into Picket are used.
    pub default_rules: bool,
    /// Files of detection rules, and directories of such. Relative paths are resolved against the configuration
    /// file's directory.
    pub rules: Vec<PathBuf>,
    /// Ids of detection rules that do not run, with `*`.
    pub disabled: Vec<Glob>,
    /// `[[detection.responses]]`: what is done when a signal is raised or becomes worse.
    pub responses: Vec<DetectionResponse>,
    /// `[[detection.suppressions]]`: events that do not count.
    pub suppressions: Vec<Suppression>,
    /// What people made of rules with the agent; it stands in the state directory.
    pub kept: Vec<KeptRule>,
}

impl Default for DetectionConfig {
    fn default() -> Self {
        Self {
            default_rules: true,
            rules: Vec::new(),
            disabled: Vec::new(),
            responses: Vec::new(),
            suppressions: Vec::new(),
            kept: Vec::new(),
        }
    }
}

/// `[[detection.responses]]`: an action for cases of rules, besides those that their files give them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectionResponse {
    /// Of the rules with these ids; none: of all.
    pub rules: Vec<Glob>,
    /// Of cases that are at least so bad.
    pub severity: Severity,
    /// What is done.
    pub action: ActionKind,
    /// For how long; `None`: for good.
    pub duration: Option<Duration>,
}

impl Default for DetectionResponse {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            severity: Severity::High,
            action: ActionKind::FlagIp,
            duration: Some(Duration::from_secs(3600)),
        }
    }
}

/// `[[detection.suppressions]]`: events that rules do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppression {
    /// For the rules with these ids; none: for all.
    pub rules: Vec<Glob>,
    /// Which events, in the query language.
    pub query: String,
    /// Why; for people.
    pub reason: Option<String>,
}

/// `[geoip]`: where clients are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeoIp {
    /// A database of countries, or of cities, in MaxMind's format.
    pub database: Option<PathBuf>,
    /// One of autonomous systems.
    pub asn_database: Option<PathBuf>,
}

pub(super) const RULES: &str =
    "a list of ids of detection rules such as [\"credential-stuffing\", \"rate-*\"]";
const SEVERITY: &str = "\"info\", \"low\", \"medium\", \"high\" or \"critical\"";
const ACTION: &str = "\"block_ip\", \"block_user\" or \"flag_ip\"";
const FOR: &str = "a duration from \"1s\" to \"365d\", or \"forever\"";

/// Keys of `[[detection.responses]]`.
pub(super) const RESPONSE: &[Field<DetectionResponse>] = &[
    Field {
        name: "rules",
        expected: RULES,
        set: |response, value| {
            response.rules = list(value, glob)?;
            Ok(())
        },
    },
    Field {
        name: "severity",
        expected: SEVERITY,
        set: |response, value| {
            response.severity = word(value, &Severity::ALL.map(|severity| (severity.name(), severity)))?;
            Ok(())
        },
    },
    Field {
        name: "action",
        expected: ACTION,
        set: |response, value| {
            let actions = [ActionKind::BlockIp, ActionKind::BlockUser, ActionKind::FlagIp];
            response.action = word(value, &actions.map(|action| (action.name(), action)))?;
            Ok(())
        },
    },
    // A word of Rust, so not one of the macro's.
    Field {
        name: "for",
        expected: FOR,
        set: |response, value| {
            response.duration = until(value)?;
            Ok(())
        },
    },
];

fields! {
    /// Keys of `[[detection.suppressions]]`.
    SUPPRESSION: Suppression;
    rules: RULES, |value| list(value, glob);
    query: "a query over events such as \"client_ip:192.0.2.0/24 @path:/health*\"", |value| query(value);
    reason: "a text", |value| string(value).map(|text| Some(text.to_owned()));
}

fn query(value: Value<'_, '_>) -> Result<String, Wrong> {
    let text = string(value)?;
    let query = Query::parse(text).and_then(|query| query.check(&EVENTS).map(|()| query));
    let query =
        query.map_err(|error| because(value, error.to_string().trim_end().replace('\n', "\n    ")))?;
    if query.is_all() {
        return Err(because(value, "it takes every event: to switch rules off there is `disabled`"));
    }
    Ok(text.to_owned())
}
