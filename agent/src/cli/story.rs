//! The story of a signal: who, what, against what, whether it worked, what was done, what to do.
//!
//! The first lines are for a person with ten seconds; below them stands what they rest on.

pub(crate) mod acts;
mod evidence;
#[cfg(test)]
mod tests;

use anstyle::AnsiColor;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::{
    CliError, duration,
    facts::Facts,
    screen::{Screen, grouped, wrapped},
    signals::{severity_colour, status},
};
use crate::{
    api::types::{Actor, HistoryView},
    detect::signals::{Entry, Signal, Stage, is_full},
    event::{Event, fit, printable},
};

/// Names that are named in a line; of more, how many.
const NAMED: usize = 3;
/// Columns of text where there is no terminal to fit.
const WIDTH: usize = 100;

/// A signal, and what is around it. Serialized, it is what `--json` shows.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct Story {
    /// The signal.
    pub signal: Signal,
    /// Its first addresses, as far as they are known.
    pub actors: Vec<Actor>,
    /// Its sampled events that are stored.
    pub events: Vec<Event>,
    /// Signals with the same actor, session, user or fingerprint.
    pub related: Vec<Signal>,
    /// What happened to the signal.
    pub history: Vec<HistoryView>,
}

impl Story {
    /// Tells it.
    pub fn print(&self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        self.headline(screen)?;
        screen.line("")?;
        self.in_short(screen)?;
        self.timeline(screen)?;
        self.who(screen)?;
        self.requests(screen)?;
        self.others(screen)?;
        self.changes(screen)?;
        self.acts(screen)
    }

    /// Severity, title, status; the message.
    fn headline(&self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let signal = &self.signal;
        let severity = signal.severity.name().to_uppercase();
        let severity = match severity_colour(&severity) {
            Some(colour) => screen.paint(colour, &severity),
            None => severity,
        };
        let status = printable(&status(signal)).into_owned();
        let (title, status) = match screen.columns {
            Some(columns) => {
                let room = columns.saturating_sub(signal.severity.name().len() + 4);
                let status = fit(&status, room / 2).into_owned();
                (fit(&printable(&signal.title), room.saturating_sub(status.width())).into_owned(), status)
            }
            None => (printable(&signal.title).into_owned(), status),
        };
        let (title, status) = (screen.bold(&title), screen.faint(&status));
        screen.line(format_args!("{severity}  {title}  {status}"))?;
        for line in wrapped(&printable(&signal.message), screen.columns.unwrap_or(WIDTH)) {
            // A word may be longer than the line.
            let line = screen.columns.map_or(line.as_str().into(), |columns| fit(&line, columns));
            screen.line(line)?;
        }
        Ok(())
    }

    fn in_short(&self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let signal = &self.signal;
        let mut facts = Facts::default();
        facts.fact("who", self.actors_in_short());
        facts.fact("what", self.counts());
        facts.maybe("against", Some(self.target()));
        facts.fact("when", self.time(screen));
        facts.fact("did it work", self.outcome());
        facts.fact("what was done", self.done());
        facts.maybe("case", signal.case.clone());
        facts.maybe("note", signal.comment.clone());
        facts.print(screen)?;
        Ok(())
    }

    /// Who, in a line.
    pub(crate) fn actors_in_short(&self) -> String {
        let signal = &self.signal;
        let mut parts = Vec::new();
        if !signal.actors.is_empty() {
            parts.push(listed(&signal.actors));
        }
        if !signal.users.is_empty() {
            parts.push(format!("as {}", listed(&signal.users)));
        }
        if !signal.user_agents.is_empty() {
            parts.push(format!("with {}", listed(&signal.user_agents)));
        }
        if parts.is_empty() { "not one actor: see the events".to_owned() } else { parts.join(", ") }
    }

    /// How much, in a line.
    pub(crate) fn counts(&self) -> String {
        let counts = &self.signal.counts;
        let mut out = match counts.events {
            1 => "1 event".to_owned(),
            events => format!("{} events", grouped(events)),
        };
        if counts.attacks > 0 {
            out.push_str(&format!(", {} with an attack in them", grouped(counts.attacks)));
        }
        if counts.missed > 0 {
            out.push_str(&format!(
                "; up to {} more may be missing, there were too many actors",
                grouped(counts.missed)
            ));
        }
        if !self.signal.rule_case.is_empty() {
            out.push_str(&format!(" ({})", self.signal.rule_case));
        }
        out
    }

    /// Services, and what of the group is neither service nor actor: a path, an endpoint.
    pub(crate) fn target(&self) -> String {
        let signal = &self.signal;
        let mut parts: Vec<String> = Vec::new();
        if !signal.services.is_empty() {
            parts.push(listed(&signal.services));
        }
        for (name, value) in &signal.group {
            let named = [&signal.services, &signal.actors, &signal.users, &signal.sessions];
            if !named.iter().any(|names| names.contains(value)) {
                parts.push(format!("{} {value}", name.trim_start_matches('@')));
            }
        }
        parts.join(", ")
    }

    fn time(&self, screen: &Screen<'_>) -> String {
        let signal = &self.signal;
        let (first, last) = (screen.when(signal.first_seen), screen.when(signal.last_seen));
        let took = duration::short(duration::between(signal.first_seen, signal.last_seen));
        if first == last { first } else { format!("{first} to {last} ({took})") }
    }

    /// What its events say about whether it worked. Picket sees answers, not what they did.
    pub(crate) fn outcome(&self) -> String {
        let timeline = &self.signal.timeline;
        let hints: Vec<String> = timeline
            .0
            .iter()
            .filter(|entry| entry.stage == Stage::SuccessHint)
            .map(|entry| format!("{} ({}{})", entry.what, times(entry.count), self.first(entry)))
            .collect();
        match timeline.furthest() {
            _ if !hints.is_empty() => format!("perhaps: {}", listed(&hints)),
            Some(Stage::Attempt | Stage::ActionTaken) => "nothing hints at it".to_owned(),
            Some(_) => "it only looked around".to_owned(),
            None => "its events don't tell".to_owned(),
        }
    }

    /// Which request was the first of an entry, if it is among the samples: where somebody has to look.
    fn first(&self, entry: &Entry) -> String {
        let of = |id: &String| self.signal.events.iter().find(|sample| sample.id == *id);
        let Some(sample) = entry.event.as_ref().and_then(of) else { return String::new() };
        let request = sample.what.strip_suffix(entry.what.as_str()).unwrap_or_default().trim_end();
        match (request, entry.count) {
            ("", _) => String::new(),
            (request, 1) => format!(": {request}"),
            (request, _) => format!(", the first: {request}"),
        }
    }

    /// What was done, in a line.
    pub(crate) fn done(&self) -> String {
        let named = |which: fn(&Actor) -> bool| -> Vec<String> {
            self.actors.iter().filter(|actor| which(actor)).map(|actor| actor.ip.clone()).collect()
        };
        let (blocked, passed) = (named(|actor| actor.blocked), named(|actor| actor.passlisted));
        let acts = self.signal.timeline.0.iter().filter(|entry| entry.stage == Stage::ActionTaken);
        let acts: Vec<String> = acts.map(|entry| entry.what.clone()).collect();
        let mut parts = Vec::new();
        if !acts.is_empty() {
            parts.push(listed(&acts));
        }
        if !blocked.is_empty() {
            parts.push(format!("on the denylist now: {}", listed(&blocked)));
        }
        match self.signal.counts.blocked {
            0 => {}
            1 => parts.push("one of its events led to a block".to_owned()),
            more => parts.push(format!("{} of its events led to a block", grouped(more))),
        }
        if parts.is_empty() {
            parts.push("nobody is blocked".to_owned());
        }
        if !passed.is_empty() {
            parts.push(format!("on the passlist, so never blocked: {}", listed(&passed)));
        }
        parts.join("; ")
    }
}

/// The first few, and how many more; of a list that is full, at least.
fn listed(names: &[String]) -> String {
    let mut out = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(NAMED) as u64;
    let least = if is_full(names) { "at least " } else { "" };
    if more > 0 {
        out.push_str(&format!(" and {least}{} more", grouped(more)));
    }
    out
}

/// `once`, `12 times`.
fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", grouped(count)) }
}

/// A stage, for people.
pub(crate) const fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Probing => "probing",
        Stage::Attempt => "attempt",
        Stage::SuccessHint => "success hint",
        Stage::ActionTaken => "action taken",
    }
}

fn stage_colour(stage: &str) -> Option<AnsiColor> {
    match stage {
        "attempt" => Some(AnsiColor::Yellow),
        "success hint" => Some(AnsiColor::Red),
        "action taken" => Some(AnsiColor::Green),
        _ => None,
    }
}

/// A heading of a part.
fn part(title: &str, screen: &mut Screen<'_>) -> Result<(), CliError> {
    screen.line("")?;
    let title = screen.bold(title);
    screen.line(title)?;
    Ok(())
}
