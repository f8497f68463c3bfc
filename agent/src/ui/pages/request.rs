//! A request, on a line: for tables of events.

use maud::{Markup, html};

use crate::{
    event::{Event, printable},
    ui::parts::{badge, link},
};

/// Matches and business events that a line names.
const NAMED: usize = 3;

/// Method and target with a link to the event; below them what matched, and what it was for the business.
pub fn line(event: &Event) -> Markup {
    html! {
        a.open href=(format!("/events/{}", event.id)) {
            span.method { (printable(&event.method)) } " " span.target { (link::text(&target(event))) }
        }
        @for found in event.matches.iter().take(NAMED) {
            p.sub.match {
                @if let Some(kind) = found.tags.get("type") { (badge::word(kind)) }
                span.at { (printable(&found.location)) }
                mark { (link::text(&found.value)) }
            }
        }
        @if event.matches.len() > NAMED { p.sub { "and " (event.matches.len() - NAMED) " more matches" } }
        @if !event.business.is_empty() {
            p.sub { @for business in event.business.iter().take(NAMED) { (badge::word(&business.name)) } }
        }
    }
}

/// Path and query as they were sent.
pub fn target(event: &Event) -> String {
    match &event.query {
        Some(query) => format!("{}?{query}", event.path),
        None => event.path.clone(),
    }
}
