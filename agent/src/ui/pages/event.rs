//! An event: a request as it was sent and as it was read, what matched in it, and what is known around it.

mod sent;
mod steps;

use maud::{Markup, html};
use sent::{before, sent};
use steps::Again;
pub(in crate::ui) use steps::steps;

use crate::{
    api::{ApiError, types::Role},
    event::{Event, EventMatch, printable},
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::{exclusions, request},
        parts::{badge, facts::facts, link, time},
        target::Target,
        terms,
        visit::Visit,
    },
};

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let path = format!("/v1/events/{}", crate::api::client::segment(visit.piece("id")));
    let event: Event = visit.get(&path, &[]).await?;
    let again = Again::of(&visit, &event).await;
    Ok(page(&visit.frame, &event, &again))
}

/// The page of an event.
fn page(frame: &Frame, event: &Event, again: &Again) -> Page {
    let body = html! {
        (story(event))
        div.columns.signal {
            div.grow {
                section.card { header { h2 { "Request" } } (sent(event)) }
                (matches(frame, event, again))
                (business(event))
                (attributes(event))
                section.card {
                    details { summary { h2 { "As JSON" } } pre.json { (link::lines(&pretty(event))) } }
                }
            }
            aside.acts aria-label="Around it" {
                section.card { header { h2 { "In short" } } (in_short(frame, event)) }
                section.card { header { h2 { "Look further" } } (further(event)) }
                (connection(event))
            }
        }
    };
    let title = match (event.matches.first(), event.business.first()) {
        (Some(found), _) => found.tags.get("type").map_or("Attack", String::as_str),
        (None, Some(business)) => &*business.name,
        (None, None) => "Request",
    };
    Page::new(printable(title).into_owned(), body)
        .aside(html! { (badge::code(event.status)) (time::ago(frame, event.time)) })
        .command(Command::new("picket events show").word(&event.id.to_string()))
}

/// Who asked for what, and what came of it: in a sentence.
fn story(event: &Event) -> Markup {
    let response = &event.security_response;
    html! {
        p.message {
            (link::address(&event.client_ip.to_string()))
            @if let Some(user) = &event.user { ", as " (link::user(&user.id)) "," }
            " asked " (link::service(&event.service.name)) ". "
            @match event.matches.len() {
                0 => {},
                1 => "One rule matched. ",
                more => { (more) " rules matched. " }
            }
            @match event.status {
                Some(status) => { "It was answered with " (badge::code(Some(status))) }
                None => "No answer was seen"
            }
            @if event.blocked { ", and the client was blocked for it." }
            @else if response.block_ip || response.block_user { "; the client was on the denylist before." }
            @else if !event.matches.is_empty() { ", and nobody was blocked for it." }
            @else { "." }
        }
    }
}

/// Each rule that matched: where, on what, and how it got there.
fn matches(frame: &Frame, event: &Event, again: &Again) -> Markup {
    if event.matches.is_empty() {
        return html! {};
    }
    html! {
        section.card {
            header { h2 { "Rules that matched" } @if event.left_out > 0 { span.hint { "and " (event.left_out) " that are not kept" } } }
            @for found in &event.matches { (one(frame, event, found, again)) }
            @if event.would_block || event.score.is_some() {
                p.hint { @if let Some(score) = event.score { "Anomaly score " (score) ". " } @if event.would_block { "Rules would have kept the request back." } }
            }
        }
    }
}

fn one(frame: &Frame, event: &Event, found: &EventMatch, again: &Again) -> Markup {
    let target = request::target(event);
    let before = before(&target, &found.value);
    let only = Target::new("/events").with("query", terms::term("@rule.id", &found.rule));
    html! {
        article.found {
            h3 { a href=(link::rule(&found.rule)) { (printable(&found.rule)) } " " (link::text(&found.name)) }
            p.words { @for (name, value) in &found.tags { (badge::word(&format!("{name}:{value}"))) } }
            ol.steps { li { span.hint { "matched in " (printable(&found.location)) } code { mark { (printable(&found.value)) } } } }
            (again.show(found, &before))
            p.hint.list { a href=(only) { "Events that it matched" } @if frame.may(Role::Responder) { " · " a href=(exclusions::target(event, found)) { "Exclude this" } } }
        }
    }
}

fn business(event: &Event) -> Markup {
    if event.business.is_empty() {
        return html! {};
    }
    html! {
        section.card {
            header { h2 { "For the business" } }
            @for business in &event.business {
                article.found {
                    h3 { (printable(&business.name)) }
                    dl.inline { @for (name, value) in &business.attributes { div { dt { (printable(name)) } dd { (link::text(&said(value))) } } } }
                }
            }
        }
    }
}

fn attributes(event: &Event) -> Markup {
    if event.attributes.is_empty() && event.anomalies.is_empty() {
        return html! {};
    }
    html! {
        section.card {
            header { h2 { "Attributes" } }
            dl.facts.long {
                @for (name, value) in &event.attributes { div { dt { (link::text(name)) } dd { (link::text(&said(value))) } } }
                @for anomaly in &event.anomalies { div { dt { (printable(&anomaly.kind)) } dd { (link::text(&anomaly.detail)) } } }
            }
        }
    }
}

fn in_short(frame: &Frame, event: &Event) -> Markup {
    let text = |text: Option<&str>| html! { @if let Some(text) = text { (link::text(text)) } };
    let place = event.client_geo.as_ref().map(|place| {
        let parts = [place.city.clone(), place.country.clone(), place.asn.map(|asn| format!("AS{asn}"))];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    });
    facts(&[
        (
            "Client",
            html! {
                (link::address(&event.client_ip.to_string()))
                @if event.peer_ip != event.client_ip { " behind " (link::address(&event.peer_ip.to_string())) }
            },
        ),
        ("Place", text(place.as_deref())),
        (
            "User",
            html! { @if let Some(user) = &event.user { (link::user(&user.id)) @if user.claimed { " " (badge::word("claimed")) } } },
        ),
        ("Session", text(event.session.as_ref().map(|session| &*session.id))),
        ("Service", html! { (link::text(&event.service.name)) ":" (event.service.port) }),
        ("Endpoint", text(event.endpoint.as_deref())),
        ("Policy", text(event.policy.as_deref())),
        ("Time", html! { (time::exact(frame, event.time)) }),
        ("Took", html! { @if let Some(duration) = event.duration_us { (time::micros(duration)) } }),
        (
            "Answer",
            html! {
                @if let Some(bytes) = event.response_bytes { (crate::cli::screen::bytes(bytes)) }
                @if let Some(why) = &event.unanswered { "none seen: " (link::text(why)) }
            },
        ),
        (
            "Blocked",
            html! {
                @if event.blocked { (badge::loud("because of it")) }
                @if event.security_response.block_ip { (badge::loud("address before")) }
                @if event.security_response.block_user { (badge::loud("user before")) }
                @if event.security_response.flag_ip { (badge::word("flagged")) }
            },
        ),
    ])
}

/// Where to go from here.
fn further(event: &Event) -> Markup {
    let events = |term: String| Target::new("/events").with("query", term).with("from", "-7d");
    let ip = event.client_ip.to_string();
    html! {
        ul.links {
            li { a href=(Target::new("/rules/try").with("event", event.id)) { "Try rules on it" } }
            li { a href=(events(terms::term("client_ip", &ip))) { "Events of this client" } }
            @if let Some(user) = &event.user { li { a href=(events(terms::term("user.id", &user.id))) { "Events of this user" } } }
            @if let Some(session) = &event.session { li { a href=(events(terms::term("session.id", &session.id))) { "Events of this session" } } }
            @if let Some(endpoint) = &event.endpoint { li { a href=(events(terms::term("@endpoint", endpoint))) { "Events of this endpoint" } } }
            @if let Some(chain) = &event.chain { li { a href=(events(terms::term("@chain.id", &chain.id))) { "Its way through proxies" } } }
            @if let Some(ja4) = event.tls.as_ref().and_then(|tls| tls.ja4.as_ref()) { li { a href=(events(terms::term("@tls.ja4", ja4))) { "Events with this TLS fingerprint" } } }
            li { a href=(Target::new("/signals").with("query", terms::term("client_ip", &ip)).with("from", "-30d")) { "Signals about this client" } }
        }
    }
}

fn connection(event: &Event) -> Markup {
    let text = |text: &Option<String>| html! { @if let Some(text) = text { (link::text(text)) } };
    let process = html! {
        @if let Some(pid) = event.service.pid { (pid) " " }
        @if let Some(exe) = &event.service.exe { (link::raw(exe)) }
    };
    html! {
        section.card {
            header { h2 { "Process and connection" } }
            (facts(&[
                ("Process", process),
                ("Container", text(&event.service.container_id)),
                ("Pod", text(&event.service.pod_uid)),
                ("Peer", html! { (event.peer_ip) " port " (event.peer_port) }),
            ]))
            @if let Some(tls) = &event.tls {
                (facts(&[
                    ("TLS", text(&tls.version)),
                    ("Cipher", text(&tls.cipher)),
                    ("Name asked", text(&tls.sni)),
                    ("Protocol", text(&tls.alpn)),
                    ("JA4", text(&tls.ja4)),
                    ("Library", text(&tls.library)),
                ]))
            } @else { p.hint { "in the clear" } }
        }
    }
}

/// A value of JSON, for people.
fn said(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn pretty(event: &Event) -> String {
    serde_json::to_string_pretty(event).unwrap_or_default()
}
