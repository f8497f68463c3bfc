//! What a signal's story rests on.

use maud::{Markup, html};

use crate::{
    api::types::Actor,
    cli::{screen::grouped, story::Story},
    detect::Signal,
    event::{Event, printable},
    limits::SIGNAL_NAMES,
    ui::{
        frame::Frame,
        pages::{past, request},
        parts::{
            badge, link,
            table::{Column, table},
            time,
        },
        target::Target,
    },
};

/// Sampled requests that are shown without a click.
const FEW: usize = 8;

/// Sampled requests, with what matched.
pub fn requests(frame: &Frame, story: &Story) -> Markup {
    const COLUMNS: [Column; 4] = [
        Column::new("Time", ""),
        Column::new("Request", "wide"),
        Column::new("Status", ""),
        Column::new("Client", "less"),
    ];
    let signal = &story.signal;
    let all = signal.actors.first().map(|address| {
        Target::new("/events").with("query", format!("client_ip:{address}")).with("from", signal.first_seen)
    });
    html! {
        section.card {
            header {
                h2 { "Requests" }
                @if let Some(all) = all { a href=(all) { "All of the first actor" } }
            }
            @if story.events.is_empty() { p.hint { "Its sampled events are not stored any more." } } @else {
                @let (few, more) = story.events.split_at(story.events.len().min(FEW));
                (table("Sampled requests", &COLUMNS, &html! { @for event in few { (sampled(frame, event)) } }))
                @if !more.is_empty() {
                    details.list {
                        summary { (more.len()) @if more.len() == 1 { " earlier request" } @else { " earlier requests" } }
                        (table("Earlier requests", &COLUMNS, &html! { @for event in more { (sampled(frame, event)) } }))
                    }
                }
            }
        }
    }
}

fn sampled(frame: &Frame, event: &Event) -> Markup {
    html! {
        tr {
            td { (time::clock(frame, event.time)) }
            td.wide {
                (request::line(event))
            }
            td { (badge::code(event.status)) }
            td.less { (link::address(&event.client_ip.to_string())) }
        }
    }
}

/// Who took part.
pub fn actors(frame: &Frame, story: &Story) -> Markup {
    const COLUMNS: [Column; 5] = [
        Column::new("Address", ""),
        Column::new("What it does", "wide"),
        Column::new("Users", "less"),
        Column::new("Events", "num"),
        Column::new("Last seen", "less"),
    ];
    let signal = &story.signal;
    let unknown: Vec<&String> =
        signal.actors.iter().filter(|ip| !story.actors.iter().any(|actor| actor.ip == **ip)).collect();
    html! {
        section.card {
            header { h2 { "Actors" } @if signal.actors.len() >= SIGNAL_NAMES { span.hint { "the first " (SIGNAL_NAMES) } } }
            @if !story.actors.is_empty() {
                (table("Actors", &COLUMNS, &html! { @for actor in &story.actors { (of_actor(frame, actor)) } }))
            }
            @if !unknown.is_empty() {
                p.hint { @if !story.actors.is_empty() { "Also: " } @for (at, ip) in unknown.iter().enumerate() { @if at > 0 { ", " } (link::address(ip)) } }
            }
            @if !signal.users.is_empty() { p.list { "Users: " (link::several(&signal.users, 12, link::user)) } }
            @if !signal.user_agents.is_empty() { p.list { "User agents: " (link::several(&signal.user_agents, 6, link::raw)) } }
            @for (name, prints) in [("TLS (JA4)", &signal.fingerprints.ja4), ("Headers", &signal.fingerprints.header), ("Network", &signal.fingerprints.network)] {
                @if !prints.is_empty() { p.list { "Fingerprints, " (name) ": " (link::several(prints, 4, link::raw)) } }
            }
        }
    }
}

fn of_actor(frame: &Frame, actor: &Actor) -> Markup {
    html! {
        tr {
            td { (link::address(&actor.ip)) @if actor.blocked { " " (badge::loud("blocked")) } @if actor.passlisted { " " (badge::word("passlisted")) } }
            td.wide { @for (name, count) in &actor.types { (badge::word(&format!("{name} {}", grouped(*count)))) } }
            td.less { (link::several(&actor.users, 2, link::user)) }
            td.num { (grouped(actor.events)) }
            td.less { (time::ago(frame, actor.last_seen)) }
        }
    }
}

/// Signals with the same actor, session, user or fingerprint.
pub fn related(frame: &Frame, story: &Story) -> Markup {
    if story.related.is_empty() {
        return html! {};
    }
    html! {
        section.card {
            header { h2 { "Related signals" } }
            (past::feed(frame, &story.related))
        }
    }
}

/// What happened to the signal.
pub fn history(frame: &Frame, story: &Story) -> Markup {
    html! {
        section.card {
            header { h2 { "History" } }
            ol.history {
                @for change in story.history.iter().rev() {
                    li {
                        (time::ago(frame, change.time)) " " strong { (printable(&change.who)) } " " (printable(&change.what))
                        @if let Some(details) = change.details.as_object().filter(|details| !details.is_empty()) {
                            dl.inline { @for (name, value) in details { div { dt { (printable(name)) } dd { (said(value)) } } } }
                        }
                    }
                }
            }
        }
    }
}

/// A value of JSON, for people.
fn said(value: &serde_json::Value) -> Markup {
    match value {
        serde_json::Value::String(text) => link::text(text),
        serde_json::Value::Null => html! { "none" },
        other => link::text(&other.to_string()),
    }
}

/// The rule behind it.
pub fn about(signal: &Signal) -> Markup {
    html! {
        section.card {
            header { h2 { "Rule" } }
            p { a href=(link::detection(&signal.rule)) { code { (printable(&signal.rule)) } } }
            @if !signal.rule_case.is_empty() { p.hint { "case: " (printable(&signal.rule_case)) } }
            p.words { @for tag in &signal.tags { (badge::word(tag)) } }
        }
    }
}
