//! A rule tried on a request, or on a stored event, and on past events: before it goes live.

use axum::http::Method;
use maud::{Markup, html};
use uuid::Uuid;

use crate::{
    api::{
        ApiError, Code,
        types::{Role, TrialBody, Tried, TriedEvent, TriedMatch, TriedPast},
    },
    cli::screen::grouped,
    event::printable,
    ui::{
        command::Command,
        frame::Frame,
        page::Page,
        pages::event,
        parts::{
            empty::empty,
            form,
            icon::Icon,
            link,
            marked::marked,
            range::{self, Range},
            table::{Column, table},
            time,
        },
        visit::Visit,
    },
};

/// Past events are looked at from here on, unless asked otherwise.
const SINCE: &str = "-1d";
/// Characters of a request, or a rule: they are in the URL.
const LONGEST: &str = "6000";
const REQUEST: &str = "GET /search?q=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1\nHost: shop.example";
const RULE: &str = "SecRule ARGS \"@rx (?i)<script\" \"id:100001,phase:2,log,msg:'Script element'\"";

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let frame = &visit.frame;
    let range = Range::of(frame, SINCE);
    let given = |name: &str| frame.here.get(name).filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let past = frame.here.get("past").is_some();
    let event = given("event").map(|id| id.parse::<Uuid>()).transpose();
    let body = event.map(|event| TrialBody {
        rule: given("rule"),
        text: given("text"),
        own: false,
        request: given("request").filter(|_| event.is_none()),
        exchange: None,
        event,
        past,
    });
    let tried: Option<Result<Tried, ApiError>> = match body {
        Err(_) => Some(Err(ApiError::new(Code::BadRequest, "this is no id of an event"))),
        Ok(body) if body.request.is_none() && body.event.is_none() && !body.past => None,
        Ok(body) => {
            let parameters = [("from", range.from.as_str()), ("to", range.to.as_str()), visit.within()];
            Some(visit.call(Method::POST, "/v1/rules/try", &parameters, Some(&body)).await)
        }
    };
    let body = html! {
        div.columns.signal.trial {
            div.grow {
                @match &tried {
                    None => section.card { (nothing()) },
                    Some(Err(error)) => div.card.wrong role="alert" { p { strong { (printable(&error.message)) } } @if let Some(hint) = &error.hint { p.hint { (printable(hint)) } } },
                    Some(Ok(tried)) => { (outcome(frame, tried)) }
                }
            }
            aside.acts aria-label="What is tried" { section.card { header { h2 { "What is tried" } } (fields(frame)) } }
        }
    };
    let mut command = Command::new("picket rules try");
    for (option, name) in [("--rule", "rule"), ("--event", "event")] {
        command = command.option(option, frame.here.get(name).unwrap_or_default());
    }
    for (option, name, file) in [("--file", "text", "RULE-FILE"), ("--request", "request", "REQUEST-FILE")] {
        command = command.option(option, if frame.here.get(name).is_some() { file } else { "" });
    }
    let command = if past { Command::new(&format!("{} --past", command.text())) } else { command };
    let command = command.option("--from", if past { &range.from } else { "" });
    Ok(Page::new("Try a rule", body).aside(range::choice(frame, &range)).command(command))
}

fn nothing() -> Markup {
    let advice = html! {
        p { "Give it a request: pasted, or a stored event (“Try rules on it” on an event's page)." }
        p { "Without a rule all rules of the default policy are tried. A rule of your own is tried before it goes live, in SecLang or as JSON of the In-App WAF." }
    };
    empty(Icon::Rules, "Nothing is tried yet", &advice)
}

/// The form; what is tried is in the URL.
fn fields(frame: &Frame) -> Markup {
    let value = |name: &str| frame.here.get(name).unwrap_or_default();
    let area = |label: &str, name: &str, rows: &str, example: &str| {
        html! {
            label.field {
                span { (label) }
                textarea.mono name=(name) rows=(rows) maxlength=(LONGEST) placeholder=(example) spellcheck="false" { (value(name)) }
            }
        }
    };
    html! {
        form.stack method="get" action=(frame.here.path()) {
            @for name in ["from", "to"] { @if let Some(value) = frame.here.get(name) { input type="hidden" name=(name) value=(value); } }
            (form::text("Rule in force; empty: all", "rule", value("rule"), "picket-xss-001"))
            @if frame.may(Role::Responder) { (area("Or a rule of your own", "text", "6", RULE)) }
            @else { p.hint { "To try a rule of your own, log in as a responder." } }
            (area("Request", "request", "6", REQUEST))
            (form::text("Or a stored event", "event", value("event"), "its id"))
            label { input type="checkbox" name="past" value="yes" checked[frame.here.get("past").is_some()]; " also on past events" }
            button.button.primary { "Try" }
        }
    }
}

/// What came of a trial.
pub(super) fn outcome(frame: &Frame, tried: &Tried) -> Markup {
    html! {
        @for warning in &tried.warnings { p.note { (printable(warning)) } }
        @if let Some(request) = &tried.request {
            section.card {
                header {
                    h2 { @if tried.matches.is_empty() { "Nothing holds" } @else { "It matches" } }
                    span.hint { (grouped(tried.rules)) @if tried.rules == 1 { " rule" } @else { " rules" } " tried" }
                }
                @if tried.matches.is_empty() { p.hint { "No rule that was tried holds on this request." } }
                @for found in &tried.matches { (one(found)) }
            }
            section.card { header { h2 { "The request" } } (sent(request, &tried.matches)) }
        }
        @if let Some(past) = &tried.past { (on_past(frame, past)) }
    }
}

/// The request as it was judged, with what was found marked where it stands as it was found, or as it was sent.
fn sent(request: &str, matches: &[TriedMatch]) -> Markup {
    let pieces = || {
        let raw = matches.iter().filter_map(|found| found.steps.first().map(|step| step.value.as_str()));
        matches.iter().map(|found| found.value.as_str()).chain(raw)
    };
    html! {
        pre.request { @for (at, line) in request.lines().enumerate() { @if at > 0 { "\n" } (marked(line, pieces())) } }
    }
}

fn one(found: &TriedMatch) -> Markup {
    html! {
        article.found {
            h3 { a href=(link::rule(&found.rule)) { (printable(&found.rule)) } " " (link::text(&found.name)) }
            (event::steps(found))
        }
    }
}

fn on_past(frame: &Frame, past: &TriedPast) -> Markup {
    const COLUMNS: [Column; 3] =
        [Column::new("Time", ""), Column::new("Request", "wide"), Column::new("Client", "less")];
    let row = |event: &TriedEvent| {
        html! {
            tr {
                td { (time::clock(frame, event.time)) }
                td.wide {
                    a.open href=(format!("/events/{}", event.id)) { (link::text(&event.request)) }
                    p.sub.match { span.word { (printable(&event.rule)) } span.at { (printable(&event.location)) } mark { (link::text(&event.value)) } }
                }
                td.less { (link::address(&event.client_ip)) }
            }
        }
    };
    html! {
        section.card {
            header { h2 { "On past events" } }
            p { "Of " strong { (grouped(past.looked_at)) } " stored events it would have matched " strong { (grouped(past.matched)) } "." }
            @if !past.complete { p.hint { "The newest were looked at" @if let Some(since) = past.since { ", back to " (time::exact(frame, since)) } ". " (link::longer(frame, "Look further back")) } }
            p.hint { "Stored events are redacted, and have method, path, query, host and user agent alone: what a rule finds in bodies, cookies or other fields does not show here." }
            @if !past.examples.is_empty() { (table("Events that it would have matched", &COLUMNS, &html! { @for event in &past.examples { (row(event)) } })) }
        }
    }
}
