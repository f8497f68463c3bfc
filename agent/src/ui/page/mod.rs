//! A page: what is around what it shows.

mod nav;

#[cfg(test)]
pub(super) use nav::paths;

use axum::http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use super::{
    assets,
    command::Command,
    frame::Frame,
    parts::{empty, form, icon::Icon},
    target::Target,
};
use crate::api::ApiError;

/// What is shown.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub status: StatusCode,
    pub title: String,
    /// What stands beside the title: a badge, a choice of time.
    pub aside: Markup,
    /// The command that shows the same.
    pub command: Option<Command>,
    pub body: Markup,
}

impl Page {
    pub fn new(title: impl Into<String>, body: Markup) -> Self {
        Self { status: StatusCode::OK, title: title.into(), aside: html! {}, command: None, body }
    }

    pub fn aside(self, aside: Markup) -> Self {
        Self { aside, ..self }
    }

    pub fn command(self, command: Command) -> Self {
        Self { command: Some(command), ..self }
    }

    pub fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// What went wrong, and what to do about it.
    pub fn error(error: &ApiError) -> Self {
        let status = error.code.status();
        let title = status.canonical_reason().unwrap_or("Something went wrong");
        let hint = error.hint.as_deref().unwrap_or("Go back, or begin at the overview.");
        let body = html! {
            section.card { (empty::empty(Icon::Alert, &error.message, &html! { p { (hint) } })) }
        };
        Self::new(title, body).status(status)
    }
}

/// The whole document.
pub(super) fn render(frame: &Frame, page: &Page) -> Markup {
    let nonce = frame.nonce.text();
    html! {
        (DOCTYPE)
        html lang="en" data-theme=(frame.theme.name()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title) " · Picket" }
                link rel="icon" type="image/svg+xml" href=(assets::ICON.path());
                link rel="stylesheet" href=(assets::STYLE.path()) nonce=(nonce);
                script src=(assets::SCRIPT.path()) nonce=(nonce) defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                @if frame.person.is_some() {
                    (nav::nav(frame))
                }
                main #main tabindex="-1" .alone[frame.person.is_none()] {
                    @if frame.person.is_some() {
                        header.top {
                            h1 { (page.title) }
                            div.aside { (page.aside) }
                        }
                    }
                    @if let Some(flash) = &frame.flash {
                        p.flash.wrong[flash.wrong] role="status" { (flash.text) }
                    }
                    (page.body)
                    @if let Some(command) = &page.command {
                        (same(command))
                    }
                }
                @if frame.person.is_some() {
                    (help())
                }
            }
        }
    }
}

/// What a script asks for again: what is shown, without what is around it.
pub(super) fn inside(page: &Page) -> Markup {
    html! { (page.aside) (page.body) }
}

/// The command line's way to what a page shows.
fn same(command: &Command) -> Markup {
    html! {
        footer.same {
            span { "In a terminal" }
            code #same { "sudo " (command.text()) }
            button.quiet type="button" data-copy="same" hidden { "Copy" }
        }
    }
}

/// What keys do; shown by `?`, by a script.
fn help() -> Markup {
    let (pages, names) = nav::keys();
    let keys = [
        ("/", "search"),
        ("j", "next row"),
        ("k", "row before"),
        ("Enter", "open the row"),
        ("x", "check the row"),
        (&*pages, &*names),
        ("Esc", "leave the field"),
        ("?", "this help"),
    ];
    html! {
        dialog #help aria-labelledby="help-title" {
            form method="dialog" {
                h2 #help-title { "Keys" }
                dl.keys {
                    @for (key, what) in keys {
                        div { dt { kbd { (key) } } dd { (what) } }
                    }
                }
                button.button { "Close" }
            }
        }
    }
}

/// A page that asks for another one at once.
pub(super) fn again(here: &Target) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="refresh" content=(format!("0; url={here}"));
                title { "Picket" }
            }
            body { p { a href=(here) { "Go on" } } }
        }
    }
}

/// The switch between light and dark.
fn themes(frame: &Frame) -> Markup {
    let choice = super::frame::Theme::ALL.into_iter().map(|theme| {
        html! {
            button.theme type="submit" name="theme" value=(theme.name()) aria-pressed=(frame.theme == theme)
                title=(format!("Colours: {}", theme.name())) {
                (Icon::of_theme(theme).show()) span.hidden { "Colours: " (theme.name()) }
            }
        }
    });
    form::post(frame, "/preferences", "themes", &html! { @for button in choice { (button) } })
}
