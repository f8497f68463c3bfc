//! Tabs: pages that belong together.

use maud::{Markup, html};

use crate::ui::frame::Frame;

/// Names and paths; the one that is shown is marked.
pub fn tabs(frame: &Frame, tabs: &[(&str, &str)]) -> Markup {
    html! {
        nav.tabs aria-label="Of these pages" {
            @for (name, path) in tabs { a href=(path) aria-current=[(frame.here.path() == *path).then_some("page")] { (name) } }
        }
    }
}
