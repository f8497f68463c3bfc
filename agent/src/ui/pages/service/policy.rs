//! How a service is judged: its mode, which can be switched, and what its rules leave alone.

use axum::http::Method;
use maud::{Markup, html};

use crate::{
    api::{
        ApiError, Code,
        client::segment,
        types::{ListenerPolicy, PolicyBody, Role, ServicePolicy, SetMode},
    },
    rules::policy::{Mode, kept::Wanted},
    ui::{
        form::Form,
        frame::Frame,
        pages::exclusions::said,
        parts::{badge, form, link, time},
        rows::Done,
        visit::Visit,
    },
};

/// Gives the mode back to the configuration.
const CONFIGURED: &str = "configured";

/// The switch: what is done about attacks from now on. Nothing for those who may not.
pub fn switch(frame: &Frame, name: &str, set: Option<&SetMode>) -> Markup {
    if !frame.may(Role::Admin) {
        return html! {};
    }
    let action = format!("/services/{}/policy", segment(name));
    let now = set.map(|set| set.mode);
    let button = |mode: Mode, says: &str| {
        html! {
            @if now != Some(mode) { button.button name="mode" value=(mode.name()) title=(says) { (says) } }
        }
    };
    let choices = html! {
        p.hint { "At once, over restarts, for all services of this name; the configuration's file stays as it is." }
        (button(Mode::Monitor, "Monitor: attacks are events"))
        (button(Mode::Block, "Block: attacks count for blocking"))
        @if set.is_some() { button.button name="mode" value=(CONFIGURED) { "As the configuration says" } }
        @if now != Some(Mode::Off) {
            (form::confirmed("Off…", &html! {
                p.hint { "Its requests are counted and not judged any longer: attacks on it are not seen." }
                button.button.danger name="mode" value=(Mode::Off.name()) { "Switch off" }
            }))
        }
    };
    form::confirmed("Change…", &form::post(frame, &action, "stack", &choices))
}

/// How the services of a name are judged.
pub fn judged(frame: &Frame, name: &str, policy: Option<&ServicePolicy>) -> Markup {
    let Some(policy) = policy else {
        return html! { p.hint { "It is judged by the first policy of the configuration that fits it." } };
    };
    html! {
        @if let Some(set) = &policy.set {
            p.list { (badge::mode(set.mode.name())) ", set by " (link::text(&set.by)) " " (time::ago(frame, set.since)) }
        }
        @for listener in &policy.listeners { p.list { (one(listener)) } }
        @if let Some(note) = &policy.note { p.hint { (crate::event::printable(note)) } }
        (switch(frame, name, policy.set.as_ref()))
    }
}

fn one(listener: &ListenerPolicy) -> Markup {
    html! {
        "Port " (listener.listen.port()) ": policy " (link::text(&listener.policy)) ", " (badge::mode(listener.mode.name()))
        @if listener.configured != listener.mode { " (configured: " (listener.configured.name()) ")" }
    }
}

/// What its rules leave alone.
pub fn exclusions(policy: Option<&ServicePolicy>) -> Markup {
    let mut all: Vec<&Wanted> = Vec::new();
    for exclusion in policy.into_iter().flat_map(|policy| &policy.listeners).flat_map(|one| &one.exclusions) {
        if !all.contains(&exclusion) {
            all.push(exclusion);
        }
    }
    html! {
        section.card {
            header { h2 { "Exclusions" } a href="/rules/exclusions" { "All exclusions" } }
            @if all.is_empty() {
                p.hint { "Nothing is left alone. An event of a false positive has a button that excludes it." }
            }
            @for exclusion in all { div.found { (said(exclusion)) } }
        }
    }
}

/// Sets the mode, or gives it back.
pub async fn set(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let name = visit.piece("name");
    let path = format!("/v1/services/{}/policy", segment(name));
    let asked = form.needed("mode")?;
    if asked == CONFIGURED {
        let _: ServicePolicy = visit.call(Method::DELETE, &path, &[], None::<&()>).await?;
        return Ok(Done::back(&form, format!("{name} is judged as the configuration says")));
    }
    let mode: Mode = asked
        .parse()
        .map_err(|why| ApiError::new(Code::BadRequest, format!("what to do about attacks: {why}")))?;
    let policy: ServicePolicy = visit.call(Method::PUT, &path, &[], Some(&PolicyBody { mode })).await?;
    let done = match mode {
        Mode::Off => format!("{name} is not judged any longer"),
        Mode::Monitor => format!("{name} is monitored: attacks are events, and nobody is blocked for them"),
        Mode::Block => format!("{name} is protected: attacks count for blocking"),
    };
    Ok(Done::back(&form, policy.note.map_or(done.clone(), |note| format!("{done}. But {note}"))))
}
