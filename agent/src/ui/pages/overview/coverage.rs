//! What Picket sees of this host and what not, and how it is.

use maud::{Markup, html};

use crate::{
    api::types::{ServiceView, Stats},
    cli::screen::{bytes, grouped},
    ui::{
        frame::Frame,
        pages::services,
        parts::{facts::facts, link, time},
    },
};

/// Services of which not all is seen that are named.
const NAMED: usize = 2;

/// What is seen, of whom what is not and why, and what that takes.
pub fn coverage(known: &[ServiceView], stats: &Stats, frame: &Frame) -> Markup {
    let gauge = |name: &str| stats.gauges.get(name).copied().unwrap_or(0);
    let modes = modes(known);
    facts(&[
        (
            "Services",
            html! { a href="/services" { (grouped(known.len() as u64)) " seen" } @if !modes.is_empty() { ": " (modes.join(", ")) } },
        ),
        ("Not seen", unseen(known, stats)),
        ("Connections", html! { (grouped(gauge("connections"))) " open" }),
        ("Rules", html! { (grouped(gauge("rules"))) " in force" }),
        (
            "Load",
            html! { @if let Some(cpu) = stats.rates.get("cpu_seconds") { (format!("{:.0} % of a core", cpu * 100.0)) } },
        ),
        ("Memory", html! { (bytes(gauge("rss_bytes"))) }),
        ("Agent", html! { "version " (stats.version) ", started " (time::ago(frame, stats.started)) }),
    ])
}

/// How many are in each mode.
fn modes(known: &[ServiceView]) -> Vec<String> {
    let said = |(mode, name): (&str, &str)| {
        let count = known.iter().filter(|service| service.mode == mode).count();
        (count > 0).then(|| format!("{count} {name}"))
    };
    [("monitor", "monitored"), ("block", "protected"), ("off", "not judged")]
        .into_iter()
        .filter_map(said)
        .collect()
}

/// What of all services is not looked into, and what of some is not seen.
fn unseen(known: &[ServiceView], stats: &Stats) -> Markup {
    let why_not = stats.tls.as_ref().and_then(|tls| tls.why_not.as_deref());
    let of_some: Vec<&ServiceView> =
        known.iter().filter(|service| !services::unread(service).is_empty()).collect();
    html! {
        @if why_not.is_none() && of_some.is_empty() { "nothing of these" }
        @if let Some(why) = why_not { p { (link::text(why)) } }
        @for service in of_some.iter().take(NAMED) { p { (link::service(&service.name)) ": " (services::unread(service).join("; ")) } }
        @if of_some.len() > NAMED { p { a href="/services" { "and " (of_some.len() - NAMED) " more" } } }
    }
}
