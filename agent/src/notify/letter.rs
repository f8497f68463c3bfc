//! A notification in words: title, text, and a few facts.

use serde::Serialize;

use super::{
    message::{self, Notification, What},
    variables,
};
use crate::{
    config::NotifyTarget,
    detect::{ChangeKind, Severity, Signal, rules::ActionKind, signals::Status},
};

/// Names of a list that are written out.
const NAMED: usize = 5;

/// A notification in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// One line.
    pub title: String,
    /// A few.
    pub text: String,
    /// Names and values.
    pub facts: Vec<(&'static str, String)>,
    /// How bad.
    pub severity: Severity,
}

impl Letter {
    /// What a target is told of a notification.
    #[must_use]
    pub fn write(target: &NotifyTarget, notification: &Notification, host: &str) -> Self {
        let own = |template: &Option<crate::detect::rules::template::Template>| {
            // Templates are about signals; a test and what is over the rate speak for themselves.
            let template = template.as_ref().filter(|_| notification.signal().is_some())?;
            Some(template.render(&|name| variables::value(name, notification, host)))
        };
        let title = own(&target.title).unwrap_or_else(|| title(notification, host));
        Self {
            title: one_line(&title),
            text: own(&target.template).unwrap_or_else(|| text(notification, &target.name, host)),
            facts: facts(notification, host),
            severity: notification.severity(),
        }
    }

    /// Text and facts, for readers of plain text.
    #[must_use]
    pub fn plain(&self) -> String {
        let mut plain = self.text.trim_end().to_owned();
        if !self.facts.is_empty() {
            plain.push('\n');
        }
        for (name, value) in &self.facts {
            plain.push_str(&format!("\n{name}: {}", one_line(value)));
        }
        plain
    }
}

fn title(notification: &Notification, host: &str) -> String {
    let severity = notification.severity().name().to_uppercase();
    match &notification.what {
        What::Signal { change: ChangeKind::Opened, signal } => format!("[{severity}] {}", signal.title),
        What::Signal { change: ChangeKind::Escalated, signal } => {
            format!("[{severity}] {} (got worse)", signal.title)
        }
        What::Signal { change: ChangeKind::Extended, signal } => {
            format!("[{severity}] {} (goes on)", signal.title)
        }
        What::Signal { change: ChangeKind::Triaged, signal } => {
            let status = status(signal.status);
            match archive_reason(signal) {
                Some(reason) => format!("[{severity}] {} ({status}: {reason})", signal.title),
                None => format!("[{severity}] {} ({status})", signal.title),
            }
        }
        What::More { count, .. } => format!("[{severity}] {count} more signals on {host}"),
        What::Test => "Picket: a test".to_owned(),
    }
}

fn text(notification: &Notification, target: &str, host: &str) -> String {
    match &notification.what {
        What::Signal { signal, .. } => signal.message.clone(),
        What::More { count, severities, signals, since } => {
            let by: Vec<String> = Severity::ALL
                .iter()
                .rev()
                .filter_map(|severity| {
                    severities.get(severity.name()).map(|number| format!("{number} {severity}"))
                })
                .collect();
            let mut text =
                format!("{count} more since {since:.0} than are told one by one: {}.\n", by.join(", "));
            for brief in signals {
                text.push_str(&format!(
                    "\n- [{}] {} ({}), {}",
                    brief.severity,
                    one_line(&brief.title),
                    message::change_name(brief.change),
                    brief.id
                ));
            }
            let others = count.saturating_sub(signals.len() as u64);
            if others > 0 {
                text.push_str(&format!("\nand {others} others: picket signals"));
            }
            text
        }
        What::Test => {
            format!("This is a test of the target `{target}` by Picket on {host}. Nothing happened.")
        }
    }
}

fn facts(notification: &Notification, host: &str) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Severity", notification.severity().name().to_owned())];
    if let Some(signal) = notification.signal() {
        let list = |names: &[String]| Some(some(names)).filter(|names| !names.is_empty());
        let optional = [
            ("Services", list(&signal.services)),
            ("Actors", list(&signal.actors)),
            ("Users", list(&signal.users)),
            ("Events", Some(signal.counts.events.to_string())),
            ("Actions", Some(actions(signal)).filter(|actions| !actions.is_empty())),
            ("First seen", Some(format!("{:.0}", signal.first_seen))),
            ("Last seen", Some(format!("{:.0}", signal.last_seen))),
            ("Status", Some(status(signal.status).to_owned())),
            ("Assignee", signal.assignee.clone()),
            ("Case", signal.case.clone()),
            ("Comment", signal.comment.clone()),
            ("Rule", Some(signal.rule.clone())),
            ("Signal", Some(signal.id.to_string())),
        ];
        facts.extend(optional.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))));
    }
    facts.push(("Host", host.to_owned()));
    facts
}

/// `a, b, c and 4 more`.
pub(super) fn some(names: &[String]) -> String {
    let shown = names.get(..NAMED).unwrap_or(names).join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `block_ip for 1h, flag_ip`: what the rule wants done.
pub(super) fn actions(signal: &Signal) -> String {
    let actions = signal.actions.iter().map(|action| {
        let name = ActionKind::name(action.kind);
        match action.duration {
            0 => name.to_owned(),
            seconds => format!("{name} for {seconds} s"),
        }
    });
    actions.collect::<Vec<_>>().join(", ")
}

pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Open => "open",
        Status::UnderReview => "under review",
        Status::Archived => "archived",
    }
}

/// As it is written in JSON.
pub(super) fn archive_reason(signal: &Signal) -> Option<String> {
    let reason = serde_json::to_value(signal.archive_reason?).ok()?;
    reason.as_str().filter(|reason| *reason != "none").map(|reason| reason.replace('_', " "))
}

/// Without line ends and other controls.
pub(super) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The beginning of a text, of at most so many bytes.
pub(super) fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}
