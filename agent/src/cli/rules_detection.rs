//! `picket rules detection`: what raises signals. Files are checked and tried without an agent.

mod list;
mod own;
mod show;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{
    CliError, Exit,
    args::DetectionAction,
    screen::{Screen, grouped},
    table::Table,
};
use crate::{
    api::{Client, types::DetectionRuleView},
    detect::{
        Detection,
        rules::{self, Loaded},
        scenario::{Outcome, Scenario},
    },
    event::printable,
    limits::DETECT_FILE,
};

/// The folder of scenarios, beside rules.
const SCENARIOS: &str = "scenarios";

pub(super) fn command(
    client: &Client,
    action: &DetectionAction,
    screen: &mut Screen<'_>,
) -> Result<Exit, CliError> {
    match action {
        DetectionAction::Check { paths } => check(paths, screen),
        DetectionAction::Test { paths } => test(paths, screen),
        DetectionAction::List { rules, config } => list::command(client, rules, config.as_deref(), screen),
        DetectionAction::Save { file, dry_run, from } => {
            own::save(client, file, *dry_run, &from.to_string(), screen)
        }
        DetectionAction::On { id } => own::switch(client, id, true, screen),
        DetectionAction::Off { id } => own::switch(client, id, false, screen),
        DetectionAction::Remove { id } => own::remove(client, id, screen),
        DetectionAction::Show { id, rules } => show::command(client, id, rules, screen),
    }
}

fn load(paths: &[PathBuf]) -> Result<Loaded, CliError> {
    rules::load(paths).map_err(|error| CliError::Rules(error.to_string()))
}

fn views(loaded: &Loaded) -> Vec<DetectionRuleView> {
    loaded.rules.iter().map(|rule| DetectionRuleView::of(rule, loaded)).collect()
}

fn check(paths: &[PathBuf], screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let loaded = load(paths)?;
    // What can't run together is refused here, too.
    detection(&loaded)?;
    if screen.json {
        screen.json(&serde_json::json!({
            "rules": views(&loaded), "files": loaded.files, "replaced": loaded.replaced,
        }))?;
        return Ok(Exit::Done);
    }
    let off = loaded.rules.iter().filter(|rule| !rule.enabled).count();
    let off = if off > 0 { format!(", {} of them switched off", grouped(off as u64)) } else { String::new() };
    let files = match loaded.files.len() {
        0 => String::new(),
        1 => ", from 1 file".to_owned(),
        files => format!(", from {} files", grouped(files as u64)),
    };
    screen.line(format_args!("{} detection rules work{off}{files}", grouped(loaded.rules.len() as u64)))?;
    for id in &loaded.replaced {
        screen.line(format_args!("  {} takes the place of the one compiled in", printable(id)))?;
    }
    for rule in loaded.rules.iter().filter(|rule| rule.cases.iter().any(|case| !case.actions.is_empty())) {
        let acts: BTreeSet<&str> =
            rule.cases.iter().flat_map(|case| &case.actions).map(|action| action.kind.name()).collect();
        let acts: Vec<&str> = acts.into_iter().collect();
        screen.line(format_args!("  {} acts: {}", printable(&rule.id), acts.join(", ")))?;
    }
    Ok(Exit::Done)
}

/// Detection with rules that were loaded, nothing seen yet.
fn detection(loaded: &Loaded) -> Result<Detection, CliError> {
    // No attacker chooses what is in a scenario: any seed will do, and the same one gives the same result.
    Detection::new(&loaded.rules, [7; 16]).map_err(|error| CliError::Rules(error.to_string()))
}

/// A scenario that came out otherwise than it says.
#[derive(serde::Serialize)]
struct Failed {
    file: String,
    scenario: String,
    missing: Vec<String>,
    unexpected: Vec<String>,
}

fn test(paths: &[PathBuf], screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let loaded = load(paths)?;
    let fresh = detection(&loaded)?;
    let mut ran = 0u64;
    let mut failed: Vec<Failed> = Vec::new();
    let mut raised: BTreeSet<String> = BTreeSet::new();
    for file in scenario_files(paths)? {
        let name = file.display().to_string();
        let text = read(&file).map_err(|error| CliError::Input(format!("{name}: {error}")))?;
        let scenarios = Scenario::read(&text).map_err(|error| CliError::Rules(format!("{name}: {error}")))?;
        for scenario in scenarios {
            let outcome = scenario.judge(scenario.play(&mut fresh.clone()));
            ran += 1;
            raised.extend(outcome.signals.iter().map(|signal| signal.rule.clone()));
            if !outcome.is_right() {
                failed.push(Failed::of(&name, &scenario, &outcome));
            }
        }
    }
    if ran == 0 {
        return Err(CliError::Rules(
            "no scenarios: expected files *.jsonl in the folder `scenarios` beside the rules (docs/detection.md)".to_owned(),
        ));
    }
    let never: Vec<&str> = loaded
        .rules
        .iter()
        .filter(|rule| rule.enabled && !raised.contains(&*rule.id))
        .map(|rule| &*rule.id)
        .collect();
    if screen.json {
        screen.json(&serde_json::json!({
            "scenarios": ran, "failed": failed, "rules": loaded.rules.len(), "never_raised": never,
        }))?;
    } else {
        for failed in &failed {
            failed.print(screen)?;
        }
        screen.line(format_args!("{} scenarios, {} failed", grouped(ran), grouped(failed.len() as u64)))?;
        if !never.is_empty() {
            screen.warning(&format!("no scenario raises {}", never.join(", ")))?;
        }
    }
    Ok(if failed.is_empty() { Exit::Done } else { Exit::Failed })
}

impl Failed {
    fn of(file: &str, scenario: &Scenario, outcome: &Outcome) -> Self {
        let group = |group: &std::collections::BTreeMap<String, String>| {
            group.iter().map(|(name, value)| format!(" {name}:{value}")).collect::<String>()
        };
        let unexpected = outcome.unexpected.iter().filter_map(|at| outcome.signals.get(*at));
        Self {
            file: file.to_owned(),
            scenario: scenario.name.clone(),
            missing: outcome
                .missing
                .iter()
                .map(|expected| format!("{} {}{}", expected.rule, expected.severity, group(&expected.group)))
                .collect(),
            unexpected: unexpected
                .map(|signal| format!("{} {}{}", signal.rule, signal.severity, group(&signal.group)))
                .collect(),
        }
    }

    fn print(&self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        screen.line(printable(&format!("{}: {}", self.file, self.scenario)))?;
        for missing in &self.missing {
            screen.line(format_args!("  did not come: {}", printable(missing)))?;
        }
        for unexpected in &self.unexpected {
            screen.line(format_args!("  not expected: {}", printable(unexpected)))?;
        }
        Ok(())
    }
}

/// The files beside what was named, in their order, each once. What is compiled in has none here.
fn scenario_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut files = BTreeSet::new();
    for path in paths.iter().filter(|path| *path != Path::new("default")) {
        let is_directory = path.is_dir();
        let folder = if is_directory { path.join(SCENARIOS) } else { path.with_file_name(SCENARIOS) };
        // Of one file, those that have its name, where there are such.
        let own = path.file_stem().map(|stem| folder.join(stem).with_extension("jsonl"));
        if let Some(own) = own.filter(|own| !is_directory && own.is_file()) {
            files.insert(own);
            continue;
        }
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(CliError::Input(format!("{}: {error}", folder.display()))),
        };
        for entry in entries {
            let file =
                entry.map_err(|error| CliError::Input(format!("{}: {error}", folder.display())))?.path();
            if file.extension().is_some_and(|ending| ending == "jsonl") {
                files.insert(file);
            }
        }
    }
    Ok(files.into_iter().collect())
}

fn read(file: &Path) -> std::io::Result<String> {
    let size = fs::metadata(file)?.len();
    if size > DETECT_FILE {
        return Err(std::io::Error::other(format!("{size} bytes; at most {DETECT_FILE} are read")));
    }
    fs::read_to_string(file)
}
