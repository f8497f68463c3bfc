//! From one page of a list to the next.

use maud::{Markup, html};

use crate::ui::frame::Frame;

/// Where the list goes on, if it does; and back to its beginning.
pub fn pager(frame: &Frame, next: Option<&str>) -> Markup {
    between(frame, next, "To the newest", "Older")
}

/// The same of a list that is in another order: what its beginning and what follows is called.
pub fn between(frame: &Frame, next: Option<&str>, beginning: &str, more: &str) -> Markup {
    let first = frame.here.get("cursor").is_none();
    if first && next.is_none() {
        return html! {};
    }
    html! {
        nav.pager aria-label="Pages of this list" {
            @if !first { a.button href=(frame.here.without("cursor")) rel="first" { (beginning) } }
            @if let Some(next) = next { a.button href=(frame.here.with("cursor", next)) rel="next" { (more) } }
        }
    }
}
