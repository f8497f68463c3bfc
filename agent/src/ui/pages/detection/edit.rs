//! A detection rule, written: checked, played to past events, saved, switched, forgotten.

use axum::http::Method;
use maud::{Markup, html};
use serde_json::{Value, value::RawValue};

use super::{cases, counts};
use crate::{
    api::{
        ApiError, Code,
        client::segment,
        types::{DetectionRuleDetails, Role, RulesChecked, RulesPast, SwitchBody},
    },
    cli::screen::grouped,
    event::printable,
    ui::{
        command::Command,
        form::Form,
        frame::Frame,
        page::Page,
        parts::{badge, empty::empty, form, icon::Icon, link, time},
        rows::{Answered, Done},
        visit::Visit,
    },
};

const TITLE: &str = "Write a detection rule";
const PATH: &str = "/rules/detection/edit";
/// Past events are played from here on.
const SINCE: &str = "-1d";
/// A rule to begin with.
const EXAMPLE: &str = r#"{
  "id": "many-404s",
  "name": "Many pages that are not there",
  "message": "{{@client_ip}} asked for {{events_matched_per_query.misses}} pages that are not there.",
  "tags": ["category:reconnaissance"],
  "queries": [
    {"name": "misses", "query": "@status:404", "aggregation": "count", "groupByFields": ["client_ip"]}
  ],
  "cases": [
    {"name": "many", "status": "medium", "condition": "misses > 100"}
  ],
  "options": {"detectionMethod": "threshold", "evaluationWindow": 300, "keepAlive": 600, "maxSignalDuration": 3600}
}"#;

pub async fn show(visit: Visit, sent: Form) -> Result<Answered, ApiError> {
    let frame = &visit.frame;
    if !frame.may(Role::Admin) {
        let advice = html! { p { "Rules are written by administrators: " code { "sudo picket ui login" } } };
        let body = html! { section.card { (empty(Icon::Rules, "Not for your role", &advice)) } };
        return Ok(Page::new(TITLE, body).into());
    }
    let rule = visit.parameter("rule");
    let text = match sent.get("text") {
        Some(text) => text.to_owned(),
        None if rule.is_empty() => EXAMPLE.to_owned(),
        None => {
            let route = format!("/v1/detection/rules/{}", segment(rule));
            let details: DetectionRuleDetails = visit.get(&route, &[]).await?;
            details.text.unwrap_or_else(|| EXAMPLE.to_owned())
        }
    };
    let checked: Option<Result<RulesChecked, ApiError>> = match sent.get("text") {
        None => None,
        Some(text) if sent.get("save").is_some() => match save(&visit, text).await {
            Ok(done) => return Ok(done.into()),
            // What was written stays where it is.
            Err(error) => Some(Err(error)),
        },
        Some(text) => {
            let past = if sent.get("past").is_some() { "true" } else { "" };
            let parameters = [("past", past), ("from", SINCE)];
            Some(match raw(text) {
                Ok(raw) => visit.call(Method::POST, "/v1/detection/check", &parameters, Some(&raw)).await,
                Err(error) => Err(error),
            })
        }
    };
    let body = html! {
        p.message { "A rule counts events, and raises a signal when there are too many of them. One with the id of a rule that comes with Picket takes its place." }
        div.columns.trial {
            section.card {
                (form::post(frame, PATH, "stack", &html! {
                    label.field {
                        span { "The rule, as JSON" }
                        textarea.mono name="text" rows="26" spellcheck="false" maxlength="60000" data-check="outcome" { "\n" (text) }
                    }
                    p.buttons {
                        button.button name="past" value="yes" { "Check, and play the last day" }
                        " "
                        button.button.primary name="save" value="yes" { "Save" }
                    }
                }))
            }
            aside #outcome aria-live="polite" aria-label="What came of it" { (outcome(frame, checked.as_ref())) }
        }
    };
    Ok(Page::new(TITLE, body).command(Command::new("picket rules detection save RULE-FILE --dry-run")).into())
}

/// JSON as it was written; what is none is said where it is wrong.
fn raw(text: &str) -> Result<Box<RawValue>, ApiError> {
    RawValue::from_string(text.trim().to_owned()).map_err(|error| {
        let message = format!("line {} column {}: this is not JSON: {error}", error.line(), error.column());
        ApiError::new(Code::BadRule, message)
    })
}

fn outcome(frame: &Frame, checked: Option<&Result<RulesChecked, ApiError>>) -> Markup {
    html! {
        @match checked {
            None => section.card { p.hint { "Check it, and see what it would have raised in the last day, before it is saved." } },
            Some(Err(error)) => div.card.wrong role="alert" { p { strong { (printable(&error.message)) } } @if let Some(hint) = &error.hint { p.hint { (printable(hint)) } } },
            Some(Ok(checked)) => {
                @if let Some(past) = &checked.past { (raised(frame, past)) }
                @for rule in &checked.rules {
                    p.flash { "It works." }
                    (counts(rule))
                    (cases(rule))
                }
            }
        }
    }
}

fn raised(frame: &Frame, past: &RulesPast) -> Markup {
    html! {
        section.card {
            header { h2 { "In the last day" } }
            p {
                "Of " strong { (grouped(past.looked_at)) } " stored events it would have raised "
                strong { (grouped(past.signals)) } @if past.signals == 1 { " signal" } @else { " signals" }
                @for (severity, count) in &past.severities { " " (badge::named(severity)) " " (grouped(*count)) } "."
            }
            @if !past.complete { p.hint { "The newest were played" @if let Some(since) = past.since { ", from " (time::exact(frame, since)) " on" } "." } }
            p.hint { "Requests that are no events, and events that were sampled away, are not stored, so that it may raise more." }
            ul.feed.plain {
                @for signal in &past.examples {
                    li { (badge::severity(signal.severity)) div.what { p { (link::text(&signal.message)) } } span.hint { (grouped(signal.events)) " events" } (time::ago(frame, signal.last_seen)) }
                }
            }
        }
    }
}

/// Saves a rule; its id is in it.
async fn save(visit: &Visit, text: &str) -> Result<Done, ApiError> {
    let raw = raw(text)?;
    let id = serde_json::from_str::<Value>(text).ok().and_then(|rule| rule["id"].as_str().map(str::to_owned));
    let id = id.ok_or_else(|| ApiError::new(Code::BadRule, "expected one rule with an \"id\""))?;
    let route = format!("/v1/detection/rules/{}", segment(&id));
    let _: DetectionRuleDetails = visit.call(Method::PUT, &route, &[], Some(&raw)).await?;
    Ok(Done::new(link::detection(&id), "Saved: it counts from now on"))
}

/// Switches a rule off, or on.
pub async fn switch(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let enabled = form.needed("enabled")? == "true";
    let route = format!("/v1/detection/rules/{}", segment(form.needed("rule")?));
    let body = SwitchBody { enabled };
    let _: DetectionRuleDetails = visit.call(Method::PATCH, &route, &[], Some(&body)).await?;
    Ok(Done::back(&form, if enabled { "Switched on" } else { "Switched off: it raises no signals" }))
}

/// Forgets a rule that was written here.
pub async fn remove(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let id = form.needed("rule")?;
    let route = format!("/v1/detection/rules/{}", segment(id));
    let _: DetectionRuleDetails = visit.call(Method::DELETE, &route, &[], None::<&()>).await?;
    Ok(Done::new("/rules/detection", format!("{} is not kept any longer", printable(id))))
}
