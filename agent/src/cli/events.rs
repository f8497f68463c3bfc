//! `picket events`.

use anstyle::AnsiColor;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::{
    CliError, Exit,
    args::{Asking, EventsAction, EventsArgs},
    ask,
    asked::{asked_for, event_id, given, placed, short_ids},
    facts::Facts,
    screen::{Screen, grouped},
    table::Table,
};
use crate::{
    api::{
        Client,
        types::{FacetView, List},
    },
    event::{Event, Render},
    limits::STORE_PAGE,
};

pub(super) fn command(client: &Client, args: &EventsArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    match &args.action {
        None => list(client, &args.asking, screen),
        Some(EventsAction::Show { id }) => show(client, id, screen),
        Some(EventsAction::Facets { facet, asking }) => {
            facets(client, "/v1/events/facets", facet, asking, screen)
        }
    }
}

fn list(client: &Client, asking: &Asking, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let list: List<Event> = asked_for(client, "/v1/events", asking)?;
    if screen.json {
        screen.json(&list)?;
        return Ok(Exit::Done);
    }
    if list.items.is_empty() {
        nothing("events", asking, screen)?;
        screen.line("  What happens now: picket tail. What was counted: picket stats, picket services")?;
        return Ok(Exit::Done);
    }
    let ids: Vec<Uuid> = list.items.iter().map(|event| event.id).collect();
    let mut table = Table::new(&["WHEN", "WHO", "SERVICE", "REQUEST", ">STATUS", "WHAT", "ID"])
        .shrinking(&[("REQUEST", 20), ("WHAT", 14), ("WHO", 15), ("SERVICE", 8), ("REQUEST", 12)])
        .dropping(&["SERVICE", "ID"])
        .painted("WHAT", what_colour);
    for (event, id) in list.items.iter().zip(short_ids(&ids)) {
        table.row([
            screen.when(event.time),
            who(event),
            event.service.name.clone(),
            format!("{} {}", event.method, event.path),
            event.status.map_or("-".to_owned(), |status| status.to_string()),
            what(event),
            id,
        ]);
    }
    table.print(screen)?;
    more(&list.next, list.items.len(), screen)
}

/// `203.0.113.7`, `203.0.113.7 alice`.
fn who(event: &Event) -> String {
    match &event.user {
        Some(user) => format!("{} {}", event.client_ip, user.id),
        None => event.client_ip.to_string(),
    }
}

/// What was found: types of attacks, business events.
pub(super) fn what(event: &Event) -> String {
    let mut parts: Vec<&str> = Vec::new();
    if event.blocked {
        parts.push("BLOCKED");
    }
    let types = event.matches.iter().map(|found| found.tags.get("type").unwrap_or(&found.rule).as_str());
    for part in types.chain(event.business.iter().map(|business| &*business.name)) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

fn what_colour(what: &str) -> Option<AnsiColor> {
    let calm = what == "-" || what.starts_with("users.") || what.starts_with("activity.");
    if calm {
        None
    } else {
        Some(if what.starts_with("BLOCKED") { AnsiColor::Red } else { AnsiColor::Yellow })
    }
}

/// Nothing was found: where from, and how to see more.
pub(super) fn nothing(what: &str, asking: &Asking, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let (from, to) = (asking.from.at(screen.now), asking.to.at(screen.now));
    let since = if asking.to == crate::query::Moment::Now {
        format!("in the last {}", super::duration::short(super::duration::between(from, to)))
    } else {
        format!("from {} to {}", super::duration::exact(from), super::duration::exact(to))
    };
    let query = asking.text();
    if query.is_empty() {
        screen.line(format_args!("no {what} {since}"))?;
    } else {
        screen.line(format_args!("no {what} {since} with: {}", crate::event::printable(&query)))?;
    }
    screen.line("  Further back: --from -7d")?;
    Ok(())
}

/// There is more of a list.
pub(super) fn more(next: &Option<String>, shown: usize, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    if next.is_some() {
        let more = format!("there are more; show them with --limit {}", (shown * 4).max(200));
        let more = screen.faint(&more);
        screen.line(more)?;
    }
    Ok(Exit::Done)
}

fn show(client: &Client, id: &str, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let id = event_id(client, id)?;
    let event: Event = ask(client.get(&format!("/v1/events/{id}"), &[]))?;
    if screen.json {
        screen.json(&event)?;
        return Ok(Exit::Done);
    }
    let zone = if screen.utc { TimeZone::UTC } else { TimeZone::system() };
    let shown = Render { colour: screen.colour, columns: screen.columns, zone }.event(&event);
    write!(screen.out, "{shown}")?;
    screen.line("")?;
    let mut facts = Facts::default();
    facts.fact("id", event.id.to_string());
    facts.fact("time", format!("{} ({})", event.time, super::duration::ago(event.time, screen.now)));
    facts.fact("client", client_of(&event));
    facts.maybe(
        "user",
        event.user.as_ref().map(|user| {
            let source = serde_json::to_value(user.source).ok();
            let source = source.as_ref().and_then(|source| source.as_str()).unwrap_or_default();
            format!("{} (from {source}{})", user.id, if user.claimed { ", claimed" } else { "" })
        }),
    );
    facts.maybe("session", event.session.as_ref().map(|session| session.id.to_string()));
    facts.maybe("user agent", event.user_agent.clone());
    facts.fact("service", service_of(&event));
    facts.maybe("endpoint", event.endpoint.as_ref().map(ToString::to_string));
    facts.maybe("policy", event.policy.as_ref().map(ToString::to_string));
    facts.maybe(
        "tls",
        event.tls.as_ref().map(|tls| {
            let parts = [&tls.version, &tls.cipher, &tls.sni, &tls.ja4, &tls.library];
            parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
        }),
    );
    facts.maybe("score", event.score.map(|score| score.to_string()));
    for business in &event.business {
        let attributes: Vec<String> =
            business.attributes.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect();
        facts.fact("business", format!("{} {}", business.name, attributes.join(" ")).trim_end().to_owned());
    }
    for found in &event.matches {
        let tags: Vec<String> = found.tags.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        facts.fact("match", format!("{} {} ({})", found.rule, found.name, tags.join(" ")));
        facts.fact("", format!("in {}: {}", found.location, found.value));
    }
    for (name, value) in &event.attributes {
        facts.fact("attribute", format!("{name}: {}", plain(value)));
    }
    facts.print(screen)?;
    Ok(Exit::Done)
}

/// A value as people read it.
pub(super) fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn client_of(event: &Event) -> String {
    if event.client_ip == event.peer_ip {
        format!("{} port {}", event.client_ip, event.peer_port)
    } else {
        format!(
            "{} (resolved; the connection is from {} port {})",
            event.client_ip, event.peer_ip, event.peer_port
        )
    }
}

fn service_of(event: &Event) -> String {
    let service = &event.service;
    let mut out = format!("{}, port {}", service.name, service.port);
    if let Some(pid) = service.pid {
        out.push_str(&format!(", process {pid}"));
    }
    if let Some(exe) = &service.exe {
        out.push_str(&format!(" ({exe})"));
    }
    out
}

pub(super) fn facets(
    client: &Client,
    route: &str,
    facet: &str,
    asking: &Asking,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    let (query, from, to) = asking.words();
    let limit = (asking.limit as usize).min(STORE_PAGE).to_string();
    let parameters =
        [("facet", facet), ("query", &*query), ("from", &*from), ("to", &*to), ("limit", &*limit)];
    let view: FacetView =
        ask(client.get(route, &given(&parameters))).map_err(|error| placed(error, &query))?;
    if screen.json {
        screen.json(&view)?;
        return Ok(Exit::Done);
    }
    if view.items.is_empty() {
        nothing(&format!("values of {}", view.facet), asking, screen)?;
        return Ok(Exit::Done);
    }
    let total: u64 = view.items.iter().map(|item| item.count).sum();
    let most = view.items.iter().map(|item| item.count).max().unwrap_or(1).max(1);
    let mut table = Table::new(&["VALUE", ">COUNT", ">SHARE", ""]).shrinking(&[("", 0), ("VALUE", 12)]);
    for item in &view.items {
        let share = item.count as f64 * 100.0 / total.max(1) as f64;
        let bar = "▪".repeat((item.count.saturating_mul(BAR) / most) as usize);
        table.row([item.value.to_string(), grouped(item.count), format!("{share:.1}%"), bar]);
    }
    table.print(screen)?;
    if !view.complete {
        let since = view.since.map_or_else(String::new, |since| format!(", since {}", screen.when(since)));
        let note = screen.faint(&format!("not everything was counted in time: the newest are{since}"));
        screen.line(note)?;
    }
    Ok(Exit::Done)
}

/// Characters of the longest bar.
const BAR: u64 = 20;
