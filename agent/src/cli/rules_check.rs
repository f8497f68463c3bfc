//! `picket rules check`: what is in rule files, and what is doubtful about it.

use std::{collections::BTreeMap, path::PathBuf, time::Instant};

use serde::Serialize;

use super::{
    CliError, Exit,
    rules::loaded,
    screen::{Screen, grouped},
    table::Table,
};
use crate::rules::{
    inapp::{self, Unseen, ast},
    load::Loaded,
    program::{self, model::Step},
};

/// Rules that are named one by one; of more, the JSON output has all.
const NAMED: usize = 12;

/// What was found.
#[derive(Serialize)]
struct Report {
    /// Rules that are asked.
    rules: usize,
    loaded_ms: u128,
    phases: BTreeMap<String, usize>,
    levels: BTreeMap<String, usize>,
    operators: BTreeMap<String, usize>,
    /// Beside rules: exclusions, processors, scanners…
    beside: BTreeMap<&'static str, usize>,
    /// In-App WAF rules that can never hold here: what they look at is known only inside the service's process.
    never: Vec<NotSeen>,
    /// Those that are asked without some of their inputs, for the same reason.
    partly: Vec<NotSeen>,
    warnings: Vec<String>,
    left_out: Vec<String>,
}

/// A rule with inputs that can't be had from outside of the service.
#[derive(Serialize)]
struct NotSeen {
    rule: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<&'static str>,
    /// Each with the reason.
    addresses: BTreeMap<String, String>,
}

pub(super) fn command(paths: &[PathBuf], lenient: bool, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let began = Instant::now();
    let loaded = loaded(paths, lenient)?;
    let mut report = Report {
        rules: loaded.rules(),
        loaded_ms: began.elapsed().as_millis(),
        phases: BTreeMap::new(),
        levels: BTreeMap::new(),
        operators: BTreeMap::new(),
        beside: BTreeMap::new(),
        never: Vec::new(),
        partly: Vec::new(),
        warnings: loaded.engine.as_ref().map(program::engine::Engine::warnings).unwrap_or_default(),
        left_out: loaded.left_out.clone(),
    };
    report.warnings.extend(loaded.warnings.iter().cloned());
    report.in_app(&loaded);
    report.seclang(&loaded);
    if screen.json {
        screen.json(&report)?;
    } else {
        report.print(screen)?;
    }
    Ok(Exit::Done)
}

impl Report {
    fn in_app(&mut self, loaded: &Loaded) {
        let of = inapp::Report::of(&loaded.set);
        for rule in loaded.set.rules.iter().filter(|rule| rule.enabled) {
            let inputs = rule.conditions.iter().flat_map(ast::Condition::every_input);
            let response = inputs
                .into_iter()
                .any(|input| matches!(&input.address, ast::Address::Known(known) if known.is_response()));
            let phase = if response { "response" } else { "request" };
            *self.phases.entry(phase.to_owned()).or_default() += 1;
        }
        for (name, count) in of.operators {
            *self.operators.entry(name).or_default() += count;
        }
        for (name, count) in [
            ("rules that are disabled", of.disabled),
            ("rules that block", of.blocking),
            ("custom rules", of.custom),
            ("exclusions", of.exclusions),
            ("processors", of.processors),
            ("scanners", of.scanners),
            ("values of data", of.values),
        ] {
            if count > 0 {
                self.beside.insert(name, count);
            }
        }
        for (address, inputs) in of.unknown {
            self.warnings
                .push(format!("no such address: {address} ({inputs} inputs): nothing is ever there"));
        }
        self.never = of.never.iter().map(NotSeen::of).collect();
        self.partly = of.partly.iter().map(NotSeen::of).collect();
    }

    fn seclang(&mut self, loaded: &Loaded) {
        for step in &loaded.script.steps {
            let Step::Rule(rule) = step else { continue };
            *self.phases.entry(format!("phase {}", rule.phase)).or_default() += 1;
            let level = rule.meta.tags.iter().find_map(|tag| tag.strip_prefix("paranoia-level/"));
            if let Some(level) = level {
                *self.levels.entry(format!("paranoia level {level}")).or_default() += 1;
            }
            for link in &rule.links {
                *self.operators.entry(format!("@{}", link.operator)).or_default() += 1;
            }
        }
    }

    fn print(&self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        screen.line(format_args!("{} rules, loaded in {} ms", grouped(self.rules as u64), self.loaded_ms))?;
        for (counts, heading) in
            [(&self.phases, "RULES"), (&self.levels, "RULES"), (&self.operators, "CONDITIONS")]
        {
            table(counts.iter().map(|(name, count)| (name.as_str(), *count)), heading, screen)?;
        }
        table(self.beside.iter().map(|(name, count)| (*name, *count)), "BESIDE", screen)?;
        for (rules, what) in [
            (&self.never, "can never hold: what they look at is known only inside the service's process"),
            (&self.partly, "are asked without some of their inputs, which are known only there"),
        ] {
            if rules.is_empty() {
                continue;
            }
            screen.line(format_args!("\n{} rules {what}", grouped(rules.len() as u64)))?;
            for rule in rules.iter().take(NAMED) {
                let mut missing: Vec<&str> = rule.operator.into_iter().collect();
                missing.extend(rule.addresses.keys().map(String::as_str));
                let told = format!("  {}  {}: {}", rule.rule, rule.name, missing.join(", "));
                screen.line(screen.faint(&told))?;
            }
            if rules.len() > NAMED {
                let more = format!("  and {} more; --json names them all", rules.len() - NAMED);
                screen.line(screen.faint(&more))?;
            }
        }
        for warning in &self.warnings {
            screen.warning(warning)?;
        }
        for left_out in &self.left_out {
            screen.warning(&format!("left out: {left_out}"))?;
        }
        Ok(())
    }
}

fn table<'c>(
    counts: impl Iterator<Item = (&'c str, usize)>,
    heading: &'static str,
    screen: &mut Screen<'_>,
) -> Result<(), CliError> {
    let mut table = Table::new(&["", heading]);
    let mut any = false;
    for (name, count) in counts {
        table.row([name.to_owned(), grouped(count as u64)]);
        any = true;
    }
    if any {
        table.print(screen)?;
    }
    Ok(())
}

impl NotSeen {
    fn of(rule: &Unseen) -> Self {
        Self {
            rule: rule.rule.to_string(),
            name: rule.name.clone(),
            operator: rule.operator,
            addresses: rule.addresses.iter().map(|(name, why)| (name.to_string(), why.clone())).collect(),
        }
    }
}
