//! A notification, as it waits in the outbox.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    detect::{ChangeKind, Severity, Signal},
    limits,
};

/// Something that somebody is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The same at each attempt: who gets it twice can tell.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// A signal changed.
    Signal {
        /// How.
        change: ChangeKind,
        /// As it was then.
        signal: Box<Signal>,
    },
    /// More than the target's rate allows: many changes in one notification.
    More {
        /// Changes.
        count: u64,
        /// Changes by the severity of their signals.
        severities: BTreeMap<String, u64>,
        /// The worst of them, the later ones first.
        signals: Vec<Brief>,
        /// When the first of them happened.
        since: Timestamp,
    },
    /// Somebody wants to know whether it arrives.
    Test,
}

/// A signal in a few words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// Its id.
    pub id: Uuid,
    /// The detection rule.
    pub rule: String,
    /// Its title.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// What happened to it.
    pub change: ChangeKind,
    /// When.
    pub time: Timestamp,
}

impl Notification {
    /// One that tells of several others.
    pub(super) fn more(id: String, of: &[Self]) -> Option<Self> {
        let last = of.iter().map(|notification| notification.time).max()?;
        let mut first = last;
        let (mut count, mut severities, mut signals) = (0, BTreeMap::new(), Vec::new());
        for notification in of {
            first = first.min(notification.time);
            match &notification.what {
                What::Signal { change, signal } => {
                    count += 1;
                    *severities.entry(signal.severity.name().to_owned()).or_default() += 1;
                    signals.push(Brief {
                        id: signal.id,
                        rule: signal.rule.clone(),
                        title: signal.title.clone(),
                        severity: signal.severity,
                        change: *change,
                        time: notification.time,
                    });
                }
                What::More { count: more, severities: by, signals: named, since } => {
                    count += more;
                    for (severity, number) in by {
                        *severities.entry(severity.clone()).or_default() += number;
                    }
                    signals.extend(named.iter().cloned());
                    first = first.min(*since);
                }
                What::Test => {}
            }
        }
        signals.sort_by_key(|brief| std::cmp::Reverse((brief.severity, brief.time)));
        signals.truncate(limits::NOTIFY_NAMED);
        Some(Self { id, time: last, what: What::More { count, severities, signals, since: first } })
    }

    /// How bad.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match &self.what {
            What::Signal { signal, .. } => signal.severity,
            What::More { signals, .. } => {
                signals.iter().map(|brief| brief.severity).max().unwrap_or(Severity::Info)
            }
            What::Test => Severity::Info,
        }
    }

    /// `signal.opened`, `signals.more`, `test`: what happened, for machines.
    #[must_use]
    pub fn event(&self) -> &'static str {
        match &self.what {
            What::Signal { change: ChangeKind::Opened, .. } => "signal.opened",
            What::Signal { change: ChangeKind::Escalated, .. } => "signal.escalated",
            What::Signal { change: ChangeKind::Extended, .. } => "signal.extended",
            What::Signal { change: ChangeKind::Triaged, .. } => "signal.triaged",
            What::More { .. } => "signals.more",
            What::Test => "test",
        }
    }

    /// The signal, if it is about one.
    #[must_use]
    pub fn signal(&self) -> Option<&Signal> {
        match &self.what {
            What::Signal { signal, .. } => Some(signal),
            What::More { .. } | What::Test => None,
        }
    }
}

/// How a signal changed, in a word.
#[must_use]
pub fn change_name(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::Opened => "opened",
        ChangeKind::Escalated => "escalated",
        ChangeKind::Extended => "extended",
        ChangeKind::Triaged => "triaged",
    }
}
