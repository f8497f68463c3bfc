//! `picket signals`.

use anstyle::AnsiColor;
use uuid::Uuid;

use super::{
    CliError, Exit,
    args::{Asking, SignalsAction, SignalsArgs},
    ask,
    asked::{asked_for, short_ids, signal_id},
    events::{facets, more, nothing},
    screen::{Screen, grouped},
    story::Story,
    table::Table,
    triage,
};
use crate::{
    api::{
        Client, ClientError, Code,
        types::{Actor, HistoryView, List},
    },
    detect::signals::{Archive, Signal, Status},
    event::Event,
};

/// Addresses of a signal that are looked up.
const ACTORS: usize = 5;
/// Related signals that are looked up.
const RELATED: usize = 5;

pub(super) fn command(
    client: &Client,
    args: &SignalsArgs,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    match &args.action {
        None => list(client, &args.asking, screen),
        Some(SignalsAction::Show { id }) => show(client, id, screen),
        Some(SignalsAction::Triage(args)) => triage::command(client, args, screen),
        Some(SignalsAction::Facets { facet, asking }) => {
            facets(client, "/v1/signals/facets", facet, asking, screen)
        }
    }
}

fn list(client: &Client, asking: &Asking, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let list: List<Signal> = asked_for(client, "/v1/signals", asking)?;
    if screen.json {
        screen.json(&list)?;
        return Ok(Exit::Done);
    }
    if list.items.is_empty() {
        nothing("signals", asking, screen)?;
        screen.line("  A signal needs more than one odd request; single ones: picket events")?;
        screen.line("  What raises signals: picket rules detection list. What happens now: picket tail")?;
        return Ok(Exit::Done);
    }
    table(&list.items, screen)?;
    more(&list.next, list.items.len(), screen)
}

/// Signals, a line each.
pub(super) fn table(signals: &[Signal], screen: &mut Screen<'_>) -> Result<(), CliError> {
    let ids: Vec<Uuid> = signals.iter().map(|signal| signal.id).collect();
    let mut table =
        Table::new(&["SEVERITY", "WHAT", "WHO", "SERVICE", ">EVENTS", "LAST SEEN", "STATUS", "ID"])
            .shrinking(&[("STATUS", 12), ("SERVICE", 8), ("WHO", 15), ("WHAT", 24), ("WHAT", 16)])
            .dropping(&["SERVICE", ">EVENTS", "STATUS", "LAST SEEN"])
            .painted("SEVERITY", severity_colour);
    for (signal, id) in signals.iter().zip(short_ids(&ids)) {
        table.row([
            signal.severity.name().to_owned(),
            signal.title.clone(),
            who(signal),
            several(&signal.services),
            grouped(signal.counts.events),
            screen.when(signal.last_seen),
            status(signal),
            id,
        ]);
    }
    table.print(screen)?;
    Ok(())
}

/// How a severity is painted.
pub(super) fn severity_colour(severity: &str) -> Option<AnsiColor> {
    match severity.to_ascii_lowercase().as_str() {
        "critical" | "high" => Some(AnsiColor::Red),
        "medium" => Some(AnsiColor::Yellow),
        "low" => Some(AnsiColor::Cyan),
        _ => None,
    }
}

/// `open`, `under review: alice`, `archived: false positive`.
pub(crate) fn status(signal: &Signal) -> String {
    let assignee = signal.assignee.as_ref().map(|name| format!(": {name}")).unwrap_or_default();
    match signal.status {
        Status::Open => format!("open{assignee}"),
        Status::UnderReview => format!("under review{assignee}"),
        Status::Archived => match signal.archive_reason {
            None | Some(Archive::None) => "archived".to_owned(),
            Some(reason) => format!("archived: {}", archive_word(reason).replace('_', " ")),
        },
    }
}

/// As it stands in JSON.
pub(crate) fn archive_word(reason: Archive) -> String {
    let word = serde_json::to_value(reason).ok();
    word.as_ref().and_then(|word| word.as_str()).unwrap_or_default().to_owned()
}

/// The first, and how many more there are; of a list that is full, at least.
pub(super) fn several(names: &[String]) -> String {
    let more = names.len().saturating_sub(1) as u64;
    let full = if crate::detect::signals::is_full(names) { " or more" } else { "" };
    match (names.first(), more) {
        (None, _) => "-".to_owned(),
        (Some(first), 0) => first.clone(),
        (Some(first), more) => format!("{first} +{}{full}", grouped(more)),
    }
}

/// Addresses; users where a signal is about a user.
fn who(signal: &Signal) -> String {
    let by_user = signal.group.keys().any(|name| name.contains("user") || name.contains("usr"));
    if by_user && !signal.users.is_empty() { several(&signal.users) } else { several(&signal.actors) }
}

fn show(client: &Client, id: &str, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let id = signal_id(client, id)?;
    let signal: Signal = ask(client.get(&format!("/v1/signals/{id}"), &[]))?;
    let history: List<HistoryView> = ask(client.get(&format!("/v1/signals/{id}/history"), &[]))?;
    let events: List<Event> = ask(client.get(&format!("/v1/signals/{id}/events"), &[]))?;
    let (actors, related) = (Vec::new(), Vec::new());
    let mut story = Story { signal, history: history.items, events: events.items, actors, related };
    for address in story.signal.actors.iter().take(ACTORS) {
        // An address whose events are gone is still in the signal.
        if let Some(actor) = if_known(ask(client.get::<Actor>(&format!("/v1/actors/{address}"), &[])))? {
            story.actors.push(actor);
        }
    }
    for id in story.signal.related.iter().take(RELATED) {
        if let Some(signal) = if_known(ask(client.get::<Signal>(&format!("/v1/signals/{id}"), &[])))? {
            story.related.push(signal);
        }
    }
    if screen.json {
        screen.json(&story)?;
    } else {
        story.print(screen)?;
    }
    Ok(Exit::Done)
}

fn if_known<T>(answer: Result<T, CliError>) -> Result<Option<T>, CliError> {
    match answer {
        Ok(known) => Ok(Some(known)),
        Err(CliError::Client(ClientError::Api(error))) if error.code == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
