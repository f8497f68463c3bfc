//! The query bar.

use maud::{Markup, html};

use super::icon::Icon;
use crate::{api::ApiError, ui::frame::Frame};

/// Where a query is typed. `of`: what it is about, as completion calls it.
pub fn bar(frame: &Frame, of: &str, example: &str, error: Option<&ApiError>) -> Markup {
    let here = frame.here.without("cursor").without("query");
    let query = frame.here.get("query").unwrap_or_default();
    html! {
        form.query method="get" action=(here.path()) role="search" {
            @for (name, value) in here.parameters() {
                input type="hidden" name=(name) value=(value);
            }
            (Icon::Search.show())
            input #query type="text" enterkeyhint="search" name="query" value=(query) placeholder=(example) aria-label="Query"
                autocomplete="off" autocapitalize="off" spellcheck="false" data-complete=(of)
                aria-invalid=[error.map(|_| "true")] aria-describedby=[error.map(|_| "query-error")];
            button.button.primary { "Search" }
            @if !query.is_empty() { a.button href=(here) { "Clear" } }
        }
        @if let Some(error) = error { (wrong(query, error)) }
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
