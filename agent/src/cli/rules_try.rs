//! `picket rules try`: a rule on a request, and on stored events.

use std::{fs, io::Read as _, path::Path};

use super::{
    CliError, Exit,
    args::TryArgs,
    ask,
    asked::{event_id, given},
    screen::{Screen, grouped},
};
use crate::{
    api::{
        Client,
        types::{TrialBody, Tried, TriedMatch, TriedPast},
    },
    event::printable,
};

pub(super) fn command(client: &Client, args: &TryArgs, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
    let body = TrialBody {
        own: false,
        rule: args.rule.clone(),
        text: args.file.as_deref().map(text).transpose()?,
        request: args.request.as_deref().map(text).transpose()?,
        exchange: None,
        event: args.event.as_deref().map(|id| event_id(client, id)).transpose()?,
        past: args.past,
    };
    let from = args.from.to_string();
    let parameters = [("from", from.as_str())];
    let tried: Tried = ask(client.post("/v1/rules/try", &given(&parameters), &body))?;
    if screen.json {
        screen.json(&tried)?;
        return Ok(Exit::Done);
    }
    for warning in &tried.warnings {
        screen.warning(warning)?;
    }
    if tried.request.is_some() {
        if tried.matches.is_empty() {
            screen.line(format_args!("{} rules tried, none holds", grouped(tried.rules)))?;
        }
        for found in &tried.matches {
            show(found, screen)?;
        }
    }
    if let Some(tried) = &tried.past {
        past(tried, screen)?;
    }
    Ok(Exit::Done)
}

/// On how many stored events it would have matched, and some of them.
pub(super) fn past(past: &TriedPast, screen: &mut Screen<'_>) -> Result<(), CliError> {
    screen.line(format_args!(
        "of {} stored events{} it would have matched {}",
        grouped(past.looked_at),
        if past.complete { "" } else { ", the newest," },
        grouped(past.matched),
    ))?;
    for event in &past.examples {
        let when = screen.when(event.time);
        let line =
            format!("  {when}  {}  {}  {}: {}", event.service, event.request, event.location, event.value);
        let line = screen.faint(&printable(&line));
        screen.line(line)?;
    }
    screen.note("Stored events are redacted, and have method, path, query, host and user agent alone.")?;
    Ok(())
}

fn show(found: &TriedMatch, screen: &mut Screen<'_>) -> Result<(), CliError> {
    let (id, name) = (screen.bold(&printable(&found.rule)), printable(&found.name).into_owned());
    screen.line(format_args!("{id}  {name}"))?;
    for step in &found.steps {
        let what = step.transform.as_deref().unwrap_or("as sent");
        screen.line(format_args!("  {what:24} {}", printable(&step.value)))?;
    }
    let place = format!("found in {}", found.location);
    screen.line(format_args!("  {:24} {}", printable(&place), printable(&found.value)))?;
    Ok(())
}

/// A file's text; `-` is standard input.
pub(super) fn text(file: &Path) -> Result<String, CliError> {
    let wrong = |error| CliError::Input(format!("{}: {error}", file.display()));
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(wrong)?;
        return Ok(text);
    }
    fs::read_to_string(file).map_err(wrong)
}
