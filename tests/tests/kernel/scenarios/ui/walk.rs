//! The morning after, as `docs/investigating.md` tells it: its steps in a browser, and its commands.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};

use super::night::{self, Night};
use super::{errands, listening, look, needed};
use crate::agent::{Agent, Installation};
use crate::scenarios::signals::town::Town;
use crate::scenarios::signals::visitor::Visitor;
use crate::site::Site;

/// Where pictures go; none are made without it.
const PICTURES: &str = "PICKET_UI_PICTURES";
/// What the page with the steps is called, beside `tests`.
const PAGE: &str = "docs/investigating.md";
/// Commands that stand there, at least.
const COMMANDS: usize = 15;

/// A night, a person who looks into it, and every command that they could have typed instead.
pub fn walk(site: &Site) -> Result<Vec<String>> {
    needed()?;
    let town = Town::new(site)?;
    let installation = town.installation(site, &listening())?;
    let agent = installation.start()?;
    let pictures = std::env::var(PICTURES).ok();
    let pace = if pictures.is_some() { Duration::from_secs(3) } else { Duration::ZERO };
    let mut editor = Night { town: &town, pace }.pass()?;
    let (theft, false_alarm) = night::told(&installation)?;

    let over = AtomicBool::new(false);
    let counter = town.counter()?;
    let more = [
        ("PICKET_UI_TOWN", format!("http://{}", counter.local_addr()?)),
        ("PICKET_UI_THIEF", night::at(night::THIEF).to_string()),
        ("PICKET_UI_EDITOR", night::at(night::EDITOR).to_string()),
    ];
    let said = std::thread::scope(|scope| {
        let errands = scope.spawn(|| {
            let mut articles = 0..;
            errands::answer(&counter, &over, |errand| match errand {
                // What the script can't do from where it is.
                "thief" => Ok(json!({ "reaches": town.reaches(night::at(night::THIEF))? })),
                "editor" => save(&agent, &mut editor, &format!("article-{}", articles.next().unwrap_or(0))),
                other => bail!("nobody knows the errand {other:?}"),
            })
        });
        let said = look(site, &town, &installation, "walk.mjs", &more);
        over.store(true, Ordering::Relaxed);
        errands.join().map_err(|_| anyhow!("the errands panicked"))??;
        said
    })?;
    let commands = commands(&installation, &theft, &false_alarm)?;
    agent.stop()?;
    let last = said.lines().last().unwrap_or_default().to_owned();
    Ok(vec![last, format!("{commands} commands of {PAGE} do what they are there for")])
}

/// Has the editor save an article under a name of its own; gives what the rules found in it, before nginx and behind it.
fn save(agent: &Agent<'_>, editor: &mut Visitor<'_>, name: &str) -> Result<Value> {
    night::save(editor, name)?;
    let mut matches = Vec::new();
    for port in [80, 8080] {
        let report = agent.wait_for_report("the article to be judged", |report| {
            report.path() == format!("/editor/{name}") && report.at("/service/port") == port
        })?;
        matches.extend_from_slice(report.matches());
    }
    Ok(json!({ "matches": matches }))
}

/// Runs every command of the page, in its order, as it stands there but for ids; gives how many there were.
fn commands(installation: &Installation<'_>, theft: &str, false_alarm: &str) -> Result<usize> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PAGE);
    let page = std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
    let first = |list: Value, what: &str| -> Result<String> {
        let id = list["items"][0]["id"].as_str();
        id.map(str::to_owned).with_context(|| format!("no {what}: {list}"))
    };
    let thief = night::at(night::THIEF).to_string();
    let event = first(installation.json(&["events", &format!("client_ip:{thief} @matches:*")])?, "event")?;
    let editor = format!("client_ip:{} @matches:*", night::at(night::EDITOR));
    let draft = first(installation.json(&["events", &editor])?, "event of the editor")?;
    let lines = page.lines().filter_map(|line| line.strip_prefix("    sudo picket "));
    let mut ran = 0;
    for line in lines {
        // What is behind two spaces says what the command is for.
        let line = line.split("  ").next().unwrap_or_default();
        let mut arguments = words(line);
        for argument in &mut arguments {
            *argument = match argument.as_str() {
                "SIGNAL" => theft.to_owned(),
                "FALSE-ALARM" => false_alarm.to_owned(),
                "EVENT" => event.clone(),
                "DRAFT" => draft.clone(),
                "EXCLUSION" => first(installation.json(&["rules", "exclusions"])?, "exclusion")?,
                _ => continue,
            };
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let done = installation.cli_ok(&arguments).with_context(|| format!("{PAGE}: {line}"))?;
        ensure!(!done.stdout.trim().is_empty(), "{PAGE}: {line} says nothing");
        ran += 1;
    }
    ensure!(ran >= COMMANDS, "{ran} commands in {PAGE}, expected {COMMANDS}");
    Ok(ran)
}

/// As a shell takes them, with single quotes only.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.trim().chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => {
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    words
}
