//! `picket endpoints`: what services are asked for, and what of it was attacked.

use anstyle::AnsiColor;
use serde::Serialize;

use super::{
    CliError, Exit,
    args::EndpointsArgs,
    asked::listed,
    events::more,
    screen::{Screen, grouped},
    table::Table,
};
use crate::{
    api::{
        Client,
        types::{EndpointView, List},
    },
    endpoint::Endpoint,
    event::printable,
    limits::STORE_PAGE,
};

pub(super) fn command(
    client: &Client,
    args: &EndpointsArgs,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    let query = args.query.join(" ");
    let list: List<EndpointView> = listed(
        client,
        "/v1/endpoints",
        &[("query", &query), ("sort", &args.sort)],
        (args.limit, STORE_PAGE),
    )?;
    if screen.json {
        screen.json(&list)?;
        return Ok(Exit::Done);
    }
    if list.items.is_empty() {
        match query.as_str() {
            "" => screen.line("no endpoints yet")?,
            query => screen.line(format_args!("no endpoints with: {}", printable(query)))?,
        }
        screen.line(
            "  An endpoint is listed once a service has answered requests to it; see: picket services",
        )?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        "SERVICE",
        "METHOD",
        "ROUTE",
        ">SEEN",
        ">ERRORS",
        ">P95",
        ">AUTH",
        "TAKES",
        "SENSITIVE",
        "ATTACKS",
    ])
    .shrinking(&[("TAKES", 12), ("SENSITIVE", 10), ("SERVICE", 8), ("ATTACKS", 12), ("ROUTE", 16)])
    .dropping(&["TAKES", "P95", "AUTH", "SENSITIVE", "ERRORS", "SERVICE"])
    .painted("ATTACKS", |attacks| (attacks != "-").then_some(AnsiColor::Yellow));
    for EndpointView { service, endpoint, .. } in &list.items {
        table.row([
            service.clone(),
            endpoint.method.to_string(),
            endpoint.pattern.to_string(),
            grouped(endpoint.seen),
            errors(endpoint),
            endpoint.latency.map_or("-".to_owned(), |latency| milliseconds(latency.p95_us)),
            share(endpoint.authenticated, endpoint.seen),
            takes(endpoint),
            sensitive(endpoint),
            attacks(endpoint),
        ]);
    }
    table.print(screen)?;
    more(&list.next, list.items.len(), screen)
}

/// Answers with 4xx and 5xx, of all.
fn errors(endpoint: &Endpoint) -> String {
    share(endpoint.errors(), endpoint.seen)
}

/// `3%`; of what there is a little, at least 1.
pub(super) fn share(part: u64, whole: u64) -> String {
    match part {
        0 => "-".to_owned(),
        part => format!("{}%", (part.saturating_mul(100) / whole.max(1)).clamp(1, 100)),
    }
}

/// `1.5 ms`, `120 ms`.
pub(super) fn milliseconds(us: u64) -> String {
    if us < 10_000 { format!("{}.{} ms", us / 1000, us % 1000 / 100) } else { format!("{} ms", us / 1000) }
}

fn takes(endpoint: &Endpoint) -> String {
    let mut names: Vec<&str> = endpoint.parameters.iter().map(|parameter| &*parameter.name).collect();
    names.dedup();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

/// As it stands in JSON; in requests first, then `→` in answers.
fn sensitive(endpoint: &Endpoint) -> String {
    let words = |kinds: &[crate::endpoint::Sensitive]| kinds.iter().map(word).collect::<Vec<_>>().join(", ");
    match (words(&endpoint.sensitive_request), words(&endpoint.sensitive_response)) {
        (request, answer) if request.is_empty() && answer.is_empty() => "-".to_owned(),
        (request, answer) if answer.is_empty() => request,
        (request, answer) => format!("{request} → {answer}").trim_start().to_owned(),
    }
}

fn word(value: &impl Serialize) -> String {
    let word = serde_json::to_value(value).ok();
    word.as_ref().and_then(|word| word.as_str()).unwrap_or_default().to_owned()
}

fn attacks(endpoint: &Endpoint) -> String {
    let mut attacks: Vec<(&u64, &str)> =
        endpoint.attacks.iter().map(|(name, count)| (count, &**name)).collect();
    attacks.sort_by(|one, other| other.cmp(one));
    let shown: Vec<String> =
        attacks.iter().map(|(count, name)| format!("{name} {}", grouped(**count))).collect();
    if shown.is_empty() { "-".to_owned() } else { shown.join(", ") }
}
