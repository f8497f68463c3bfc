//! A rule that judges requests, written: checked, tried on a request and on past events, saved, switched, forgotten.

use axum::http::Method;
use maud::{Markup, html};

use crate::{
    api::{
        ApiError, Code,
        client::segment,
        types::{Role, RuleBody, RuleDetails, SwitchBody, TrialBody, Tried},
    },
    event::printable,
    rules::own,
    ui::{
        command::Command,
        form::Form,
        frame::Frame,
        page::Page,
        pages::trial,
        parts::{empty::empty, form, icon::Icon, link},
        rows::{Answered, Done},
        visit::Visit,
    },
};

const PATH: &str = "/rules/edit";
const TITLE: &str = "Write a rule";
/// Past events are looked at from here on.
const SINCE: &str = "-1d";
/// A rule to begin with.
const EXAMPLE: &str = "# An id that no other rule has; CRS has 900000 to 999999.\n\
    SecRule ARGS \"@rx (?i)<script\" \\\n    \"id:100001,phase:2,log,msg:'Script element in a parameter',\\\n    \
    tag:'attack-xss',severity:'WARNING',t:none,t:urlDecodeUni\"";
const REQUEST: &str = "GET /search?q=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1\nHost: shop.example";

pub async fn show(visit: Visit, sent: Form) -> Result<Answered, ApiError> {
    let frame = &visit.frame;
    if !frame.may(Role::Admin) {
        let advice = html! {
            p { "Rules are written by administrators: " code { "sudo picket ui login" } }
            p { a href="/rules/try" { "Try a rule" } " without keeping it: for responders." }
        };
        let body = html! { section.card { (empty(Icon::Rules, "Not for your role", &advice)) } };
        return Ok(Page::new(TITLE, body).into());
    }
    let given = |name: &str| sent.get(name).filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let outcome = match sent.get("text") {
        None => None,
        Some(text) if sent.get("save").is_some() => match save(&visit, text).await {
            Ok(done) => return Ok(done.into()),
            // What was written stays where it is.
            Err(error) => Some(Err(error)),
        },
        Some(text) => {
            let past = sent.get("past").is_some();
            let (text, request) = (Some(text.to_owned()), given("request"));
            let body = TrialBody { text, own: true, request, past, ..TrialBody::default() };
            Some(visit.call(Method::POST, "/v1/rules/try", &[("from", SINCE)], Some(&body)).await)
        }
    };
    let rule = visit.parameter("rule");
    let text = match sent.get("text") {
        Some(text) => text.to_owned(),
        None if rule.is_empty() => EXAMPLE.to_owned(),
        None => {
            let details: RuleDetails = visit.get(&route(rule), &[]).await?;
            details.text.unwrap_or_else(|| EXAMPLE.to_owned())
        }
    };
    let body = html! {
        p.message { "Every request is compared with it, whatever the policy of its service; what policies exclude and switch off counts for it, too. With the id of a rule that was written here it takes that one's place." }
        div.columns.trial {
            section.card {
                (form::post(frame, PATH, "stack", &html! {
                    label.field {
                        span { "The rule: SecLang, or JSON of the In-App WAF" }
                        textarea.mono name="text" rows="18" spellcheck="false" maxlength="60000" data-check="outcome" { "\n" (text) }
                    }
                    label.field {
                        span { "A request that it is tried on, if you like" }
                        textarea.mono name="request" rows="5" spellcheck="false" maxlength="20000" placeholder=(REQUEST) { "\n" (sent.get("request").unwrap_or_default()) }
                    }
                    p.buttons {
                        button.button name="past" value="yes" { "Check, and look at the last day" }
                        " "
                        button.button.primary name="save" value="yes" { "Save" }
                    }
                }))
            }
            aside #outcome aria-live="polite" aria-label="What came of it" { (shown(frame, outcome.as_ref())) }
        }
    };
    Ok(Page::new(TITLE, body).command(Command::new("picket rules save RULE-FILE --dry-run")).into())
}

fn shown(frame: &Frame, outcome: Option<&Result<Tried, ApiError>>) -> Markup {
    html! {
        @match outcome {
            None => section.card { p.hint { "Check it, and see what it would have matched in the last day, before it is saved." } },
            Some(Err(error)) => div.card.wrong role="alert" { p { strong { (printable(&error.message)) } } @if let Some(hint) = &error.hint { p.hint { (printable(hint)) } } },
            Some(Ok(tried)) => {
                p.flash { "It works" @if let Some(id) = &tried.own { ", as rule " code { (printable(id)) } } "." }
                (trial::outcome(frame, tried))
            }
        }
    }
}

async fn save(visit: &Visit, text: &str) -> Result<Done, ApiError> {
    let id = own::id_in("rule", text).map_err(|error| {
        ApiError::new(Code::BadRule, error.to_string()).hint("docs/rules.md has the form of a rule")
    })?;
    let body = RuleBody { text: text.to_owned() };
    let _: RuleDetails = visit.call(Method::PUT, &route(&id), &[], Some(&body)).await?;
    Ok(Done::new(link::rule(&id), "Saved: it judges requests from now on"))
}

/// Switches a rule off, or on.
pub async fn switch(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let enabled = form.needed("enabled")? == "true";
    let body = SwitchBody { enabled };
    let _: RuleDetails = visit.call(Method::PATCH, &route(form.needed("rule")?), &[], Some(&body)).await?;
    Ok(Done::back(&form, if enabled { "Switched on" } else { "Switched off: no policy asks it" }))
}

/// Forgets a rule that was written here.
pub async fn remove(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let id = form.needed("rule")?;
    let _: RuleDetails = visit.call(Method::DELETE, &route(id), &[], None::<&()>).await?;
    Ok(Done::new("/rules", format!("{} is not kept any longer", printable(id))))
}

fn route(id: &str) -> String {
    format!("/v1/rules/{}", segment(id))
}
