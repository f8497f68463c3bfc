//! The list of pages.

use maud::{Markup, html};

use super::themes;
use crate::ui::{
    frame::Frame,
    parts::{form, icon::Icon},
};

/// Pages that are reached from everywhere: name, path, icon, and the key behind `g`. They stand in two groups: what
/// happens, and what is there.
const PAGES: &[&[(&str, &str, Icon, &str)]] = &[
    &[
        ("Overview", "/", Icon::Overview, "o"),
        ("Signals", "/signals", Icon::Signals, "s"),
        ("Events", "/events", Icon::Events, "e"),
        ("Actors", "/actors", Icon::Actors, "a"),
        ("Users", "/users", Icon::Users, "u"),
    ],
    // What is there: services, endpoints, rules, protection, settings.
    &[
        ("Services", "/services", Icon::Services, "v"),
        ("Endpoints", "/endpoints", Icon::Endpoints, "n"),
        ("Rules", "/rules", Icon::Rules, "r"),
        ("Protection", "/protection", Icon::Protection, "p"),
        ("Settings", "/settings", Icon::Settings, "t"),
    ],
];

/// What the keys behind `g` open, in words: which, and what.
pub(super) fn keys() -> (String, String) {
    let all = || PAGES.iter().flat_map(|group| group.iter());
    let keys: Vec<&str> = all().map(|(.., key)| *key).collect();
    let names: Vec<String> = all().map(|(name, ..)| name.to_lowercase()).collect();
    (format!("g then {}", keys.join(", ")), names.join(", "))
}

pub(super) fn nav(frame: &Frame) -> Markup {
    let here = frame.here.path();
    // A page below another one belongs to it.
    let current = |path: &str| match path {
        "/" => here == "/",
        path => here == path || here.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')),
    };
    html! {
        nav.side aria-label="Pages" {
            a.brand href="/" { (Icon::Brand.show()) span { "Picket" } }
            // On narrow screens it is opened by the button, without a script.
            button.button.menu type="button" popovertarget="menu" { (Icon::Menu.show()) "Menu" }
            div.sheet #menu popover {
                div.groups {
                    @for group in PAGES.iter().filter(|group| !group.is_empty()) {
                        ul {
                            @for (name, path, icon, key) in *group {
                                li {
                                    a href=(path) aria-current=[current(path).then_some("page")] data-key=(key) {
                                        (icon.show()) span { (name) }
                                    }
                                }
                            }
                        }
                    }
                }
                @if let Some(person) = &frame.person {
                    div.me {
                        (themes(frame))
                        div.who {
                            span.name title="who is logged in" { (person.name) }
                            span.role { (person.role) }
                        }
                        (form::post(frame, "/logout", "logout", &html! { button.quiet { "Log out" } }))
                    }
                }
            }
        }
    }
}

/// Paths of all of them.
#[cfg(test)]
pub(in crate::ui) fn paths() -> Vec<&'static str> {
    PAGES.iter().flat_map(|group| group.iter()).map(|(_, path, ..)| *path).collect()
}
