//! Rules that judge requests, written to the running agent, switched, and forgotten.

use super::{
    CliError, Exit,
    args::SaveArgs,
    ask,
    asked::given,
    rules_try::{past, text as read},
    screen::Screen,
};
use crate::{
    api::{
        Client,
        client::segment,
        types::{RuleBody, RuleDetails, SwitchBody, TrialBody, Tried},
    },
    event::printable,
    rules::own,
};

/// Saves the rule of a file; `--dry-run`: only says what it would have matched.
pub(super) fn save(client: &Client, args: &SaveArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let (text, name) = (read(&args.file)?, args.file.display().to_string());
    let id = own::id_in(&name, &text).map_err(|error| CliError::Rules(error.to_string()))?;
    if !args.dry_run {
        let body = RuleBody { text };
        let saved: RuleDetails = ask(client.patient().put(&route(&id), &body))?;
        return said(&saved, "judges requests from now on", screen);
    }
    let body = TrialBody { text: Some(text), own: true, past: true, ..TrialBody::default() };
    let from = args.from.to_string();
    let tried: Tried =
        ask(client.patient().post("/v1/rules/try", &given(&[("from", from.as_str())]), &body))?;
    if screen.json {
        screen.json(&tried)?;
        return Ok(Exit::Done);
    }
    for warning in &tried.warnings {
        screen.warning(warning)?;
    }
    screen.line(format_args!("{} works", printable(&id)))?;
    tried.past.as_ref().map_or(Ok(()), |tried| past(tried, screen))?;
    Ok(Exit::Done)
}

/// Switches a rule off, or on.
pub(super) fn switch(
    client: &Client,
    id: &str,
    enabled: bool,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    let rule: RuleDetails = ask(client.patient().patch(&route(id), &SwitchBody { enabled }))?;
    said(&rule, if enabled { "is switched on" } else { "is switched off" }, screen)
}

/// Forgets a rule that was written to the agent.
pub(super) fn remove(client: &Client, id: &str, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let was: RuleDetails = ask(client.patient().delete(&route(id), &[]))?;
    said(&was, "is not kept any longer", screen)
}

/// Shows a rule as the agent has it; false: it does not know it either, or there is no agent.
pub(super) fn show(client: &Client, id: &str, screen: &mut Screen<'_>) -> Result<bool, CliError> {
    let Ok(rule) = ask::<RuleDetails>(client.get(&route(id), &[])) else { return Ok(false) };
    if screen.json {
        screen.json(&rule)?;
        return Ok(true);
    }
    let view = &rule.rule;
    screen.line(format_args!("{} {}", screen.bold(&printable(&view.id)), printable(&view.name)))?;
    let tags: Vec<String> = view.tags.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    screen.line(screen.faint(&printable(&tags.join(" "))))?;
    if let Some(kept) = &view.kept {
        let what = if kept.written { "written" } else { "switched" };
        let off = if kept.off { ", switched off" } else { "" };
        let line = format!("{what} by {}, {}{off}", kept.by, screen.when(kept.at));
        screen.line(screen.faint(&printable(&line)))?;
    }
    if let Some(never) = &view.never {
        screen.warning(never)?;
    }
    for line in rule.text.iter().flat_map(|text| text.lines()) {
        screen.line(printable(line))?;
    }
    Ok(true)
}

fn route(id: &str) -> String {
    format!("/v1/rules/{}", segment(id))
}

fn said(rule: &RuleDetails, what: &str, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    if screen.json {
        screen.json(rule)?;
    } else {
        screen.line(format_args!("{} {what}", printable(&rule.rule.id)))?;
    }
    Ok(Exit::Done)
}
