//! `picket rules reload`.

use super::{
    CliError, Exit, ask,
    screen::{Screen, grouped},
};
use crate::api::{Client, Reloaded};

pub(super) fn command(client: &Client, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let reloaded = ask(client.reload())?;
    if screen.json {
        screen.json(&reloaded)?;
    } else {
        show(&reloaded, screen)?;
    }
    Ok(Exit::Done)
}

/// What came into force.
pub(super) fn show(reloaded: &Reloaded, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let Reloaded { changes, needs_restart, generation, config, files, rules, policies, warnings, took_ms } =
        reloaded;
    let policies = match policies {
        0 => String::new(),
        1 => ", 1 policy besides the default".to_owned(),
        more => format!(", {more} policies besides the default"),
    };
    let rules = screen.bold(&format!("{} rules", grouped(*rules)));
    screen.line(format_args!(
        "in force: {rules}{policies}; read and compiled in {took_ms} ms (settings number {generation})"
    ))?;
    let config = config.as_deref().unwrap_or("no configuration file");
    screen.line(screen.faint(&crate::event::printable(config)))?;
    for file in files {
        screen.line(screen.faint(&crate::event::printable(file)))?;
    }
    if !changes.is_empty() {
        screen.line(format_args!("changed: {}", changes.join(", ")))?;
    }
    if !needs_restart.is_empty() {
        screen
            .line(format_args!("changed, but only a restart takes it over: {}", needs_restart.join(", ")))?;
    }
    for warning in warnings {
        screen.warning(warning)?;
    }
    Ok(())
}
