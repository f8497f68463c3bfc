//! The events explorer: requests that were kept, attacks and what happened to the business.

use maud::{Markup, html};

use crate::{
    api::ApiError,
    event::Event,
    ui::{
        frame::Frame,
        page::Page,
        pages::{
            explorer::{self, Explorer, Found},
            request,
        },
        parts::{
            badge,
            columns::{self, Choice},
            empty::empty,
            facets::Facet,
            icon::Icon,
            link,
            table::{Column, list},
            time,
        },
        visit::Visit,
    },
};

const EXPLORER: Explorer = Explorer {
    title: "Events",
    of: "events",
    since: "-1d",
    by: "@rule.type",
    facets: &[
        Facet { name: "service", title: "Service" },
        Facet { name: "@rule.type", title: "Attack" },
        Facet { name: "@business.name", title: "Business event" },
        Facet { name: "@status", title: "Status" },
        Facet { name: "client_ip", title: "Client" },
        Facet { name: "user.id", title: "User" },
        Facet { name: "@endpoint", title: "Endpoint" },
        Facet { name: "@rule.id", title: "Rule" },
        Facet { name: "country", title: "Country" },
    ],
    views: &[
        ("All", ""),
        ("Attacks", "@matches:*"),
        ("Attacks that failed the service", "@matches:* @status:[500 TO 599]"),
        ("Blocked", "blocked:true"),
        ("Logins", "@business.name:users.login.*"),
    ],
    example: "service:shop @rule.type:sql_injection -@path:/health* @status:[500 TO 599]",
};

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    EXPLORER.show(&visit, found).await
}

fn found(frame: &Frame, found: &Found<Event>) -> Markup {
    html! {
        @if found.list.items.is_empty() { (nothing(frame)) } @else {
            div.toolbar { div.right { (columns::choice(frame, COLUMNS)) (explorer::live(frame, "/events/live")) } }
            (list("Events", &heads(frame), &html! { @for event in &found.list.items { (row(frame, event)) } }))
        }
    }
}

/// Columns that can be chosen.
const COLUMNS: &[Choice<Event>] = &[
    Choice {
        key: "service",
        column: Column::new("Service", "less"),
        usual: true,
        cell: |_, event| link::text(&event.service.name),
    },
    Choice {
        key: "client_ip",
        column: Column::new("Client", "less"),
        usual: true,
        cell: |_, event| {
            html! {
                (link::address(&event.client_ip.to_string()))
                @if event.blocked { " " (badge::loud("blocked")) }
                @if event.security_response.block_ip { " " (badge::loud("on the denylist")) }
            }
        },
    },
    Choice {
        key: "user.id",
        column: Column::new("User", "less"),
        usual: true,
        cell: |_, event| html! { @if let Some(user) = &event.user { (link::user(&user.id)) } @else { span.none { "—" } } },
    },
    Choice {
        key: "country",
        column: Column::new("Country", "less"),
        usual: false,
        cell: |_, event| maybe(event.client_geo.as_ref().and_then(|place| place.country.as_deref())),
    },
    Choice {
        key: "@host",
        column: Column::new("Host", "less"),
        usual: false,
        cell: |_, event| maybe(event.host.as_deref()),
    },
    Choice {
        key: "@endpoint",
        column: Column::new("Endpoint", "less"),
        usual: false,
        cell: |_, event| maybe(event.endpoint.as_deref()),
    },
    Choice {
        key: "@user_agent",
        column: Column::new("User agent", "less"),
        usual: false,
        cell: |_, event| maybe(event.user_agent.as_deref()),
    },
    Choice {
        key: "@duration_us",
        column: Column::new("Took", "num less"),
        usual: false,
        cell: |_, event| html! { @if let Some(took) = event.duration_us { (time::micros(took)) } @else { span.none { "—" } } },
    },
    Choice {
        key: "@tls.ja4",
        column: Column::new("JA4", "less"),
        usual: false,
        cell: |_, event| maybe(event.tls.as_ref().and_then(|tls| tls.ja4.as_deref())),
    },
];

/// A text of others, if there is one.
fn maybe(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { (link::text(text)) } @else { span.none { "—" } } }
}

/// Heads of a table of events.
pub(in crate::ui) fn heads(frame: &Frame) -> Vec<Column> {
    let always = [Column::new("Time", ""), Column::new("Request", "wide"), Column::new("Status", "")];
    always.into_iter().chain(columns::chosen(frame, COLUMNS).iter().map(|choice| choice.column)).collect()
}

/// An event, a line.
pub(in crate::ui) fn row(frame: &Frame, event: &Event) -> Markup {
    html! {
        tr data-id=(event.id) {
            td { (time::clock(frame, event.time)) }
            td.wide { (request::line(event)) }
            td { (badge::code(event.status)) }
            (columns::cells(frame, COLUMNS, event))
        }
    }
}

fn nothing(frame: &Frame) -> Markup {
    let asked = frame.here.get("query").is_some();
    let advice = html! {
        @if asked { (explorer::nothing_fits(frame)) } @else {
            p { "An event is a request in which a rule matched, or a login, a signup, a payment. Other requests are counted, and not kept." }
            p { "To see one, ask a service for " code { "/?q=<script>alert(1)</script>" } "." }
        }
    };
    empty(Icon::Events, if asked { "Nothing fits" } else { "No events" }, &advice)
}
