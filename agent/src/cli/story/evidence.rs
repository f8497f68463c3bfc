//! What a story rests on: timeline, actors, requests, related signals, history.

use super::{CliError, Facts, Screen, Story, grouped, listed, part, stage_colour, stage_word};
use crate::cli::{
    events::plain,
    signals::{several, severity_colour, status},
    table::Table,
};

/// Sampled requests that are shown; all are in `--json`.
const SHOWN: usize = 12;
/// Entries of the history that are shown: the latest.
const CHANGES: usize = 10;

impl Story {
    pub(super) fn timeline(&self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let entries = &self.signal.timeline.0;
        if entries.is_empty() {
            return Ok(());
        }
        part("How it went", screen)?;
        let mut table = indented(&["SINCE", "STAGE", "WHAT", ">TIMES"])
            .shrinking(&[("WHAT", 16)])
            .painted("STAGE", stage_colour);
        for entry in entries {
            table.row([
                screen.when(entry.first_seen),
                stage_word(entry.stage).to_owned(),
                entry.what.clone(),
                grouped(entry.count),
            ]);
        }
        table.print(screen)?;
        Ok(())
    }

    pub(super) fn who(&self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let signal = &self.signal;
        part("Actors", screen)?;
        let mut table =
            indented(&["ADDRESS", ">EVENTS", "ATTACKS", "USERS", ">SIGNALS", "LAST SEEN", "STATE"])
                .shrinking(&[("USERS", 8), ("ATTACKS", 14)])
                .dropping(&["LAST SEEN", "USERS"])
                .painted("STATE", |state| (state == "blocked").then_some(anstyle::AnsiColor::Red));
        for actor in &self.actors {
            let types: Vec<String> =
                actor.types.iter().map(|(name, count)| format!("{name} {}", grouped(*count))).collect();
            let state = match (actor.blocked, actor.passlisted) {
                (true, _) => "blocked",
                (false, true) => "on the passlist",
                (false, false) => "not blocked",
            };
            table.row([
                actor.ip.clone(),
                grouped(actor.events),
                if types.is_empty() { "-".to_owned() } else { types.join(", ") },
                several(&actor.users),
                grouped(actor.signals),
                screen.when(actor.last_seen),
                state.to_owned(),
            ]);
        }
        if !self.actors.is_empty() {
            table.print(screen)?;
        }
        let mut facts = Facts::default();
        let others: Vec<String> = signal
            .actors
            .iter()
            .filter(|address| !self.actors.iter().any(|actor| actor.ip == **address))
            .cloned()
            .collect();
        for (label, names) in [
            (if self.actors.is_empty() { "addresses" } else { "more addresses" }, &others),
            ("users", &signal.users),
            ("sessions", &signal.sessions),
            ("user agents", &signal.user_agents),
            ("TLS clients (JA4)", &signal.fingerprints.ja4),
            ("headers", &signal.fingerprints.header),
            ("networks", &signal.fingerprints.network),
        ] {
            if !names.is_empty() {
                facts.fact(label, listed(names));
            }
        }
        facts.print(screen)?;
        Ok(())
    }

    /// One of each kind: the stored event where there is one, else what the signal remembers of it.
    pub(super) fn requests(&self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let samples = &self.signal.events;
        if samples.is_empty() {
            return Ok(());
        }
        part("Requests (samples)", screen)?;
        let mut table = indented(&["WHEN", "FROM", "REQUEST", "MATCHED", "ID"])
            .shrinking(&[("MATCHED", 16), ("REQUEST", 16)])
            .dropping(&["ID", "FROM"]);
        for sample in samples.iter().take(SHOWN) {
            let stored = self.events.iter().find(|event| event.id.to_string() == sample.id);
            let matched = stored
                .and_then(|event| event.matches.first())
                .map(|found| format!("{}: {}", found.location, found.value));
            table.row([
                screen.when(sample.time),
                stored.map_or("-".to_owned(), |event| event.client_ip.to_string()),
                sample.what.clone(),
                matched.unwrap_or_else(|| "-".to_owned()),
                sample.id.chars().take(18).collect(),
            ]);
        }
        table.print(screen)?;
        if samples.len() > SHOWN {
            let more = screen.faint(&format!("  and {} more in --json", samples.len() - SHOWN));
            screen.line(more)?;
        }
        Ok(())
    }

    pub(super) fn others(&self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        if self.related.is_empty() {
            return Ok(());
        }
        part("Related signals", screen)?;
        let mut table = indented(&["SEVERITY", "WHAT", ">EVENTS", "LAST SEEN", "STATUS", "ID"])
            .shrinking(&[("STATUS", 8), ("WHAT", 16)])
            .dropping(&[">EVENTS", "STATUS", "LAST SEEN"])
            .painted("SEVERITY", severity_colour);
        for signal in &self.related {
            table.row([
                signal.severity.name().to_owned(),
                signal.title.clone(),
                grouped(signal.counts.events),
                screen.when(signal.last_seen),
                status(signal),
                signal.id.to_string().chars().take(18).collect(),
            ]);
        }
        table.print(screen)?;
        let more = self.signal.related.len().saturating_sub(self.related.len());
        if more > 0 {
            let more = screen.faint(&format!("  and {more} more in --json"));
            screen.line(more)?;
        }
        Ok(())
    }

    pub(super) fn changes(&self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        if self.history.is_empty() {
            return Ok(());
        }
        part("History", screen)?;
        let mut table = indented(&["WHEN", "BY", "WHAT", "DETAILS"]).shrinking(&[("DETAILS", 12), ("BY", 8)]);
        let left_out = self.history.len().saturating_sub(CHANGES);
        for change in self.history.iter().skip(left_out) {
            let details = match &change.details {
                serde_json::Value::Object(details) => details
                    .iter()
                    .filter(|(_, value)| !value.is_null() && !value.is_object() && !value.is_array())
                    .map(|(name, value)| format!("{name} {}", plain(value)))
                    .collect::<Vec<_>>()
                    .join(", "),
                serde_json::Value::Null => String::new(),
                other => plain(other),
            };
            table.row([screen.when(change.time), change.who.clone(), change.what.clone(), details]);
        }
        table.print(screen)?;
        if left_out > 0 {
            let more = screen.faint(&format!("  and {left_out} earlier ones in --json"));
            screen.line(more)?;
        }
        Ok(())
    }
}

fn indented(headings: &[&'static str]) -> Table {
    Table::new(headings).indented()
}
