//! `picket services`.

use super::{
    CliError, Exit, ask, duration,
    screen::{Screen, grouped},
    table::Table,
};
use crate::api::{Client, ServiceView};

pub(super) fn list(client: &Client, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let services = ask(client.services())?;
    if screen.json {
        screen.json(&services)?;
        return Ok(Exit::Done);
    }
    if services.is_empty() {
        screen.line("no requests yet")?;
        screen.line(
            "  A service is listed from its first plain HTTP/1 request on; try: curl -s http://127.0.0.1/",
        )?;
        screen.line("  Requests, but nothing here? See: picket stats, picket doctor")?;
        return Ok(Exit::Done);
    }
    let policies = services
        .iter()
        .any(|service| !matches!(service.policy.as_str(), "" | "default") || service.mode == "off");
    let contained = services.iter().any(|service| container(service).is_some());
    let mut headings = vec!["NAME", ">PID", ">PORT", ">REQUESTS", ">EVENTS", "LAST SEEN"];
    if policies {
        headings.push("POLICY");
    }
    if contained {
        headings.push("CONTAINER");
    }
    let mut table = Table::new(&headings);
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
        if policies {
            row.push(format!("{} ({})", service.policy, service.mode));
        }
        if contained {
            row.push(container(service).unwrap_or_else(|| "-".to_owned()));
        }
        table.row(row);
    }
    table.print(screen)?;
    Ok(Exit::Done)
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
