//! Actors: client addresses with events, those with the most first.

use maud::{Markup, html};

use crate::{
    api::{
        ApiError,
        types::{Actor, Ranking},
    },
    cli::screen::grouped,
    event::printable,
    ui::{
        frame::Frame,
        page::Page,
        pages::people::{People, nothing},
        parts::{
            badge,
            icon::Icon,
            link,
            table::{Column, list},
            time,
        },
        target::Target,
        terms,
        visit::Visit,
    },
};

/// Types of attacks that narrow screens show.
const FEW: usize = 3;

const PEOPLE: People = People {
    title: "Actors",
    of: "actors",
    about: "Addresses that events come from, resolved behind trusted proxies; those with the most events first.",
    example: "@rule.type:sql_injection service:shop",
    views: &[
        ("All", ""),
        ("Attackers", "@matches:*"),
        ("Scanners", "@rule.type:security_scanner"),
        ("Failed logins", "@business.name:users.login.failure"),
    ],
};

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    PEOPLE.show(&visit, found).await
}

fn found(frame: &Frame, actors: &Ranking<Actor>) -> Markup {
    const COLUMNS: [Column; 7] = [
        Column::new("Address", ""),
        Column::new("What it does", "wide"),
        Column::new("Services", "less"),
        Column::new("Users", "less"),
        Column::new("Signals", "num less"),
        Column::new("Events", "num"),
        Column::new("Last seen", ""),
    ];
    if actors.items.is_empty() {
        return nothing(frame, Icon::Actors, actors.complete);
    }
    list("Actors", &COLUMNS, &html! { @for actor in &actors.items { (row(frame, actor)) } })
}

fn row(frame: &Frame, actor: &Actor) -> Markup {
    let events = Target::new("/events").with("query", terms::term("client_ip", &actor.ip));
    html! {
        tr {
            td {
                a.open.address href=(format!("/actors/{}", crate::api::client::segment(&actor.ip))) { (actor.ip) }
                @if actor.blocked { " " (badge::loud("blocked")) }
                @if actor.passlisted { " " (badge::word("passlisted")) }
            }
            td.wide { (does(actor)) }
            td.less { (link::several(&actor.services, 2, link::service)) }
            td.less { (link::several(&actor.users, 2, link::user)) }
            td.num.less { @if actor.signals > 0 { (grouped(actor.signals)) } @else { span.none { "—" } } }
            td.num { a href=(events.with("from", actor.first_seen)) { (grouped(actor.events)) } }
            td { (time::ago(frame, actor.last_seen)) }
        }
    }
}

/// Its attacks, the most first; on narrow screens a few.
fn does(actor: &Actor) -> Markup {
    let mut types: Vec<(&String, u64)> = actor.types.iter().map(|(name, count)| (name, *count)).collect();
    types.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let word =
        |(name, count): &(&String, u64)| badge::word(&format!("{} {}", printable(name), grouped(*count)));
    let (first, rest) = types.split_at(types.len().min(FEW));
    html! {
        @if types.is_empty() { span.none { "no attack" } }
        @for one in first { (word(one)) }
        @if !rest.is_empty() { span.less { @for one in rest { (word(one)) } } }
    }
}
