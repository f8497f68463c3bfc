//! The signals explorer: what a person should look at.

use axum::http::Method;
use maud::{Markup, html};
use uuid::Uuid;

use crate::{
    api::{
        ApiError, Code,
        types::{Role, TriageManyBody, Triaged},
    },
    cli::screen::grouped,
    detect::Signal,
    ui::{
        form::Form,
        frame::Frame,
        page::Page,
        pages::{
            explorer::{self, Explorer, Found},
            signal::decision,
        },
        parts::{
            badge,
            columns::{self, Choice},
            empty::empty,
            facets::Facet,
            form,
            icon::Icon,
            link,
            table::{Column, list},
            time,
        },
        rows::Done,
        visit::Visit,
    },
};

const EXPLORER: Explorer = Explorer {
    title: "Signals",
    of: "signals",
    since: "-7d",
    by: "severity",
    facets: &[
        Facet { name: "severity", title: "Severity" },
        Facet { name: "status", title: "Status" },
        Facet { name: "rule", title: "Detection rule" },
        Facet { name: "service", title: "Service" },
        Facet { name: "client_ip", title: "Client" },
        Facet { name: "user.id", title: "User" },
        Facet { name: "assignee", title: "Assignee" },
    ],
    views: &[
        ("All", ""),
        ("To look at", "status:(open OR under_review)"),
        ("Urgent", "status:open severity:(critical OR high)"),
        ("Under review", "status:under_review"),
        ("False positives", "archive_reason:false_positive"),
    ],
    example: "status:open severity:(high OR critical) service:shop",
};

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    EXPLORER.show(&visit, found).await
}

fn found(frame: &Frame, found: &Found<Signal>) -> Markup {
    html! {
        @if found.list.items.is_empty() { (nothing(frame)) } @else {
            div.toolbar {
                @if frame.may(Role::Responder) { (bulk(frame)) }
                div.right { (columns::choice(frame, COLUMNS)) (explorer::live(frame, "/signals/live")) }
            }
            (list("Signals", &heads(frame), &html! { @for signal in &found.list.items { (row(frame, signal)) } }))
        }
    }
}

/// Columns that can be chosen.
const COLUMNS: &[Choice<Signal>] = &[
    Choice { key: "who", column: Column::new("Who", "less"), usual: true, cell: |_, signal| who(signal) },
    Choice {
        key: "service",
        column: Column::new("Service", "less"),
        usual: true,
        cell: |_, signal| link::several(&signal.services, 1, link::text),
    },
    Choice {
        key: "@events",
        column: Column::new("Events", "num less"),
        usual: true,
        cell: |_, signal| html! { (grouped(signal.counts.events)) },
    },
    Choice {
        key: "status",
        column: Column::new("Status", "less"),
        usual: true,
        cell: |_, signal| badge::status(signal),
    },
    Choice {
        key: "rule",
        column: Column::new("Rule", "less"),
        usual: false,
        cell: |_, signal| link::raw(&signal.rule),
    },
    Choice {
        key: "assignee",
        column: Column::new("Assignee", "less"),
        usual: false,
        cell: |_, signal| link::text(signal.assignee.as_deref().unwrap_or("—")),
    },
    Choice {
        key: "case",
        column: Column::new("Case", "less"),
        usual: false,
        cell: |_, signal| link::text(signal.case.as_deref().unwrap_or("—")),
    },
    Choice {
        key: "user.id",
        column: Column::new("Users", "less"),
        usual: false,
        cell: |_, signal| link::several(&signal.users, 1, link::user),
    },
    Choice {
        key: "first_seen",
        column: Column::new("First seen", "less"),
        usual: false,
        cell: |frame, signal| time::ago(frame, signal.first_seen),
    },
];

/// Its addresses; its users where it is about a user.
fn who(signal: &Signal) -> Markup {
    let by_user = signal.group.keys().any(|name| name.contains("user") || name.contains("usr"));
    if by_user && !signal.users.is_empty() {
        link::several(&signal.users, 1, link::user)
    } else {
        link::several(&signal.actors, 1, link::address)
    }
}

fn heads(frame: &Frame) -> Vec<Column> {
    let check = frame.may(Role::Responder).then_some(Column::new("", "check"));
    let always = [Column::new("Severity", ""), Column::new("What", "wide")];
    let chosen = columns::chosen(frame, COLUMNS);
    let chosen = chosen.iter().map(|choice| choice.column);
    check.into_iter().chain(always).chain(chosen).chain([Column::new("Last seen", "")]).collect()
}

/// A signal, a line.
pub(in crate::ui) fn row(frame: &Frame, signal: &Signal) -> Markup {
    html! {
        tr data-id=(signal.id) {
            @if frame.may(Role::Responder) {
                td.check { input type="checkbox" name="id" value=(signal.id) form="bulk" aria-label=(format!("Choose {}", signal.title)); }
            }
            td { (badge::severity(signal.severity)) }
            td.wide {
                a.open href=(link::signal(&signal.id)) { (link::text(&signal.title)) }
                p.sub { (link::text(&signal.message)) }
            }
            (columns::cells(frame, COLUMNS, signal))
            td { (time::ago(frame, signal.last_seen)) }
        }
    }
}

fn nothing(frame: &Frame) -> Markup {
    let asked = frame.here.get("query").is_some();
    let advice = html! {
        @if asked {
            (explorer::nothing_fits(frame))
        } @else {
            p { "A signal needs more than one odd request: many failed logins, a scanner, an attack that worked. Single requests are " a href="/events" { "events" } "." }
            p { "What raises signals: " code { "sudo picket rules detection list" } }
        }
    };
    empty(Icon::Check, if asked { "Nothing fits" } else { "No signals" }, &advice)
}

/// What is to become of the signals that are checked.
fn bulk(frame: &Frame) -> Markup {
    const STATUS: [(&str, &str); 4] =
        [("", "Status stays"), ("open", "Open"), ("under_review", "Under review"), ("archived", "Archive")];
    form::named(
        frame,
        "/signals/triage",
        "bulk",
        Some("bulk"),
        &html! {
            label.all { input type="checkbox" data-all="id" hidden; span #checked { "Checked signals:" } }
            select name="status" aria-label="Status" { @for (value, name) in STATUS { option value=(value) { (name) } } }
            select name="reason" aria-label="Reason" { @for (value, name) in super::signal::REASONS { option value=(value) { (name) } } }
            input type="text" name="assignee" aria-label="Assignee" placeholder="Assign to" maxlength="128";
            button.button { "Change" }
        },
    )
}

/// Triages the signals that are checked.
pub async fn triage(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let ids: Vec<Uuid> = form.all("id").filter_map(|id| id.parse().ok()).collect();
    if ids.is_empty() {
        return Err(ApiError::new(Code::BadRequest, "no signal is checked")
            .hint("Check the box at the beginning of each row that is meant."));
    }
    let body = TriageManyBody::new(ids, decision(&form)?);
    let done: Triaged = visit.call(Method::POST, "/v1/signals/triage", &[], Some(&body)).await?;
    let changed = match done.items.len() {
        1 => "1 signal was changed".to_owned(),
        count => format!("{count} signals were changed"),
    };
    match done.failed.first() {
        None => Ok(Done::back(&form, changed)),
        Some(first) => {
            let message = format!("{changed}; {} were not: {}", done.failed.len(), first.error.message);
            Err(ApiError::new(first.error.code, message))
        }
    }
}
