//! From one page of a list to the next.

use maud::{Markup, html};

use crate::ui::frame::Frame;

/// Where the list goes on, if it does; and back to its beginning.
pub fn pager(frame: &Frame, next: Option<&str>) -> Markup {
    let first = frame.here.get("cursor").is_none();
    if first && next.is_none() {
        return html! {};
    }
    html! {
        nav.pager aria-label="Pages of this list" {
            @if !first { a.button href=(frame.here.without("cursor")) rel="first" { "To the newest" } }
            @if let Some(next) = next { a.button href=(frame.here.with("cursor", next)) rel="next" { "Older" } }
        }
    }
}
