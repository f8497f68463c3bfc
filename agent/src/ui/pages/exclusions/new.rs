//! A new exclusion: a form, what it would have done to past events, and the button that makes it.

use axum::http::Method;
use maud::{Markup, html};

use super::said;
use crate::{
    api::{
        ApiError, Code,
        types::{Excluded, ExcludedEvent, ExcludedPast, Role},
    },
    cli::screen::grouped,
    event::{Event, EventMatch, printable},
    rules::policy::{Input, kept::Wanted},
    ui::{
        command::Command,
        form::Form,
        frame::Frame,
        page::Page,
        parts::{
            form, link,
            range::{self, Range},
            table::{Column, table},
            time,
        },
        rows::Done,
        target::Target,
        visit::Visit,
    },
};

/// Past events are looked at from here on, unless asked otherwise.
const SINCE: &str = "-7d";
/// Fields of the form: their name, what they are called, an example.
const FIELDS: [(&str, &str, &str); 5] = [
    ("rule", "Rules: ids, ranges, tags; none: all", "942100, tag:attack-xss, picket-xss-*"),
    ("service", "Services; none: all", "shop, app-*"),
    (
        "input",
        "Where values stand; none: the rules are not asked at all",
        "query.q, body.page.html, headers.user-agent",
    ),
    ("path", "Paths; none: all", "/editor/*"),
    ("client", "Networks of clients; none: all", "10.20.0.0/16"),
];

/// Where an exclusion of a match is begun: of this rule, on this value, here. What can't be named is left out.
pub fn target(event: &Event, found: &EventMatch) -> Target {
    // Fields are lists with commas; `*` stands for any text.
    let one = |text: &str| text.replace(',', "*");
    let input = one(&found.location);
    let path = one(&event.path);
    let is_path = path.starts_with('/') && !path.contains(['?', '#']);
    Target::new("/rules/exclusions/new")
        .with("rule", one(&found.rule))
        .with("service", one(&event.service.name))
        .with("input", if Input::parse(&input).is_ok() { input.as_str() } else { "" })
        .with("path", if is_path { path.as_str() } else { "" })
}

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let range = Range::of(frame, SINCE);
    let wanted = wanted(|name| frame.here.get(name));
    let asked = FIELDS.iter().any(|(name, ..)| frame.here.get(name).is_some());
    let tried: Option<Result<Excluded, ApiError>> = match asked && frame.may(Role::Responder) {
        false => None,
        true => {
            let parameters = [("dry_run", "true"), ("from", range.from.as_str()), ("to", range.to.as_str())];
            Some(visit.call(Method::POST, "/v1/exclusions", &parameters, Some(&wanted)).await)
        }
    };
    // What is wrong with a field is said beside the form; all else is no matter of the form.
    let tried = match tried {
        Some(Err(error)) if error.code != Code::BadRequest => return Err(error),
        tried => tried,
    };
    let body = html! {
        div.columns.signal {
            div.grow {
                @match &tried {
                    None => section.card { p.hint { @if frame.may(Role::Responder) { "Say what is to be left alone, and see what that would have done to past events before it is made." } @else { "To exclude something, log in as a responder: " code { "sudo picket ui login --role responder" } } } },
                    Some(Err(error)) => div.card.wrong role="alert" { p { strong { (printable(&error.message)) } } @if let Some(hint) = &error.hint { p.hint { (printable(hint)) } } },
                    Some(Ok(excluded)) => { (preview(frame, excluded)) }
                }
            }
            aside.acts aria-label="The exclusion" {
                section.card { header { h2 { "What is left alone" } } (fields(frame)) }
                @if let Some(Ok(_)) = &tried { section.card { header { h2 { "Make it" } } (confirm(frame)) } }
            }
        }
    };
    let mut command = Command::new("picket rules exclusions add");
    for (option, values) in [
        ("--rule", &wanted.rules),
        ("--service", &wanted.services),
        ("--input", &wanted.inputs),
        ("--path", &wanted.paths),
        ("--client", &wanted.client_ips),
    ] {
        for value in values {
            command = command.option(option, value);
        }
    }
    let command = if asked { command.option("--from", &range.from) } else { command };
    Ok(Page::new("New exclusion", body).aside(range::choice(frame, &range)).command(command))
}

/// The form as it stands: lists with commas.
fn wanted<'v>(get: impl Fn(&str) -> Option<&'v str>) -> Wanted {
    let all = |name: &str| -> Vec<String> {
        let texts = get(name).unwrap_or_default().split(',').map(str::trim);
        texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
    };
    Wanted {
        rules: all("rule"),
        services: all("service"),
        inputs: all("input"),
        paths: all("path"),
        client_ips: all("client"),
        reason: get("reason").map(str::to_owned),
    }
}

/// The form that asks: without a script, too, what it would do is in the URL.
fn fields(frame: &Frame) -> Markup {
    html! {
        form.stack method="get" action=(frame.here.path()) {
            @for name in ["from", "to"] { @if let Some(value) = frame.here.get(name) { input type="hidden" name=(name) value=(value); } }
            @for (name, label, example) in FIELDS { (form::text(label, name, frame.here.get(name).unwrap_or_default(), example)) }
            button.button.primary { "Try on past events" }
        }
    }
}

/// The form that makes it.
fn confirm(frame: &Frame) -> Markup {
    form::post(
        frame,
        "/rules/exclusions/make",
        "stack",
        &html! {
            @for (name, ..) in FIELDS { @if let Some(value) = frame.here.get(name) { input type="hidden" name=(name) value=(value); } }
            (form::text("Why", "reason", "", "editors write HTML"))
            p.hint { "It counts from now on, for all policies, and stands after a restart." }
            button.button.danger { "Exclude" }
        },
    )
}

fn preview(frame: &Frame, excluded: &Excluded) -> Markup {
    let ExcludedPast { looked_at, silenced, narrowed, complete, since, examples } = &excluded.past;
    html! {
        section.card {
            header { h2 { "It would leave alone" } }
            (said(&excluded.exclusion.wanted()))
        }
        section.card {
            header { h2 { "What it would have done" } }
            p {
                "Of " strong { (grouped(*looked_at)) } " stored events with a match, "
                strong { (grouped(*silenced)) } @if *silenced == 1 { " would not be there" } @else { " would not be there" }
                @if *narrowed > 0 { ", and " strong { (grouped(*narrowed)) } " would have fewer matches" } "."
            }
            @if !complete { p.hint { "The newest were looked at" @if let Some(since) = since { ", back to " (time::exact(frame, *since)) } ". Choose a shorter time to look at all of it." } }
            @if *looked_at > 0 && *silenced == *looked_at { p.note { "That is all of them: say more exactly what is to be left alone." } }
            @if *silenced + *narrowed == 0 { p.note { "None of them is concerned: it may be written wrongly, or what it is about is not stored any more." } }
            p.hint { "Stored events are redacted, and have the matches that were told: what a rule finds for the first time without another is not among them." }
            @if !examples.is_empty() { (shown(frame, examples)) }
        }
    }
}

fn shown(frame: &Frame, examples: &[ExcludedEvent]) -> Markup {
    const COLUMNS: [Column; 4] = [
        Column::new("Time", ""),
        Column::new("Request", "wide"),
        Column::new("Client", "less"),
        Column::new("Then", ""),
    ];
    let row = |event: &ExcludedEvent| {
        html! {
            tr {
                td { (time::clock(frame, event.time)) }
                td.wide {
                    a.open href=(format!("/events/{}", event.id)) { (link::text(&event.request)) }
                    p.sub.match { span.word { (printable(&event.rule)) } span.at { (printable(&event.location)) } mark { (link::text(&event.value)) } }
                }
                td.less { (link::address(&event.client_ip)) }
                td { @if event.silenced { "no event" } @else { "fewer matches" } }
            }
        }
    };
    table("Events that it concerns", &COLUMNS, &html! { @for event in examples { (row(event)) } })
}

/// Makes an exclusion.
pub async fn make(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let wanted = wanted(|name| form.get(name));
    let done: Excluded = visit.call(Method::POST, "/v1/exclusions", &[], Some(&wanted)).await?;
    let said = format!(
        "Excluded. Of {} events of the past, {} would not have been there.",
        grouped(done.past.looked_at),
        grouped(done.past.silenced)
    );
    Ok(Done::new("/rules/exclusions", said))
}
