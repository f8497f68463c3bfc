//! Scenarios: what an attacker (or somebody harmless) does, and the signals that come of it.
//!
//! A file of JSON lines, `scenarios/NAME.jsonl` beside the rules. A line with `scenario` begins one and names the signals
//! that are to be there at its end, no more and no fewer; each further line is an event at so many seconds, or as many
//! of them as `repeat` says, `every` so many seconds. `{n}`, `{n%7}` and `{n/7}` in texts are made from their number.
//!
//! ```text
//! {"scenario": "five in a minute", "signals": [{"rule": "my-rule", "severity": "high", "group": {"client_ip": "203.0.113.7"}}]}
//! {"at": 0, "repeat": 5, "every": 10, "event": {"client_ip": "203.0.113.7", "path": "/item/{n}", "status": 500}}
//! ```
//!
//! An event says only what matters; the rest is a usual request that is answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Change, Detection, Severity, Signal};
use crate::limits;

/// Nanoseconds.
pub const SECOND: u64 = 1_000_000_000;

/// When scenarios begin: 2026-11-22T00:00:00Z, nanoseconds since the epoch.
pub const START: u64 = 1_795_305_600 * SECOND;

/// Seconds after which every scenario is over, and every signal of it.
const END: f64 = 60.0 * 86_400.0;

/// A scenario, read and sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What happens, in a few words.
    pub name: String,
    /// The signals that are to be there at its end.
    pub expected: Vec<Expected>,
    steps: Vec<Step>,
}

/// A signal that is to be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Id of its rule.
    pub rule: String,
    /// At its end.
    pub severity: Severity,
    /// Values of its group, as many as matter.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub group: BTreeMap<String, String>,
}

/// What came of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Its signals, as they were at the end, in the order of their ids.
    pub signals: Vec<Signal>,
    /// Signals that did not come.
    pub missing: Vec<Expected>,
    /// Signals that nobody expected, by their place in `signals`.
    pub unexpected: Vec<usize>,
}

/// Text that is no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ScenarioError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong, and what was expected.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    scenario: String,
    signals: Vec<Expected>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at: f64,
    #[serde(default = "once")]
    repeat: u64,
    #[serde(default)]
    every: f64,
    event: serde_json::Map<String, Value>,
}

const fn once() -> u64 {
    1
}

impl Scenario {
    /// Reads the scenarios of a file.
    ///
    /// # Errors
    /// The first line that is none, and what was expected.
    pub fn read(text: &str) -> Result<Vec<Self>, ScenarioError> {
        let mut scenarios: Vec<Self> = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let wrong = |problem: String| ScenarioError { line: at + 1, problem };
            let value: Value = parsed(line).map_err(wrong)?;
            if value.get("scenario").is_some() {
                let Head { scenario: name, signals: expected } = taken(value).map_err(wrong)?;
                scenarios.push(Self { name, expected, steps: Vec::new() });
                continue;
            }
            let step: Step = taken(value).map_err(wrong)?;
            let last = step.at + step.every * step.repeat as f64;
            if step.at < 0.0 || step.every < 0.0 || last > END {
                return Err(wrong(format!(
                    "`at` and `every` are seconds, from 0 to {END} at the last event"
                )));
            }
            let Some(scenario) = scenarios.last_mut() else {
                return Err(wrong("an event before the first line with `scenario`".to_owned()));
            };
            scenario.steps.push(step);
            if scenario.events() > limits::SCENARIO_EVENTS {
                return Err(wrong(format!("a scenario has at most {} events", limits::SCENARIO_EVENTS)));
            }
        }
        Ok(scenarios)
    }

    /// How many events it has.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.steps.iter().fold(0, |sum, step| sum.saturating_add(step.repeat))
    }

    /// Plays it, to the end of every signal.
    pub fn play(&self, detection: &mut Detection) -> Vec<Change> {
        let mut events: Vec<(u64, usize, u64)> = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            events.extend((0..step.repeat).map(|n| {
                let seconds = step.at + step.every * n as f64;
                (START + (seconds * 1e9) as u64, at, n)
            }));
        }
        events.sort_by_key(|(time, _, _)| *time);
        let mut changes = Vec::new();
        for (number, (time, step, n)) in events.iter().enumerate() {
            let Some(step) = self.steps.get(*step) else { continue };
            let said = step.event.iter().map(|(name, value)| (name.clone(), numbered(value, *n))).collect();
            detection.observe(&event(number as u64, *time, &Value::Object(said)), *time, &mut changes);
        }
        detection.advance(START + END as u64 * SECOND, &mut changes);
        changes
    }

    /// What came of it, compared with what is expected.
    #[must_use]
    pub fn judge(&self, changes: Vec<Change>) -> Outcome {
        let mut last: BTreeMap<Uuid, Signal> = BTreeMap::new();
        last.extend(changes.into_iter().map(|change| (change.signal.id, change.signal)));
        let mut outcome = Outcome { signals: last.into_values().collect(), ..Outcome::default() };
        outcome.unexpected = (0..outcome.signals.len()).collect();
        for expected in &self.expected {
            let fits = |&at: &usize| outcome.signals.get(at).is_some_and(|signal| expected.fits(signal));
            match outcome.unexpected.iter().position(fits) {
                Some(found) => drop(outcome.unexpected.remove(found)),
                None => outcome.missing.push(expected.clone()),
            }
        }
        outcome
    }
}

impl Expected {
    /// Whether a signal is this one.
    #[must_use]
    pub fn fits(&self, signal: &Signal) -> bool {
        signal.rule == self.rule
            && signal.severity == self.severity
            && self.group.iter().all(|(name, value)| signal.group.get(name) == Some(value))
    }
}

impl Outcome {
    /// All that was expected came, and nothing else.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty()
    }
}

/// A usual request that is answered, with what is said of it in its place.
#[must_use]
pub fn event(number: u64, time: u64, said: &Value) -> Value {
    let time = jiff::Timestamp::from_nanosecond(time.into()).unwrap_or_default();
    let mut event = json!({
        "kind": "transaction", "id": format!("00000000-0000-7000-8000-{number:012x}"), "time": time.to_string(),
        "service": {"name": "shop", "port": 80}, "client_ip": "198.51.100.1", "peer_ip": "198.51.100.1",
        "peer_port": 40_000, "method": "GET", "host": "shop.example", "path": "/", "query": null, "status": 200,
        "user_agent": "Mozilla/5.0", "matches": [], "blocked": false, "duration_us": 900, "truncated": false,
    });
    if let (Some(event), Some(said)) = (event.as_object_mut(), said.as_object()) {
        event.extend(said.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    event
}

fn parsed<T: DeserializeOwned>(line: &str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| error.to_string())
}

fn taken<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| {
        format!(
            "{error}; expected {{\"scenario\": …, \"signals\": […]}} or {{\"at\": seconds, \"event\": {{…}}}}"
        )
    })
}

/// Fills in the number of an event.
fn numbered(value: &Value, n: u64) -> Value {
    match value {
        Value::String(text) => numbered_text(text, n).into(),
        Value::Array(items) => items.iter().map(|item| numbered(item, n)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), numbered(value, n)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// `{n}`, `{n%7}`, `{n/7}`; whatever else stands in braces stays.
fn numbered_text(text: &str, n: u64) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{n") {
        out.push_str(before);
        let filled = behind.split_once('}').and_then(|(how, rest)| {
            let by = |text: &str| text.parse::<u64>().ok();
            let number = match how.split_at_checked(1) {
                None => n,
                Some(("%", text)) => n.checked_rem(by(text)?)?,
                Some(("/", text)) => n.checked_div(by(text)?)?,
                Some(_) => return None,
            };
            Some((number, rest))
        });
        match filled {
            Some((number, after)) => {
                out.push_str(&number.to_string());
                rest = after;
            }
            None => {
                out.push_str("{n");
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_filled_in() {
        for (text, expected) in [
            ("/item/{n}", "/item/17"),
            ("{n%7}-{n/7}-{n}", "3-2-17"),
            ("{n%0} {n/0} {n+1} {name} {n", "{n%0} {n/0} {n+1} {name} {n"),
            ("{n%}{n/x}{n%3}", "{n%}{n/x}2"),
            ("", ""),
        ] {
            assert_eq!(numbered_text(text, 17), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_scenario_is_said_with_its_line() {
        let head = r#"{"scenario": "s", "signals": []}"#;
        let expected = "{\"scenario\": …";
        for (text, line, problem) in [
            ("{", 1, "EOF"),
            ("{}", 1, expected),
            (r#"{"at": 0, "event": {}}"#, 1, "before the first line"),
            (&format!("\n{head}\n{{\"at\": 0}}"), 3, "missing field `event`"),
            (&format!("{head}\n{{\"at\": -1, \"event\": {{}}}}"), 2, "seconds"),
            (&format!("{head}\n{{\"at\": 0, \"every\": 1e9, \"event\": {{}}}}"), 2, "seconds"),
            (&format!("{head}\n{{\"at\": 0, \"repeat\": 2000000, \"event\": {{}}}}"), 2, "at most"),
            (&format!("{head}\n{{\"at\": 0, \"evnt\": {{}}}}"), 2, "unknown field `evnt`"),
            (r#"{"scenario": "s", "signals": [{"rule": "r", "severity": "worst"}]}"#, 1, "worst"),
        ] {
            let error = Scenario::read(text).expect_err(text);
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(error.problem.contains(problem), "{text}: {error}");
        }
        assert_eq!(Scenario::read("").as_deref(), Ok(&[][..]));
    }
}
