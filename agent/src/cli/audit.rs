//! `picket audit`: who changed what.

use super::{
    CliError, Exit,
    args::AuditArgs,
    asked::asked_for,
    events::{more, plain},
    screen::Screen,
    table::Table,
};
use crate::api::{
    Client,
    types::{AuditView, List},
};

pub(super) fn command(client: &Client, args: &AuditArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let asking = args.asking();
    let list: List<AuditView> = asked_for(client, "/v1/audit", &asking)?;
    if screen.json {
        screen.json(&list)?;
        return Ok(Exit::Done);
    }
    if list.items.is_empty() {
        super::events::nothing("changes", &asking, screen)?;
        screen.line("  Blocks, passes, triage and imports are written down here")?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["WHEN", "BY", "DID", "TO", "NOW", "BEFORE"])
        .shrinking(&[("BEFORE", 8), ("NOW", 10), ("TO", 14), ("BY", 6)])
        .dropping(&["BEFORE", "NOW"]);
    for entry in &list.items {
        table.row([
            screen.when(entry.time),
            entry.who.clone(),
            entry.action.clone(),
            entry.what.clone(),
            state(entry.after.as_ref()),
            state(entry.before.as_ref()),
        ]);
    }
    table.print(screen)?;
    more(&list.next, list.items.len(), screen)
}

/// A state in short: `status archived, reason false_positive`.
fn state(value: Option<&serde_json::Value>) -> String {
    match value {
        None | Some(serde_json::Value::Null) => "-".to_owned(),
        Some(serde_json::Value::Object(members)) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("{name} {}", plain(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Some(other) => plain(other),
    }
}
