//! `picket rules detection show`: what a rule counts, by whom, and when that is how bad.

use std::{path::PathBuf, time::Duration};

use anstyle::AnsiColor;

use super::{CliError, Exit, Screen, Table, grouped, list};
use crate::{
    api::{
        Client,
        types::{CaseView, DetectionRuleView},
    },
    cli::{duration, facts::Facts, signals::severity_colour},
    event::printable,
};

pub(super) fn command(
    client: &Client,
    id: &str,
    files: &[PathBuf],
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    let (source, rules) = list::rules(client, files, None)?;
    let Some(rule) = rules.iter().find(|rule| rule.id == id) else {
        let near = rules
            .iter()
            .map(|rule| (strsim::damerau_levenshtein(&rule.id, id), &rule.id))
            .filter(|(distance, _)| *distance <= 3)
            .min();
        let near = near.map(|(_, near)| format!(": did you mean {near}?")).unwrap_or_default();
        return Err(CliError::Rules(format!("there is no detection rule {id} among them{near}")));
    };
    if screen.json {
        screen.json(rule)?;
        return Ok(Exit::Done);
    }
    print(rule, screen)?;
    source.say(screen)?;
    Ok(Exit::Done)
}

fn print(rule: &DetectionRuleView, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let (title, name) = (screen.bold(&printable(&rule.id)), printable(&rule.name));
    let off = if rule.enabled { "" } else { "  switched off" };
    screen.line(format_args!("{title}  {name}{off}"))?;
    if let Some(off) = &rule.off {
        let line = screen.paint(AnsiColor::Yellow, &printable(&off.message));
        screen.line(line)?;
    }
    let mut facts = Facts::default();
    facts.fact("says", rule.message.as_str());
    facts.maybe("tags", Some(rule.tags.join(" ")));
    facts.fact("method", rule.method.as_str());
    let group = rule.queries.first().map(|query| query.group_by.as_slice()).unwrap_or_default();
    facts.fact("by", list::by(group));
    for query in &rule.queries {
        let of = if query.query.trim().is_empty() { "all events" } else { &query.query };
        facts.fact("counts", format!("{}: {} of {of}", query.name, query.aggregation));
    }
    for step in &rule.steps {
        facts.fact("step", format!("{}: {}", step.name, step.condition));
    }
    for filter in &rule.filters {
        facts.fact(if filter.require { "only" } else { "but not" }, filter.query.as_str());
    }
    facts.fact("looks back", seconds(rule.window_seconds));
    let (alive, most) = (seconds(rule.keep_alive_seconds), seconds(rule.max_duration_seconds));
    facts.fact("goes on for", format!("{alive} after the last, at most {most}"));
    if let Some(state) = &rule.state {
        let last =
            state.last_signal.map(|last| format!(", the last {}", screen.when(last))).unwrap_or_default();
        facts.fact("counts now", format!("{} groups", grouped(state.groups)));
        facts.fact("signals", format!("{} stored{last}", grouped(state.signals)));
    }
    facts.maybe("file", rule.file.clone());
    facts.print(screen)?;
    screen.line("")?;
    let mut table = Table::new(&["SEVERITY", "WHEN", "CASE", "DOES"])
        .shrinking(&[("CASE", 8), ("WHEN", 12)])
        .painted("SEVERITY", severity_colour);
    for case in &rule.cases {
        let name = case.severity.name().to_owned();
        table.row([name, case.condition.clone(), case.name.clone(), does(case)]);
    }
    table.print(screen)?;
    Ok(())
}

fn seconds(seconds: u64) -> String {
    match seconds {
        0 => "at nothing but the event itself".to_owned(),
        seconds => duration::short(Duration::from_secs(seconds)),
    }
}

fn does(case: &CaseView) -> String {
    let acts: Vec<String> = case
        .actions
        .iter()
        .map(|action| match action.duration {
            0 => format!("{} for good", action.kind.name()),
            length => format!("{} for {}", action.kind.name(), seconds(length)),
        })
        .collect();
    if acts.is_empty() { "nothing".to_owned() } else { acts.join(", ") }
}
