//! `picket services policy`: how the requests to a service are judged.

use crate::{
    api::{
        Client,
        client::segment,
        types::{PolicyBody, ServicePolicy},
    },
    cli::{CliError, Exit, ask, facts::Facts, rules_exclusions::said, screen::Screen},
    event::printable,
    rules::policy::Mode,
};

pub(super) fn command(
    client: &Client,
    name: &str,
    mode: Option<Mode>,
    reset: bool,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    let path = format!("/v1/services/{}/policy", segment(name));
    let policy: ServicePolicy = match mode {
        Some(mode) => ask(client.put(&path, &PolicyBody { mode }))?,
        None if reset => ask(client.delete(&path, &[]))?,
        None => ask(client.get(&path, &[]))?,
    };
    if screen.json {
        screen.json(&policy)?;
        return Ok(Exit::Done);
    }
    print(&policy, screen)?;
    Ok(Exit::Done)
}

fn print(policy: &ServicePolicy, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let mode = match &policy.set {
        Some(set) => format!("{}, set by {} {}", set.mode, set.by, screen.when(set.since)),
        None => "as the configuration says".to_owned(),
    };
    screen.line(format_args!("{}: {}", screen.bold(&printable(&policy.service)), printable(&mode)))?;
    let mut facts = Facts::default();
    for listener in &policy.listeners {
        let configured = match (listener.configured, listener.mode) {
            (configured, mode) if configured == mode => String::new(),
            (configured, _) => format!("; the configuration says {configured}"),
        };
        facts.fact("listens on", listener.listen.to_string());
        facts.fact("policy", format!("{} ({}{configured})", listener.policy, listener.mode));
        for exclusion in &listener.exclusions {
            facts.fact("left alone", said(exclusion));
        }
    }
    if policy.listeners.is_empty() {
        facts.fact("", "it had no requests since the agent started");
    }
    facts.maybe("note", policy.note.clone());
    facts.print(screen)?;
    Ok(())
}
