//! The query bar.

use maud::{Markup, html};

use super::icon::Icon;
use crate::{api::ApiError, ui::frame::Frame};

/// Where a query is typed. `of`: what it is about, as completion calls it.
pub fn bar(frame: &Frame, of: &str, example: &str, error: Option<&ApiError>) -> Markup {
    html! {
        (field(frame, ("query", "Query"), example, Some(of), error.is_some()))
        @if let Some(error) = error { (wrong(frame.here.get("query").unwrap_or_default(), error)) }
    }
}

/// Where a text is typed that a list is looked through for.
pub fn find(frame: &Frame, example: &str) -> Markup {
    field(frame, ("find", "Find"), example, None, false)
}

fn field(frame: &Frame, (name, label): (&str, &str), example: &str, of: Option<&str>, wrong: bool) -> Markup {
    let here = frame.here.without("cursor").without(name);
    let query = frame.here.get(name).unwrap_or_default();
    html! {
        form.query method="get" action=(here.path()) role="search" {
            @for (other, value) in here.parameters() {
                input type="hidden" name=(other) value=(value);
            }
            (Icon::Search.show())
            input #query type="text" enterkeyhint="search" name=(name) value=(query) placeholder=(example) aria-label=(label)
                autocomplete="off" autocapitalize="off" spellcheck="false" data-complete=[of]
                aria-invalid=[wrong.then_some("true")] aria-describedby=[wrong.then_some("query-error")];
            button.button.primary { "Search" }
            @if !query.is_empty() { a.button href=(here) { "Clear" } }
        }
    }
}

/// What is wrong with a query, with a mark below the place.
fn wrong(query: &str, error: &ApiError) -> Markup {
    let marked = error.place.as_ref().map(|place| {
        let from = place.column.saturating_sub(1);
        let take = |from: usize, count: usize| query.chars().skip(from).take(count).collect::<String>();
        (take(0, from), take(from, place.length), take(from.saturating_add(place.length), usize::MAX))
    });
    html! {
        div.card.wrong #query-error role="alert" {
            p { strong { (error.message) } }
            @if let Some((before, wrong, after)) = marked {
                pre { (before) mark { @if wrong.is_empty() { "▁" } @else { (wrong) } } (after) }
            }
            @if let Some(place) = error.place.as_ref().filter(|place| !place.expected.is_empty()) {
                p { "Expected: " @for (at, word) in place.expected.iter().enumerate() { @if at > 0 { ", " } code { (word) } } }
            }
            @if let Some(hint) = &error.hint { p.hint { (hint) } }
        }
    }
}
