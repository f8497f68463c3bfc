//! Parts of a page that are kept as they are now, while somebody looks.
//!
//! A script asks for the same page again, and mends what differs (`assets/fresh.js`). It asks, rather than listens to a
//! stream of its own: figures have no stream in the API, a browser opens six connections to a host and streams of
//! pages in other tabs would take them all, and who asks can wait. It is on unless somebody switches it off, because
//! it costs next to nothing: one question at a time, at least ten times as long apart as an answer takes, none while
//! the page is not looked at.

use axum::http::{HeaderMap, HeaderName};
use maud::{Markup, html};

use super::range::Range;

/// Says that a page is asked for by the script, which has what is around it.
const HEADER: HeaderName = HeaderName::from_static("picket-fresh");

/// Whether it does.
pub fn asked(headers: &HeaderMap) -> bool {
    headers.contains_key(HEADER)
}

/// A part that is kept as it is now. Elements in it with a `data-id` are told apart by that.
pub fn part(id: &str, content: &Markup) -> Markup {
    html! { div #(id) data-fresh { (content) } }
}

/// The switch, for what ends now. Without a script it is not offered.
pub fn switch() -> Markup {
    html! {
        div.live {
            span #fresh-said role="status" {}
            button.button type="button" data-fresh-switch aria-pressed="false" hidden title="Keep the figures of this page as they are now" {
                span.dot aria-hidden="true" {} "Live"
            }
        }
    }
}

/// The same, where a time is chosen: what has ended stays as it was.
pub fn switch_until(range: &Range) -> Markup {
    html! { @if range.to.is_empty() { (switch()) } }
}
