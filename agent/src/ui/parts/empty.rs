//! What stands where there is nothing: why, and what to do.

use maud::{Markup, html};

use super::icon::Icon;

/// Nothing, in a sentence, and what a person can do.
pub fn empty(icon: Icon, title: &str, advice: &Markup) -> Markup {
    html! {
        div.empty { (icon.show()) p.title { (title) } div.advice { (advice) } }
    }
}
