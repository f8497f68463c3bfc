//! What an exclusion would have done to stored events.

use std::collections::HashMap;

use crate::{
    api::{
        ApiError,
        routes::past::{EXAMPLES, LONGEST, newest},
        types::{ExcludedEvent, ExcludedPast},
    },
    event::{Event, EventMatch},
    limits::PAST_EVENTS,
    pipeline::Settings,
    query::{EVENTS, Query},
    rules::{
        RuleMeta,
        policy::{Exclusion, RequestPath},
    },
    store::{Reader, read::Between},
};

/// Looks at the newest events with matches.
pub fn of(
    reader: &Reader,
    settings: &Settings,
    exclusion: &Exclusion,
    between: Between,
) -> Result<ExcludedPast, ApiError> {
    // Of one rule, its events alone.
    let query = match exclusion.rules.as_slice() {
        [one] if one.is_one() => format!("@rule.id:\"{}\"", one.to_string().replace(['\\', '"'], "?")),
        _ => "@matches:*".to_owned(),
    };
    let condition = Query::parse(&query)?.matcher(&EVENTS)?.to_sql();
    let labels = labels(settings);
    let (mut past, mut path) = (ExcludedPast::default(), RequestPath::default());
    past.complete = newest(reader, &condition, between, (PAST_EVENTS, LONGEST), |event: Event| {
        past.looked_at += 1;
        past.since = Some(event.time);
        note(&mut past, exclusion, &labels, &event, &mut path);
    })?;
    Ok(past)
}

fn note(
    past: &mut ExcludedPast,
    exclusion: &Exclusion,
    labels: &HashMap<&str, &[String]>,
    event: &Event,
    path: &mut RequestPath,
) {
    path.read_target(event.path.as_bytes());
    if !exclusion.counts(&event.service.name, path, event.client_ip) {
        return;
    }
    let taken = |found: &&EventMatch| {
        let meta = RuleMeta { id: found.rule.clone(), name: found.name.clone(), tags: found.tags.clone() };
        let labels = labels.get(found.rule.as_str()).copied().unwrap_or_default();
        exclusion.takes(&meta, labels, &found.location)
    };
    let gone: Vec<&EventMatch> = event.matches.iter().filter(taken).collect();
    let Some(first) = gone.first() else { return };
    let silenced = gone.len() == event.matches.len() && event.left_out == 0;
    *if silenced { &mut past.silenced } else { &mut past.narrowed } += 1;
    if past.examples.len() < EXAMPLES {
        past.examples.push(ExcludedEvent {
            id: event.id,
            time: event.time,
            service: event.service.name.to_string(),
            request: format!("{} {}", event.method, event.path),
            client_ip: event.client_ip.to_string(),
            rule: first.rule.clone(),
            location: first.location.clone(),
            value: first.value.clone(),
            silenced,
        });
    }
}

/// SecLang's tags of rules in force, which events do not say.
fn labels(settings: &Settings) -> HashMap<&str, &[String]> {
    let entries = settings.policies.iter().flat_map(|policy| policy.rules().entries());
    entries.map(|entry| (entry.meta.id.as_str(), entry.labels.as_slice())).collect()
}
