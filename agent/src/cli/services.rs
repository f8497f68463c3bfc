//! `picket services`.

mod policy;

use super::{
    CliError, Exit,
    args::{ServicesAction, ServicesArgs},
    ask, duration,
    screen::{Screen, grouped, wrapped},
    table::Table,
};
use crate::{
    api::{Client, ServiceView, types::RecentView},
    cli::endpoints::{milliseconds, share},
    event::printable,
};

pub(super) fn command(
    client: &Client,
    args: &ServicesArgs,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    match &args.action {
        None => list(client, screen),
        Some(ServicesAction::Policy { name, mode, reset }) => {
            policy::command(client, name, *mode, *reset, screen)
        }
    }
}

fn list(client: &Client, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let services = ask(client.services())?;
    if screen.json {
        screen.json(&services)?;
        return Ok(Exit::Done);
    }
    if services.is_empty() {
        screen.line("no requests yet")?;
        screen.line(
            "  A service is listed from its first HTTP/1 request or TLS handshake on; try: curl -s http://127.0.0.1/",
        )?;
        screen.line("  Requests, but nothing here? See: picket stats, picket doctor")?;
        return Ok(Exit::Done);
    }
    let policies = services
        .iter()
        .any(|service| !matches!(service.policy.as_str(), "" | "default") || service.mode == "off")
        || services.iter().any(|service| service.set.is_some());
    let recent = services.iter().any(|service| service.recent.is_some());
    let signals = services.iter().any(|service| service.open_signals > 0);
    let contained = services.iter().any(|service| container(service).is_some());
    let tls = services.iter().any(|service| !tls(service).is_empty());
    let mut headings = vec!["NAME", ">PID", ">PORT", ">REQUESTS", ">EVENTS", "LAST SEEN"];
    if recent {
        headings.extend([">RATE", ">5XX", ">P95"]);
    }
    if signals {
        headings.push(">SIGNALS");
    }
    if tls {
        headings.push("TLS");
    }
    if policies {
        headings.push("POLICY");
    }
    if contained {
        headings.push("CONTAINER");
    }
    let mut table = Table::new(&headings).dropping(&["P95", "PID", "5XX", "RATE", "SIGNALS", "EVENTS"]);
    for service in &services {
        let mut row = vec![
            service.name.clone(),
            service.pid.map_or("-".to_owned(), |pid| pid.to_string()),
            service.listen.port().to_string(),
            grouped(service.requests),
            grouped(service.events),
            service.last_seen.map_or("-".to_owned(), |at| {
                format!("{} ago", duration::short(duration::between(at, screen.now)))
            }),
        ];
        if recent {
            row.extend(figures(service.recent.as_ref()));
        }
        if signals {
            row.push(grouped(service.open_signals));
        }
        if tls {
            let shown = self::tls(service);
            row.push(if shown.is_empty() { "-".to_owned() } else { shown });
        }
        if policies {
            let set = if service.set.is_some() { ", set" } else { "" };
            row.push(format!("{} ({}{set})", service.policy, service.mode));
        }
        if contained {
            row.push(container(service).unwrap_or_else(|| "-".to_owned()));
        }
        table.row(row);
    }
    table.print(screen)?;
    for service in &services {
        unseen(service, screen)?;
    }
    Ok(Exit::Done)
}

/// Rate, share of 5xx, and what 95 of 100 answers do not exceed.
fn figures(recent: Option<&RecentView>) -> [String; 3] {
    let Some(recent) = recent else { return ["-", "-", "-"].map(str::to_owned) };
    [
        format!("{:.1}/s", recent.rate),
        share(recent.failed, recent.answers),
        recent.latency.map_or("-".to_owned(), |latency| milliseconds(latency.p95_us)),
    ]
}

/// `1,024`, `unseen 12 (Java)`, `1,024, unseen 1, HTTP/2 7`: connections.
fn tls(service: &ServiceView) -> String {
    let mut parts = Vec::new();
    if let Some(tls) = &service.tls {
        if tls.seen > 0 {
            parts.push(grouped(tls.seen));
        }
        if tls.unseen > 0 {
            let short = tls.short.as_ref().map_or_else(String::new, |short| format!(" ({short})"));
            parts.push(format!("unseen {}{short}", grouped(tls.unseen)));
        }
    }
    if let Some(http2) =
        service.http2.as_ref().map(|http2| http2.clear + http2.tls).filter(|count| *count > 0)
    {
        parts.push(format!("HTTP/2 {}", grouped(http2)));
    }
    parts.join(", ")
}

/// Columns of what is said below the table.
const WIDTH: usize = 96;

/// Why connections of a service were not seen, where there is somebody to name for it: else it is in `--json`.
fn unseen(service: &ServiceView, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let Some(tls) = service.tls.as_ref().filter(|tls| tls.unseen > 0) else { return Ok(()) };
    let Some(why) = tls.why.as_deref().filter(|_| tls.short.is_some() || tls.seen == 0) else {
        return Ok(());
    };
    screen.line("")?;
    let count = if tls.unseen == 1 {
        "1 TLS connection"
    } else {
        &format!("{} TLS connections", grouped(tls.unseen))
    };
    let about = format!("{}, port {}: {count} not seen", service.name, service.listen.port());
    let about = screen.bold(&printable(&about));
    screen.line(about)?;
    for (label, text) in [("why:", Some(why)), ("do:", tls.advice.as_deref())] {
        let Some(text) = text else { continue };
        for (at, line) in wrapped(&printable(text), WIDTH).iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            screen.line(format_args!("  {label:5} {line}"))?;
        }
    }
    Ok(())
}

/// The container as tools show it, twelve digits, and its pod.
fn container(service: &ServiceView) -> Option<String> {
    let short = |id: &str| id.chars().take(12).collect::<String>();
    match (service.container_id.as_deref(), service.pod_uid.as_deref()) {
        (Some(container), Some(pod)) => Some(format!("{} in pod {pod}", short(container))),
        (Some(container), None) => Some(short(container)),
        (None, Some(pod)) => Some(format!("pod {pod}")),
        (None, None) => None,
    }
}
