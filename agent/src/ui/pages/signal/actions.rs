//! What a person can do about a signal.

use axum::http::Method;
use maud::{Markup, html};
use serde_json::Value;

use crate::{
    api::{ApiError, Code, types::TriageBody},
    cli::story::Story,
    detect::signals::{Archive, Signal, Status},
    event::printable,
    ui::{
        form::Form,
        frame::Frame,
        pages::{
            exclusions,
            respond::{self, Whom},
        },
        parts::form,
        rows::Done,
        target::Target,
        visit::Visit,
    },
};

/// Why a signal is put away.
pub const REASONS: [(&str, &str); 6] = [
    ("", "No reason"),
    ("true_positive", "It was an attack"),
    ("false_positive", "False positive"),
    ("testing_or_maintenance", "Testing"),
    ("remediated", "Remediated"),
    ("other", "Other"),
];

/// Actors that can be chosen.
const LISTED: usize = 20;

/// Forms, the most needed first.
pub fn actions(frame: &Frame, story: &Story) -> Markup {
    html! {
        section.card { header { h2 { "Triage" } } (triage_form(frame, &story.signal)) }
        section.card { header { h2 { "Respond" } } (respond(frame, story)) }
        (exclude(story))
    }
}

/// Matches of its sampled events, each place of a rule once: what may be a false positive.
fn exclude(story: &Story) -> Markup {
    const SHOWN: usize = 5;
    let mut places: Vec<(&str, &str, Target)> = Vec::new();
    for event in &story.events {
        for found in &event.matches {
            let (rule, location) = (found.rule.as_str(), found.location.as_str());
            if !places.iter().any(|(known, at, _)| (*known, *at) == (rule, location)) && places.len() < SHOWN
            {
                places.push((rule, location, exclusions::target(event, found)));
            }
        }
    }
    if places.is_empty() {
        return html! {};
    }
    html! {
        section.card {
            header { h2 { "A false positive?" } }
            p.hint { "Exclude what was harmless; it is tried on past events before." }
            ul.links { @for (rule, location, to) in &places { li { a href=(to) { "Exclude " (printable(rule)) " in " (printable(location)) } } } }
        }
    }
}

fn triage_form(frame: &Frame, signal: &Signal) -> Markup {
    let status = match signal.status {
        Status::Open => "open",
        Status::UnderReview => "under_review",
        Status::Archived => "archived",
    };
    const STATUS: [(&str, &str); 3] =
        [("open", "Open"), ("under_review", "Under review"), ("archived", "Archived")];
    let reason = signal.archive_reason.map(crate::cli::signals::archive_word).unwrap_or_default();
    let assignee = signal.assignee.as_deref().unwrap_or_default();
    let me = frame.person.as_ref().map_or("", |person| person.name.as_str());
    form::post(
        frame,
        &format!("/signals/{}/triage", signal.id),
        "stack",
        &html! {
            (form::choice("Status", "status", &STATUS, status))
            (form::choice("Reason, when archived", "reason", &REASONS, &reason))
            (form::text("Assignee", "assignee", assignee, me))
            (form::text("Case", "case", signal.case.as_deref().unwrap_or_default(), "SEC-7"))
            label.field { span { "Note" } textarea name="note" rows="2" maxlength="1000" { (signal.comment.as_deref().unwrap_or_default()) } }
            input type="hidden" name="whole" value="yes";
            button.button.primary { "Save" }
        },
    )
}

fn respond(frame: &Frame, story: &Story) -> Markup {
    let signal = &story.signal;
    let blocked: Vec<&str> =
        story.actors.iter().filter(|actor| actor.blocked).map(|actor| actor.ip.as_str()).collect();
    let free = signal.actors.iter().filter(|ip| !blocked.contains(&ip.as_str())).take(LISTED);
    let mut whom: Vec<Whom> = free.map(|ip| Whom::address(ip)).collect();
    whom.extend(signal.users.iter().take(LISTED).map(|user| Whom::user(user)));
    html! {
        @if whom.is_empty() && blocked.is_empty() { p.hint { "It names nobody who could be blocked." } }
        (respond::keep_out(frame, &whom, &signal.title, Some(&signal.id)))
        @for ip in blocked { (respond::end(frame, &Whom::address(ip))) }
    }
}

/// What a form of triage says. `whole`: what is empty is taken away; else it stays.
pub fn decision(form: &Form) -> Result<TriageBody, ApiError> {
    fn word<T: serde::de::DeserializeOwned>(name: &str, text: Option<&str>) -> Result<Option<T>, ApiError> {
        let read = text.map(|text| serde_json::from_value(Value::String(text.to_owned()))).transpose();
        read.map_err(|_| {
            ApiError::new(Code::BadRequest, format!("{name}: not one of those that can be chosen"))
        })
    }
    let whole = form.get("whole").is_some();
    let text = |name: &str| match form.get(name) {
        Some(text) => Some(Some(text.to_owned())),
        None if whole => Some(None),
        None => None,
    };
    let status: Option<Status> = word("status", form.get("status"))?;
    // A reason goes with the status archived; the form has both side by side.
    let reason: Option<Archive> = match status {
        Some(Status::Archived) => word("reason", form.get("reason"))?,
        _ => None,
    };
    Ok(TriageBody {
        status,
        reason,
        assignee: text("assignee"),
        case: text("case"),
        // What is empty takes it away.
        note: form.get("note").map(str::to_owned).or(whole.then(String::new)),
    })
}

/// Triages one signal.
pub async fn triage(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let path = format!("/v1/signals/{}", crate::api::client::segment(visit.piece("id")));
    let _: Signal = visit.call(Method::PATCH, &path, &[], Some(&decision(&form)?)).await?;
    Ok(Done::back(&form, "Saved"))
}
