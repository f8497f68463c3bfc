//! Variables of a target's title and template: `{{signal.title}}`, `{{@client_ip}}`…

use super::{
    letter,
    message::{self, Notification, What},
};

/// Their names, for a person.
pub const NAMED: &str = "{{signal.NAME}}, {{@facet}} of the signal's group, {{change}}, {{severity}}, {{host}}, {{time}}, {{id}}, {{count}}";

/// What a signal has.
const OF_SIGNAL: &[&str] = &[
    "id",
    "rule",
    "title",
    "message",
    "severity",
    "case_name",
    "status",
    "archive_reason",
    "assignee",
    "case",
    "comment",
    "first_seen",
    "last_seen",
    "actors",
    "users",
    "services",
    "user_agents",
    "tags",
    "actions",
    "events",
    "attacks",
    "blocked",
];

/// What every notification has.
const OF_ALL: &[&str] = &["change", "severity", "host", "time", "id", "count"];

/// Whether there is such a variable.
#[must_use]
pub fn is_known(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    match (name.strip_prefix("signal."), name.strip_prefix('@')) {
        (Some(name), _) => OF_SIGNAL.contains(&name),
        (None, Some(facet)) => !facet.is_empty() && facet.chars().all(plain),
        (None, None) => OF_ALL.contains(&name),
    }
}

/// What a variable stands for.
#[must_use]
pub(super) fn value(name: &str, notification: &Notification, host: &str) -> Option<String> {
    let signal = notification.signal();
    if let Some(facet) = name.strip_prefix('@') {
        let group = &signal?.group;
        let found = group.iter().find(|(known, _)| known.trim_start_matches('@') == facet);
        return found.map(|(_, value)| value.clone());
    }
    let Some(name) = name.strip_prefix("signal.") else {
        return Some(match name {
            "change" => match &notification.what {
                What::Signal { change, .. } => message::change_name(*change).to_owned(),
                What::More { .. } => "more".to_owned(),
                What::Test => "test".to_owned(),
            },
            "severity" => notification.severity().name().to_owned(),
            "host" => host.to_owned(),
            "time" => format!("{:.0}", notification.time),
            "id" => notification.id.clone(),
            "count" => match &notification.what {
                What::More { count, .. } => count.to_string(),
                What::Signal { .. } | What::Test => "1".to_owned(),
            },
            _ => return None,
        });
    };
    let signal = signal?;
    Some(match name {
        "id" => signal.id.to_string(),
        "rule" => signal.rule.clone(),
        "title" => signal.title.clone(),
        "message" => signal.message.clone(),
        "severity" => signal.severity.name().to_owned(),
        "case_name" => signal.rule_case.clone(),
        "status" => letter::status(signal.status).to_owned(),
        "archive_reason" => letter::archive_reason(signal)?,
        "assignee" => signal.assignee.clone()?,
        "case" => signal.case.clone()?,
        "comment" => signal.comment.clone()?,
        "first_seen" => format!("{:.0}", signal.first_seen),
        "last_seen" => format!("{:.0}", signal.last_seen),
        "actors" => letter::some(&signal.actors),
        "users" => letter::some(&signal.users),
        "services" => letter::some(&signal.services),
        "user_agents" => letter::some(&signal.user_agents),
        "tags" => letter::some(&signal.tags),
        "actions" => letter::actions(signal),
        "events" => signal.counts.events.to_string(),
        "attacks" => signal.counts.attacks.to_string(),
        "blocked" => signal.counts.blocked.to_string(),
        _ => return None,
    })
}
