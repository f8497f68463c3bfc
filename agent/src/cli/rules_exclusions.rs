//! `picket rules exclusions`: what rules leave alone.

use super::{
    CliError, Exit,
    args::{ExcludeArgs, ExclusionsAction},
    ask,
    asked::given,
    screen::{Screen, grouped},
    table::Table,
};
use crate::{
    api::{
        Client,
        types::{Excluded, ExclusionView, List},
    },
    event::printable,
    rules::policy::kept::Wanted,
};

pub(super) fn command(
    client: &Client,
    action: Option<&ExclusionsAction>,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    match action {
        None | Some(ExclusionsAction::List) => list(client, screen),
        Some(ExclusionsAction::Add(args)) => add(client, args, screen),
        Some(ExclusionsAction::Remove { id }) => {
            let id = id.to_string();
            let was: ExclusionView = ask(client.patient().delete("/v1/exclusions", &[("id", &id)]))?;
            if screen.json {
                screen.json(&was)?;
            } else {
                screen.line(format_args!("not excluded any longer: {}", printable(&said(&was.wanted()))))?;
            }
            Ok(Exit::Done)
        }
    }
}

fn list(client: &Client, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let list: List<ExclusionView> = ask(client.get("/v1/exclusions", &[]))?;
    if screen.json {
        screen.json(&list)?;
        return Ok(Exit::Done);
    }
    if list.items.is_empty() {
        screen.line("nothing is excluded: every rule looks at everything")?;
        screen.line(
            "  exclude something with: picket rules exclusions add --rule ID --path '/editor/*' --dry-run",
        )?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["ID", "WHAT", "WHY", "BY", "STATE"])
        .shrinking(&[("WHAT", 24), ("WHY", 8)])
        .dropping(&["BY", "WHY"]);
    for entry in &list.items {
        table.row([
            entry.id.map(|id| id.to_string()).unwrap_or_else(|| "-".to_owned()),
            said(&entry.wanted()),
            entry.reason.clone().unwrap_or_default(),
            entry.author.clone().unwrap_or_else(|| entry.origin.clone()),
            if entry.in_force { "in force" } else { "waits for a reload" }.to_owned(),
        ]);
    }
    table.print(screen)?;
    Ok(Exit::Done)
}

fn add(client: &Client, args: &ExcludeArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let wanted = Wanted {
        rules: args.rules.clone(),
        services: args.services.clone(),
        inputs: args.inputs.clone(),
        paths: args.paths.clone(),
        client_ips: args.client_ips.clone(),
        reason: args.reason.clone(),
    };
    let from = args.from.to_string();
    let dry_run = if args.dry_run { "true" } else { "" };
    let parameters = [("dry_run", dry_run), ("from", from.as_str())];
    let done: Excluded = ask(client.patient().post("/v1/exclusions", &given(&parameters), &wanted))?;
    if screen.json {
        screen.json(&done)?;
        return Ok(Exit::Done);
    }
    let past = &done.past;
    let would = if args.dry_run { "would be excluded" } else { "excluded" };
    screen.line(format_args!("{would}: {}", printable(&said(&done.exclusion.wanted()))))?;
    screen.line(format_args!(
        "of {} stored events with a match{}: {} would not have been, {} would have had fewer matches",
        grouped(past.looked_at),
        if past.complete { "" } else { ", the newest," },
        grouped(past.silenced),
        grouped(past.narrowed),
    ))?;
    for event in &past.examples {
        let value = format!("{} {}: {}", event.rule, event.location, event.value);
        let line = format!("  {}  {}  {}  {value}", screen.when(event.time), event.service, event.request);
        let line = screen.faint(&printable(&line));
        screen.line(line)?;
    }
    if let Some(id) = done.exclusion.id {
        screen.line(format_args!("take it back with: picket rules exclusions remove {id}"))?;
    }
    Ok(Exit::Done)
}

/// `942100 for shop, in query.q, on /search`.
pub(super) fn said(entry: &Wanted) -> String {
    let all = |texts: &[String], none: &str| {
        if texts.is_empty() { none.to_owned() } else { texts.join(", ") }
    };
    let mut said = all(&entry.rules, "all rules");
    for (before, texts) in
        [("for", &entry.services), ("in", &entry.inputs), ("on", &entry.paths), ("from", &entry.client_ips)]
    {
        if !texts.is_empty() {
            said.push_str(&format!(" {before} {}", texts.join(", ")));
        }
    }
    said
}
