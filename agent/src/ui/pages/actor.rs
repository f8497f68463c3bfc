//! An actor: what one client address did, across services and time.

use maud::{Markup, html};

use crate::{
    api::{
        ApiError,
        client::segment,
        types::{Actor, Role},
    },
    cli::screen::grouped,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::{
            past::{self, Past},
            respond::{self, Whom},
        },
        parts::{badge, facts::facts, link, range, time},
        terms,
        visit::Visit,
    },
};

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let ip = visit.piece("ip").to_owned();
    let range = past::range(frame);
    let time = [("from", range.from.as_str()), ("to", range.to.as_str())];
    let (actor, past) = tokio::join!(
        visit.find::<Actor>(&format!("/v1/actors/{}", segment(&ip)), &time),
        Past::of(&visit, terms::term("client_ip", &ip), &range),
    );
    let (actor, past) = (actor?, past?);
    let body = html! {
        div.columns.signal {
            div.grow { (past.show(frame)) }
            aside.acts aria-label="About it" {
                section.card { header { h2 { "In short" } } (in_short(frame, actor.as_ref())) }
                @if frame.may(Role::Responder) {
                    section.card { header { h2 { "Respond" } } (acts(frame, &ip, actor.as_ref())) }
                }
            }
        }
    };
    let badges = html! {
        @if actor.as_ref().is_some_and(|actor| actor.blocked) { (badge::loud("blocked")) }
        @if actor.as_ref().is_some_and(|actor| actor.passlisted) { (badge::word("passlisted")) }
        (range::choice(frame, &range))
    };
    let command = Command::new("picket actors show").word(&ip);
    Ok(Page::new(ip, body).aside(badges).command(command))
}

fn in_short(frame: &Frame, actor: Option<&Actor>) -> Markup {
    let Some(actor) = actor else { return past::nothing() };
    facts(&[
        ("First seen", time::ago(frame, actor.first_seen)),
        ("Last seen", time::ago(frame, actor.last_seen)),
        ("Events", html! { (grouped(actor.events)) }),
        (
            "Attacks",
            html! { @for (name, count) in &actor.types { (badge::word(&format!("{name} {}", grouped(*count)))) } },
        ),
        ("Services", past::several(&actor.services, link::service)),
        ("Users", past::several(&actor.users, link::user)),
        ("User agents", past::several(&actor.user_agents, link::raw)),
    ])
}

fn acts(frame: &Frame, ip: &str, actor: Option<&Actor>) -> Markup {
    let whom = Whom::address(ip);
    html! {
        @if actor.is_some_and(|actor| actor.blocked) { (respond::end(frame, &whom)) }
        @if actor.is_some_and(|actor| actor.passlisted) { (respond::end_pass(frame, &whom)) }
        (respond::keep_out(frame, std::slice::from_ref(&whom), "", None))
    }
}
