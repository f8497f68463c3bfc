//! Links to what is shown elsewhere, and texts that others wrote.

use maud::{Markup, html};

use crate::{
    api::client::segment,
    event::printable,
    ui::{frame::Frame, target::Target, terms, visit::PATIENT},
};

/// Characters of a text of others that are shown in a row; the whole is its title.
const SHOWN: usize = 160;

/// A text that others wrote: control characters are made visible, long ones are cut.
pub fn text(text: &str) -> Markup {
    let shown = printable(text);
    if shown.chars().count() <= SHOWN {
        return html! { (shown) };
    }
    let cut: String = shown.chars().take(SHOWN).collect();
    html! { span title=(shown) { (cut) "…" } }
}

/// Lines that others wrote, as they stand: for `pre`.
pub fn lines(text: &str) -> Markup {
    html! { @for (at, line) in text.lines().enumerate() { @if at > 0 { "\n" } (printable(line)) } }
}

/// A text that others wrote, as it stands.
pub fn raw(text: &str) -> Markup {
    html! { code.raw { (self::text(text)) } }
}

/// A signal's page.
pub fn signal(id: &impl std::fmt::Display) -> String {
    format!("/signals/{id}")
}

/// The page of a rule that judges requests.
pub fn rule(id: &str) -> String {
    format!("/rules/{}", segment(id))
}

/// The page of a rule that raises signals.
pub fn detection(id: &str) -> String {
    format!("/rules/detection/{}", segment(id))
}

/// The signals that a rule raised.
pub fn signals_of(rule: &str) -> String {
    Target::new("/signals").with("query", terms::term("rule", rule)).with("from", "-30d").to_string()
}

/// A client's address.
pub fn address(address: &str) -> Markup {
    html! { a.address href=(format!("/actors/{}", segment(address))) { (address) } }
}

/// A user's id.
pub fn user(id: &str) -> Markup {
    html! { a.user href=(format!("/users/{}", segment(id))) { (text(id)) } }
}

/// The page of the services of a name.
pub fn service(name: &str) -> Markup {
    html! { a.service href=(service_path(name)) { (text(name)) } }
}

/// Where that is.
pub fn service_path(name: &str) -> String {
    format!("/services/{}", segment(name))
}

/// The way to the same page with more time to count, unless that is this one.
pub fn longer(frame: &Frame, says: &str) -> Markup {
    html! { @if frame.here.get("within").is_none() { a href=(frame.here.with("within", PATIENT)) { (says) } } }
}

/// Several: the first few, and how many more; of a list that is full, at least.
pub fn several(names: &[String], most: usize, show: impl Fn(&str) -> Markup) -> Markup {
    let more = names.len().saturating_sub(most) as u64;
    let full = crate::detect::signals::is_full(names);
    html! {
        @if names.is_empty() { span.none { "—" } }
        @for (at, name) in names.iter().take(most).enumerate() {
            @if at > 0 { ", " }
            (show(name))
        }
        @if more > 0 { " " span.more { "+" (crate::cli::screen::grouped(more)) @if full { " or more" } } }
    }
}
