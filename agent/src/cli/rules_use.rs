//! `picket rules use`: what services are judged by, written into the configuration.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anstyle::AnsiColor;
use serde_json::json;
use toml_edit::{DocumentMut, Item, Table, value};

use super::{
    CliError, Exit,
    args::{UseArgs, Whose},
    ask, rules_reload,
    screen::{Screen, grouped},
};
use crate::{
    api::{Client, ClientError},
    config::{Config, DEFAULT_PATH, RuleSource},
    event::printable,
    pipeline::Settings,
    rules::policy::Rules,
};

/// Where packages put CRS: Debian's `modsecurity-crs`, and what administrators unpack beside its set-up.
const PLACES: [&str; 3] =
    ["/usr/share/modsecurity-crs", "/etc/modsecurity/crs", "/usr/local/share/coreruleset"];

pub(super) fn command(client: &Client, args: &UseArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let crs = match (args.what, &args.path) {
        (Whose::Crs, Some(path)) => Some(release(path)?),
        (Whose::Crs, None) => Some(installed(&PLACES.map(Path::new))?),
        (Whose::Default, None) => None,
        (Whose::Default, Some(_)) => {
            return Err(CliError::Rules("`default` takes no PATH: these rules are compiled in".to_owned()));
        }
    };
    let file = std::path::absolute(&args.config).map_err(|error| wrong(&args.config, &error))?;
    let before = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(wrong(&file, &error)),
    };
    let after = edited(&before, &file, crs.as_deref())?;
    // What is written works: everything is read and compiled before.
    let refused = |error: &dyn std::fmt::Display| CliError::Rules(format!("nothing is changed: {error}"));
    let config = Config::parse_at(after.as_bytes(), &file).map_err(|error| refused(&error))?;
    let settings = Settings::make(&config, 0).map_err(|error| refused(&error))?;
    let Some(rules) = settings.policies.iter().next().map(|policy| policy.rules()) else {
        return Ok(Exit::Failed);
    };
    let changed = before != after;
    if !screen.json {
        say(rules, crs.as_deref(), screen)?;
        others(&config, screen)?;
    }
    if args.dry_run {
        if screen.json {
            screen.json(&report(&file, crs.as_deref(), rules, changed, None))?;
        } else {
            diff(&file, &before, &after, screen)?;
        }
        return Ok(Exit::Done);
    }
    if changed {
        write(&file, &after)?;
    }
    let reloaded = match ask(client.reload()) {
        Ok(reloaded) => Some(reloaded),
        Err(CliError::Client(ClientError::NotRunning { .. })) => None,
        Err(error) => return Err(error),
    };
    // Another agent's file than the one that was changed.
    let elsewhere =
        reloaded.as_ref().filter(|reloaded| reloaded.config.as_deref().map(Path::new) != Some(&*file));
    if screen.json {
        let in_force = reloaded.is_some() && elsewhere.is_none();
        screen.json(&report(&file, crs.as_deref(), rules, changed, Some(in_force)))?;
        return Ok(Exit::Done);
    }
    let path = printable(&file.display().to_string()).into_owned();
    screen.line(if changed { format!("written to {path}") } else { format!("{path} says so already") })?;
    match (&reloaded, elsewhere) {
        (None, _) => {
            let option =
                if file == Path::new(DEFAULT_PATH) { String::new() } else { format!(" --config {path}") };
            screen.line(format_args!(
                "no agent runs here; it comes into force with: sudo picket run{option}"
            ))?;
        }
        (Some(_), Some(reloaded)) => {
            let theirs = reloaded.config.as_deref().unwrap_or("no configuration file");
            screen.warning(&format!(
                "the agent that runs has {theirs}: start it with --config {path}, or change its own with --config"
            ))?;
        }
        (Some(reloaded), None) => rules_reload::show(reloaded, screen)?,
    }
    Ok(Exit::Done)
}

fn wrong(path: &Path, error: &io::Error) -> CliError {
    CliError::Input(format!("{}: {error}", path.display()))
}

/// Whether a directory has rules of CRS: a release, or what a package made of one.
fn is_release(directory: &Path) -> bool {
    fs::read_dir(directory.join("rules")).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("REQUEST-901-"))
    })
}

/// A release at a path a person gave.
fn release(path: &Path) -> Result<PathBuf, CliError> {
    let path = fs::canonicalize(path).map_err(|error| wrong(path, &error))?;
    if is_release(&path) {
        return Ok(path);
    }
    let within = fs::read_dir(&path).ok().into_iter().flatten().flatten().map(|entry| entry.path());
    let above = path.parent().map(Path::to_owned);
    let near = within.chain(above).find(|near| is_release(near));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {}?", near.display()));
    Err(CliError::Rules(format!(
        "{}: no release of OWASP CRS: expected a directory with crs-setup.conf (or .example) and rules/REQUEST-901-INITIALIZATION.conf{hint}",
        path.display()
    )))
}

fn installed(places: &[&Path]) -> Result<PathBuf, CliError> {
    places.iter().find(|place| is_release(place)).map(|place| place.to_path_buf()).ok_or_else(|| {
        let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        CliError::Rules(format!(
            "OWASP CRS is not installed (looked in {}): apt install modsecurity-crs, or download a release from https://coreruleset.org, unpack it, and give its directory: picket rules use crs PATH",
            places.join(", ")
        ))
    })
}

/// The text of a configuration with other rules; comments and all else stay as they are.
fn edited(text: &str, file: &Path, crs: Option<&Path>) -> Result<String, CliError> {
    // A file that is wrong already is a person's to mend; this error says where.
    let config = Config::parse_at(text.as_bytes(), file)
        .map_err(|error| CliError::Rules(format!("nothing is changed: {error}")))?;
    let mut document: DocumentMut =
        text.parse().map_err(|error| CliError::Rules(format!("{}: {error}", file.display())))?;
    let wanted_crs = config.rules.crs.as_deref() != crs;
    let builtin = crs.is_none() && !config.rules.builtin;
    let listed: Vec<usize> = (config.rules.files.iter().enumerate())
        .filter(|(_, path)| crs.is_some_and(|crs| same(path, crs)))
        .map(|(at, _)| at)
        .collect();
    if !wanted_crs && !builtin && listed.is_empty() {
        return Ok(text.to_owned());
    }
    let rules = document.entry("rules").or_insert_with(|| Item::Table(Table::new()));
    let not_a_table = || CliError::Rules(format!("{}: expected [rules] to be a section", file.display()));
    let rules = rules.as_table_like_mut().ok_or_else(not_a_table)?;
    match crs {
        Some(crs) if wanted_crs => {
            rules.insert("crs", value(crs.display().to_string()));
        }
        Some(_) => {}
        None => {
            rules.remove("crs");
        }
    }
    if builtin {
        rules.remove("builtin");
    }
    // It would be read twice.
    if let Some(files) = rules.get_mut("files").and_then(Item::as_array_mut) {
        for at in listed.into_iter().rev() {
            files.remove(at);
        }
    }
    Ok(document.to_string())
}

fn same(a: &Path, b: &Path) -> bool {
    a == b || fs::canonicalize(a).ok().zip(fs::canonicalize(b).ok()).is_some_and(|(a, b)| a == b)
}

/// What is going to judge.
fn say(rules: &Rules, crs: Option<&Path>, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let total = grouped(rules.count() as u64);
    let Some(path) = crs else {
        screen.line(format_args!("Picket's own rules judge: {total} rules in all"))?;
        return Ok(());
    };
    let version = rules.crs().unwrap_or("of an unknown release");
    let name = screen.bold(&format!("OWASP CRS {}", printable(version)));
    screen.line(format_args!(
        "{name} in {} judges: {total} rules in all",
        printable(&path.display().to_string())
    ))?;
    let list = |types: BTreeMap<&str, usize>| {
        types.into_iter().map(|(kind, count)| format!("{kind} ({count})")).collect::<Vec<_>>().join(", ")
    };
    if !rules.taken_over().is_empty() {
        screen.line(format_args!("  taken over from Picket's own rules: {}", list(rules.taken_over())))?;
    }
    let own = rules.types();
    if own.is_empty() {
        screen
            .line("  Picket's own rules are switched off ([rules] builtin), those CRS has none for, too")?;
    } else {
        screen.line(format_args!("  still judged beside it: {}", list(own)))?;
    }
    Ok(())
}

/// Policies that have rules of their own are not concerned.
fn others(config: &Config, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let own = |policy: &&crate::config::PolicyConfig| {
        policy.rules.as_ref().is_some_and(|rules| {
            rules.contains(&RuleSource::Crs) != config.rules.sources().contains(&RuleSource::Crs)
        })
    };
    let names: Vec<&str> = config.policies.iter().filter(own).map(|policy| policy.name.as_str()).collect();
    if !names.is_empty() {
        screen.line(format_args!(
            "  policies with `rules` of their own stay as they are: {}",
            names.join(", ")
        ))?;
    }
    Ok(())
}

fn report(
    file: &Path,
    crs: Option<&Path>,
    rules: &Rules,
    changed: bool,
    in_force: Option<bool>,
) -> serde_json::Value {
    json!({
        "config": file, "crs": crs, "version": rules.crs(), "rules": rules.count(), "changed": changed,
        "taken_over": rules.taken_over(),
        "own": rules.types(), "in_force": in_force,
    })
}

/// Puts a text in a file's place in one step; whoever reads it meanwhile reads all of the one or of the other.
fn write(file: &Path, text: &str) -> Result<(), CliError> {
    // The file itself, not a link to it.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let directory = file.parent().unwrap_or(Path::new("/"));
    let try_to = || -> io::Result<()> {
        fs::create_dir_all(directory)?;
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let new = directory.join(name);
        let mut out = fs::File::create(&new)?;
        if let Ok(old) = fs::metadata(&file) {
            out.set_permissions(old.permissions())?;
        }
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        fs::rename(&new, &file)
    };
    try_to().map_err(|error| wrong(&file, &error))
}

/// What differs, with a line around it: a change here is in one place.
fn diff(file: &Path, before: &str, after: &str, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let path = printable(&file.display().to_string()).into_owned();
    if before == after {
        screen.line(format_args!("{path} says so already"))?;
        return Ok(());
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    screen.line(format_args!("would be changed in {path}:"))?;
    let context = start.saturating_sub(1);
    for line in old.get(context..start).unwrap_or_default() {
        screen.line(format_args!("  {}", printable(line)))?;
    }
    for (sign, colour, lines) in [
        ("-", AnsiColor::Red, old.get(start..old.len() - end)),
        ("+", AnsiColor::Green, new.get(start..new.len() - end)),
    ] {
        for line in lines.unwrap_or_default() {
            let text = screen.paint(colour, &format!("{sign} {}", printable(line)));
            screen.line(text)?;
        }
    }
    if let Some(line) = (end > 0).then(|| old.get(old.len() - end)).flatten() {
        screen.line(format_args!("  {}", printable(line)))?;
    }
    Ok(())
}
