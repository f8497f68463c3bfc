//! Detection rules that are written to the running agent, switched, and forgotten.

use std::{fs, path::Path};

use serde_json::value::RawValue;

use super::{CliError, Exit, Screen, grouped};
use crate::{
    api::{
        Client,
        client::segment,
        types::{DetectionRuleDetails, RulesChecked, SwitchBody},
    },
    cli::{ask, asked::given},
    event::printable,
};

/// Saves the rule of a file; `dry_run`: only says what it would have raised.
pub fn save(
    client: &Client,
    file: &Path,
    dry_run: bool,
    from: &str,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    let text =
        fs::read_to_string(file).map_err(|error| CliError::Input(format!("{}: {error}", file.display())))?;
    let raw = RawValue::from_string(text)
        .map_err(|error| CliError::Rules(format!("{}: {error}", file.display())))?;
    if dry_run {
        let parameters = [("past", "true"), ("from", from)];
        let checked: RulesChecked =
            ask(client.patient().post("/v1/detection/check", &given(&parameters), &raw))?;
        if screen.json {
            screen.json(&checked)?;
            return Ok(Exit::Done);
        }
        let past = checked.past.unwrap_or_default();
        screen.line(format_args!(
            "it works; of {} stored events{} it would have raised {} signals",
            grouped(past.looked_at),
            if past.complete { "" } else { ", the newest," },
            grouped(past.signals)
        ))?;
        for signal in &past.examples {
            let line =
                format!("  {}  {}  {}", screen.when(signal.last_seen), signal.severity, signal.message);
            let line = screen.faint(&printable(&line));
            screen.line(line)?;
        }
        return Ok(Exit::Done);
    }
    let named: serde_json::Value = serde_json::from_str(raw.get()).unwrap_or_default();
    let Some(id) = named["id"].as_str() else {
        return Err(CliError::Rules(format!("{}: expected one rule with an \"id\"", file.display())));
    };
    let saved: DetectionRuleDetails =
        ask(client.patient().put(&format!("/v1/detection/rules/{}", segment(id)), &raw))?;
    said(&saved, "counts from now on", screen)
}

/// Switches a rule off, or on.
pub fn switch(client: &Client, id: &str, enabled: bool, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let route = format!("/v1/detection/rules/{}", segment(id));
    let rule: DetectionRuleDetails = ask(client.patient().patch(&route, &SwitchBody { enabled }))?;
    said(&rule, if enabled { "is switched on" } else { "is switched off" }, screen)
}

/// Forgets a rule that was written to the agent.
pub fn remove(client: &Client, id: &str, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let route = format!("/v1/detection/rules/{}", segment(id));
    let was: DetectionRuleDetails = ask(client.patient().delete(&route, &[]))?;
    said(&was, "is not kept any longer", screen)
}

fn said(rule: &DetectionRuleDetails, what: &str, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    if screen.json {
        screen.json(rule)?;
    } else {
        screen.line(format_args!("{} {what}", printable(&rule.rule.id)))?;
    }
    Ok(Exit::Done)
}
