//! `picket rules detection list`: which rules run, and why others don't.

use std::path::{Path, PathBuf};

use anstyle::AnsiColor;

use super::{CliError, Exit, Screen, Table, grouped, load, views};
use crate::{
    api::{
        Client,
        types::{DetectionRuleView, List},
    },
    cli::source::{Source, agent_or, configuration},
    detect::rules::{Places, configured as loaded},
    event::printable,
};

pub(super) fn command(
    client: &Client,
    files: &[PathBuf],
    config: Option<&Path>,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    let (source, rules) = rules(client, files, config)?;
    if screen.json {
        screen.json(&source.list(&rules))?;
        return Ok(Exit::Done);
    }
    print(&rules, screen)?;
    source.say(screen)?;
    Ok(Exit::Done)
}

/// As files have them, or a configuration; otherwise as the agent does, if there is one.
pub(super) fn rules(
    client: &Client,
    files: &[PathBuf],
    config: Option<&Path>,
) -> Result<(Source, Vec<DetectionRuleView>), CliError> {
    if !files.is_empty() {
        let which = format!("as {} has it", named(files));
        return Ok((Source::Files { which, why: None }, views(&load(files)?)));
    }
    if config.is_some() {
        return configured(config, None);
    }
    match agent_or(client, client.get::<List<DetectionRuleView>>("/v1/detection/rules", &[]))? {
        Ok(list) => Ok((Source::Agent, list.items)),
        Err(why) => configured(None, Some(why)),
    }
}

/// As a configuration has them.
fn configured(
    file: Option<&Path>,
    why: Option<&'static str>,
) -> Result<(Source, Vec<DetectionRuleView>), CliError> {
    let (config, which) = configuration(file)?;
    let loaded = loaded(&config.detection, Places::from(&config.geoip))
        .map_err(|error| CliError::Rules(error.to_string()))?;
    Ok((Source::Files { which, why }, views(&loaded)))
}

fn named(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn print(rules: &[DetectionRuleView], screen: &mut Screen<'_>) -> Result<(), CliError> {
    let mut headings = vec!["ID", "NAME", "METHOD", "SEVERITY", "BY"];
    let at_work = rules.iter().any(|rule| rule.state.is_some());
    if at_work {
        headings.extend([">GROUPS", ">SIGNALS", "LAST SIGNAL"]);
    }
    headings.push("STATE");
    let mut table = Table::new(&headings)
        .shrinking(&[("BY", 10), ("NAME", 16)])
        .dropping(&["METHOD", "BY", "NAME", "SIGNALS", "GROUPS"])
        .painted("STATE", |state| (state == "off").then_some(AnsiColor::Yellow));
    for rule in rules {
        let group = rule.queries.first().map(|query| query.group_by.as_slice()).unwrap_or_default();
        let mut row =
            vec![rule.id.clone(), rule.name.clone(), rule.method.clone(), severities(rule), by(group)];
        if at_work {
            let state = rule.state.clone().unwrap_or_default();
            let last = state.last_signal.map_or_else(|| "-".to_owned(), |last| screen.when(last));
            row.extend([grouped(state.groups), grouped(state.signals), last]);
        }
        row.push(if rule.enabled { "on" } else { "off" }.to_owned());
        table.row(row);
    }
    table.print(screen)?;
    for (rule, off) in rules.iter().filter_map(|rule| Some((rule, rule.off.as_ref()?))) {
        screen.line(format_args!("{} is {}", printable(&rule.id), printable(&off.message)))?;
    }
    Ok(())
}

/// From the least to the worst: `low to high`.
fn severities(rule: &DetectionRuleView) -> String {
    let all = rule.cases.iter().map(|case| case.severity);
    match (all.clone().min(), all.max()) {
        (Some(least), Some(worst)) if least != worst => format!("{least} to {worst}"),
        (Some(one), _) => one.to_string(),
        (None, _) => "-".to_owned(),
    }
}

/// What makes a group.
pub(super) fn by(group: &[impl AsRef<str>]) -> String {
    if group.is_empty() {
        return "everybody together".to_owned();
    }
    group.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}
