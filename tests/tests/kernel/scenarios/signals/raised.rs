//! Signals that were raised, and whether they are those that were to be.

use std::sync::Arc;

use anyhow::{Context, Result};
use picket::detect::{Change, Detection, Signal, rules};
use picket::event::Event;

use crate::agent::Report;

/// Detection with the rules that come with Picket.
pub fn detection() -> Result<Detection> {
    let rules: Vec<_> = rules::builtin()?.into_iter().filter(|rule| rule.enabled).map(Arc::new).collect();
    Ok(Detection::new(&rules, [7; 16])?)
}

/// What a report says, as the agent's own type.
pub fn event(report: &Report) -> Result<Event> {
    serde_json::from_value(report.at("").clone()).with_context(|| format!("a report is no event: {report}"))
}

/// Nanoseconds since the epoch.
pub fn nanoseconds(event: &Event) -> u64 {
    u64::try_from(event.time.as_nanosecond()).unwrap_or_default()
}

/// The signals that an agent printed, each as it was printed last.
pub fn read(lines: &[String]) -> Result<Vec<Signal>> {
    let mut signals: Vec<Signal> = Vec::new();
    for line in lines {
        let signal = serde_json::from_str(line).with_context(|| format!("no signal: {line}"))?;
        keep(&mut signals, signal);
    }
    Ok(signals)
}

/// The latest word on each signal, in the order in which they were opened.
pub fn latest(changes: Vec<Change>) -> Vec<Signal> {
    let mut signals: Vec<Signal> = Vec::new();
    for Change { signal, .. } in changes {
        keep(&mut signals, signal);
    }
    signals
}

fn keep(signals: &mut Vec<Signal>, signal: Signal) {
    match signals.iter_mut().find(|known| known.id == signal.id) {
        Some(known) => *known = signal,
        None => signals.push(signal),
    }
}
