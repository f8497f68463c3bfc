//! `picket rules`: rule sets looked at without an agent.

use std::{path::PathBuf, sync::Arc};

use super::{
    CliError, Exit,
    args::RulesAction,
    rules_check, rules_detection, rules_exclusions, rules_list, rules_own, rules_reload, rules_try,
    rules_use,
    screen::{Screen, grouped},
};
use crate::{
    api::Client,
    rules::{
        self, cases, catalog,
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
        RulesAction::List(asking) => rules_list::command(client, asking, screen),
        RulesAction::Exclusions { action } => rules_exclusions::command(client, action.as_ref(), screen),
        RulesAction::Try(args) => rules_try::command(client, args, screen),
        RulesAction::Check { paths, lenient } => rules_check::command(paths, *lenient, screen),
        RulesAction::Show { id, rules } => show(client, id, rules, screen),
        RulesAction::Save(args) => rules_own::save(client, args, screen),
        RulesAction::On { id } => rules_own::switch(client, id, true, screen),
        RulesAction::Off { id } => rules_own::switch(client, id, false, screen),
        RulesAction::Remove { id } => rules_own::remove(client, id, screen),
        RulesAction::Test { path } => test(path, screen),
        RulesAction::Use(args) => rules_use::command(client, args, screen),
        RulesAction::Reload => rules_reload::command(client, screen),
        RulesAction::Detection { action } => rules_detection::command(client, action, screen),
    }
}

pub(super) fn loaded(paths: &[PathBuf], lenient: bool) -> Result<Loaded, CliError> {
    let wanted = Wanted { paths: paths.to_vec(), lenient, ..Wanted::default() };
    load::load(&wanted).map_err(|error| CliError::Rules(error.to_string()))
}

fn show(client: &Client, id: &str, paths: &[PathBuf], screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let default = [PathBuf::from("default")];
    let loaded = loaded(if paths.is_empty() { &default } else { paths }, true)?;
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
        let entry = catalog::entries(&loaded).into_iter().find(|entry| entry.meta.id == id);
        if let Some(text) = entry.as_ref().and_then(catalog::source) {
            screen.line(text)?;
        }
        return Ok(Exit::Done);
    }
    let native = loaded.set.rules.iter().find(|rule| *rule.id == *id);
    let Some(rule) = native else {
        // One that was written to the agent, or that its configuration names.
        if paths.is_empty() && rules_own::show(client, id, screen)? {
            return Ok(Exit::Done);
        }
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
