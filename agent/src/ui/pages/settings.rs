//! Settings: what the agent is set to, and where that is changed.

mod kernel;
mod notifications;
mod tokens;

pub(in crate::ui) use kernel::show as kernel;
pub(in crate::ui) use notifications::{show as notifications, test};
pub(in crate::ui) use tokens::{add as add_token, remove as remove_token, show as tokens};

use axum::http::Method;
use maud::{Markup, html};

use crate::{
    api::{
        ApiError, Reloaded, Stats,
        types::{Role, SettingView, SettingsView},
    },
    cli::screen,
    event::printable,
    ui::{
        command::Command,
        form::Form,
        frame::Frame,
        page::Page,
        parts::{badge, facts::facts, form, tabs, time},
        rows::Done,
        visit::Visit,
    },
};

/// Pages of settings.
const TABS: [(&str, &str); 4] = [
    ("Settings", "/settings"),
    ("Notifications", "/settings/notifications"),
    ("Tokens", "/settings/tokens"),
    ("Kernel", "/settings/kernel"),
];

/// A group of settings: its title, what it is about, the sections of the configuration it is made of.
const GROUPS: [(&str, &str, &[&str]); 7] = [
    (
        "Who did it",
        "Where the user of a request is looked for; the first source that says something counts.",
        &["users"],
    ),
    (
        "Behind proxies",
        "Whose word about the client's address counts. From anybody else a forwarded header is only a claim.",
        &["proxies"],
    ),
    (
        "What judges requests",
        "Rules and what is done about their matches; policies of single services are not shown here.",
        &["rules"],
    ),
    ("What raises signals and blocks", "", &["detection", "respond", "deny"]),
    (
        "What is kept, and for how long",
        "Older events are deleted, and the oldest where there are too many.",
        &["store"],
    ),
    (
        "Where clients are",
        "Databases in MaxMind's format. Nothing is ever asked over the network.",
        &["geoip"],
    ),
    ("What is seen, and where Picket listens", "", &["capture", "ui", "api", "metrics"]),
];

pub async fn show(visit: Visit) -> Result<Page, ApiError> {
    let (settings, stats) =
        tokio::join!(visit.get::<SettingsView>("/v1/settings", &[]), visit.get::<Stats>("/v1/stats", &[]));
    let (settings, stats) = (settings?, stats?);
    let frame = &visit.frame;
    let file = settings.config.as_deref();
    let body = html! {
        (tabs::tabs(frame, &TABS))
        p.message {
            @if let Some(file) = file { "These are in force. They are changed in " code { (printable(file)) } ", then read again." }
            @else { "The agent runs without a configuration file: all is as it comes. To change something, write /etc/picket/picket.toml and start the agent again." }
        }
        @for warning in &settings.warnings { p.note { (printable(warning)) } }
        div.columns.settings {
            @for (title, about, sections) in GROUPS { (group(title, about, sections, &settings.items)) }
            section.card { header { h2 { "This agent" } } (agent(frame, &settings, &stats)) }
        }
    };
    let reload = html! {
        @if frame.may(Role::Admin) && file.is_some() {
            (form::post(frame, "/settings/reload", "inline", &html! { button.button { "Read the configuration again" } }))
        }
    };
    Ok(Page::new("Settings", body).aside(reload).command(Command::new("picket rules reload")))
}

fn group(title: &str, about: &str, sections: &[&str], items: &[SettingView]) -> Markup {
    let of = items
        .iter()
        .filter(|item| item.key.split_once('.').is_some_and(|(section, _)| sections.contains(&section)));
    html! {
        section.card {
            header { h2 { (title) } }
            @if !about.is_empty() { p.hint.about { (about) } }
            dl.facts.long {
                @for item in of {
                    div {
                        dt { code { (item.key) } }
                        dd {
                            @if item.value.is_empty() { span.none { "not set" } } @else { (printable(&item.value)) }
                            @if !item.is_default { " " (badge::word("changed")) }
                            @if item.needs_restart { span.none title="a change takes effect when the agent starts" { " · at start" } }
                        }
                    }
                }
            }
        }
    }
}

fn agent(frame: &Frame, settings: &SettingsView, stats: &Stats) -> Markup {
    let gauge = |name: &str| stats.gauges.get(name).copied();
    facts(&[
        ("Version", html! { (settings.version) }),
        ("License", html! { (settings.license) }),
        ("Started", time::ago(frame, stats.started)),
        ("Settings", html! { "number " (settings.generation) " since then" }),
        ("Rules", html! { @if let Some(rules) = gauge("rules") { (screen::grouped(rules)) } }),
        ("Store", html! { @if let Some(bytes) = gauge("store_bytes") { (screen::bytes(bytes)) } }),
        ("Memory", html! { @if let Some(bytes) = gauge("rss_bytes") { (screen::bytes(bytes)) } }),
    ])
}

/// Has the configuration read again.
pub async fn reload(visit: Visit, form: Form) -> Result<Done, ApiError> {
    let reloaded: Reloaded = visit.call(Method::POST, "/v1/reload", &[], None::<&()>).await?;
    let changes =
        if reloaded.changes.is_empty() { "nothing".to_owned() } else { reloaded.changes.join(", ") };
    let mut said = format!("Read again; changed: {changes}");
    if !reloaded.needs_restart.is_empty() {
        said.push_str(&format!("; only a restart takes over: {}", reloaded.needs_restart.join(", ")));
    }
    Ok(Done::back(&form, said))
}
