//! Titles and messages: the variables of a rule's templates.

use super::signal::Signal;
use crate::{
    detect::{
        engine::Finding,
        facet::{self, Facet},
    },
    query::Fields,
};

/// What a variable of a template stands for.
pub(super) fn value<F: Fields + ?Sized>(
    name: &str,
    signal: &Signal,
    finding: &Finding,
    event: &F,
) -> Option<String> {
    if name.starts_with('@') || name == "service" {
        return facet_value(name, signal, event);
    }
    let count = |query: &str| {
        let place = finding.rule.queries.iter().position(|known| *known.name == *query)?;
        Some(format!("{}", finding.values.get(place)?.round()))
    };
    let epoch = |time: jiff::Timestamp| Some(time.as_millisecond().to_string());
    match name {
        "severity" => Some(signal.severity.name().to_owned()),
        "rule_name" => Some(finding.rule.name.source().to_owned()),
        "case_name" => finding.case().map(|case| case.name.to_string()),
        "events_matched" => Some(signal.counts.events.to_string()),
        "first_seen" | "timestamp" => Some(format!("{:.0}", signal.first_seen)),
        "last_seen" => Some(format!("{:.0}", signal.last_seen)),
        "first_seen_epoch" | "timestamp_epoch" => epoch(signal.first_seen),
        "last_seen_epoch" => epoch(signal.last_seen),
        _ => match name.strip_prefix("events_matched_per_query.") {
            Some(query) => count(query),
            // `{{env.name}}`: what the tag `env:…` says; `{{service.name}}`: the signal's.
            None => {
                let key = name.strip_suffix(".name")?;
                let tag =
                    signal.tags.iter().filter_map(|tag| tag.split_once(':')).find(|(tag, _)| *tag == key);
                tag.map(|(_, value)| value.to_owned()).or_else(|| facet_value(key, signal, event))
            }
        },
    }
}

/// The group's value first: the event is only one of many.
fn facet_value<F: Fields + ?Sized>(name: &str, signal: &Signal, event: &F) -> Option<String> {
    let name = facet::canonical(name);
    let bare = |name: &str| name.trim_start_matches('@').to_owned();
    let grouped = signal.group.iter().find(|(known, _)| bare(known) == bare(name));
    if let Some((_, value)) = grouped {
        return Some(value.clone());
    }
    let names = match name {
        "client_ip" => &signal.actors,
        "user.id" => &signal.users,
        _ => return Facet::named(name).ok()?.text(event),
    };
    match names.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        [first, second] => Some(format!("{first} and {second}")),
        // A list that is full may have left some out.
        [first, rest @ ..] if super::is_full(names) => {
            Some(format!("{first} and at least {} more", rest.len()))
        }
        [first, rest @ ..] => Some(format!("{first} and {} more", rest.len())),
    }
}
