//! `picket rules`: rule sets looked at without an agent.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc, time::Instant};

use serde::Serialize;

use super::{
    CliError, Exit,
    args::RulesAction,
    rules_reload, rules_use,
    screen::{Screen, grouped},
    table::Table,
};
use crate::{
    api::Client,
    rules::{
        self, cases,
        load::{self, Loaded, Wanted},
        program::{self, model::Step, run::Facts},
    },
};

pub(super) fn command(
    client: &Client,
    action: &RulesAction,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    match action {
        RulesAction::Check { paths, lenient } => check(paths, *lenient, screen),
        RulesAction::Show { id, rules } => show(id, rules, screen),
        RulesAction::Test { path } => test(path, screen),
        RulesAction::Use(args) => rules_use::command(client, args, screen),
        RulesAction::Reload => rules_reload::command(client, screen),
    }
}

fn loaded(paths: &[PathBuf], lenient: bool) -> Result<Loaded, CliError> {
    let wanted = Wanted { paths: paths.to_vec(), lenient, ..Wanted::default() };
    load::load(&wanted).map_err(|error| CliError::Rules(error.to_string()))
}

/// What `check` found.
#[derive(Serialize)]
struct Report {
    rules: usize,
    loaded_ms: u128,
    phases: BTreeMap<String, usize>,
    levels: BTreeMap<String, usize>,
    operators: BTreeMap<String, usize>,
    warnings: Vec<String>,
    left_out: Vec<String>,
}

fn check(paths: &[PathBuf], lenient: bool, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let began = Instant::now();
    let loaded = loaded(paths, lenient)?;
    let mut report = Report {
        rules: loaded.rules(),
        loaded_ms: began.elapsed().as_millis(),
        phases: BTreeMap::new(),
        levels: BTreeMap::new(),
        operators: BTreeMap::new(),
        warnings: loaded.engine.as_ref().map(program::engine::Engine::warnings).unwrap_or_default(),
        left_out: loaded.left_out.clone(),
    };
    for rule in &loaded.set.rules {
        *report.phases.entry("request".to_owned()).or_default() += 1;
        for condition in &rule.conditions {
            *report.operators.entry(condition.operator.name().to_owned()).or_default() += 1;
        }
    }
    for step in &loaded.script.steps {
        let Step::Rule(rule) = step else { continue };
        *report.phases.entry(format!("phase {}", rule.phase)).or_default() += 1;
        let level = rule.meta.tags.iter().find_map(|tag| tag.strip_prefix("paranoia-level/"));
        if let Some(level) = level {
            *report.levels.entry(format!("paranoia level {level}")).or_default() += 1;
        }
        for link in &rule.links {
            *report.operators.entry(format!("@{}", link.operator)).or_default() += 1;
        }
    }
    if screen.json {
        screen.json(&report)?;
        return Ok(Exit::Done);
    }
    screen.line(format_args!("{} rules, loaded in {} ms", grouped(report.rules as u64), report.loaded_ms))?;
    for counts in [&report.phases, &report.levels, &report.operators] {
        if counts.is_empty() {
            continue;
        }
        let mut table = Table::new(&["", "RULES"]);
        for (name, count) in counts {
            table.row([name.clone(), grouped(*count as u64)]);
        }
        table.print(screen)?;
    }
    for warning in &report.warnings {
        screen.warning(warning)?;
    }
    for left_out in &report.left_out {
        screen.warning(&format!("left out: {left_out}"))?;
    }
    Ok(Exit::Done)
}

fn show(id: &str, paths: &[PathBuf], screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let loaded = loaded(paths, true)?;
    for step in &loaded.script.steps {
        let Step::Rule(rule) = step else { continue };
        if rule.meta.id.to_string() != id {
            continue;
        }
        let place = &rule.meta.place;
        if screen.json {
            screen.json(&serde_json::json!({
                "id": id, "phase": rule.phase, "message": rule.meta.message, "tags": rule.meta.tags,
                "severity": rule.meta.severity, "place": place.to_string(), "links": rule.links.len(),
            }))?;
            return Ok(Exit::Done);
        }
        screen.line(format_args!("{} {}", screen.bold(id), rule.meta.message))?;
        screen.line(screen.faint(&format!("phase {}, {place}", rule.phase)))?;
        screen.line(screen.faint(&rule.meta.tags.join(" ")))?;
        for link in &rule.links {
            screen.line(source(&link.place.file, link.place.line))?;
        }
        return Ok(Exit::Done);
    }
    let native = loaded.set.rules.iter().find(|rule| *rule.id == *id);
    let Some(rule) = native else {
        return Err(CliError::Rules(format!("there is no rule {id} among them")));
    };
    if screen.json {
        let reason = rules::reason(id);
        screen.json(
            &serde_json::json!({ "id": id, "message": rule.name, "tags": rule.tags, "reason": reason }),
        )?;
    } else {
        screen.line(format_args!("{} {}", screen.bold(id), rule.name))?;
        let tags: Vec<String> = rule.tags.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        screen.line(screen.faint(&tags.join(" ")))?;
        for condition in &rule.conditions {
            let inputs: Vec<_> = condition.inputs.iter().map(|input| input.address.name()).collect();
            screen.line(format_args!("  {} on {}", condition.operator.name(), inputs.join(", ")))?;
        }
        if let Some(reason) = rules::reason(id) {
            screen.line(reason)?;
        }
    }
    Ok(Exit::Done)
}

/// The directive that begins at a line of a file.
fn source(file: &str, line: u32) -> String {
    let Ok(text) = fs::read_to_string(file) else { return String::new() };
    let mut shown = Vec::new();
    for line in text.lines().skip(line as usize - 1) {
        shown.push(line);
        if !line.trim_end().ends_with('\\') {
            break;
        }
    }
    shown.join("\n")
}

fn test(path: &PathBuf, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let loaded = loaded(std::slice::from_ref(path), false)?;
    let all = cases::beside(path).map_err(|error| CliError::Rules(error.to_string()))?;
    let mut scratch = program::run::Scratch::default();
    let (mut ran, mut failed) = (0u64, 0u64);
    for of in &all {
        let wanted =
            of.matches.iter().map(|case| (case, true)).chain(of.clean.iter().map(|case| (case, false)));
        for (case, expected) in wanted {
            let exchange = case.exchange();
            // Each case stands for itself.
            scratch.share(Arc::default());
            let facts = Facts::of_client([192, 0, 2, 1].into(), 0);
            let held = loaded.engine.as_ref().is_some_and(|engine| {
                let verdict =
                    engine.judge(&exchange.request, exchange.response.as_ref(), &facts, &mut scratch);
                verdict.matches().iter().any(|found| found.rule.id == of.rule)
                    || verdict.hits.iter().any(|hit| hit.rule.id.to_string() == of.rule)
            });
            ran += 1;
            if held != expected {
                failed += 1;
                let says = if expected { "does not hold on" } else { "holds on" };
                screen.line(format_args!("rule {} {says} {}", of.rule, case.shown()))?;
            }
        }
    }
    if screen.json {
        screen.json(&serde_json::json!({ "cases": ran, "failed": failed }))?;
    } else {
        screen.line(format_args!("{} cases, {} failed", grouped(ran), grouped(failed)))?;
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}
