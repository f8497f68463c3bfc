//! What a run says: one line a scenario for machines, a readable account of each failure, a summary.

use std::fmt;
use std::time::Duration;

/// A scenario that cannot run here, and why: a named reason that was checked, never a guess.
#[derive(Debug)]
pub struct CannotRun(pub String);

impl fmt::Display for CannotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CannotRun {}

/// How a scenario ended.
pub enum Outcome {
    /// All that was expected was observed. `notes` are figures worth a line.
    Ok { notes: Vec<String> },
    /// Something else was observed. `cause` is what is at the bottom of it; `account` all that is known.
    Failed { cause: String, account: String },
    /// It could not be tried.
    CannotRun(String),
}

impl Outcome {
    /// From what a scenario returns.
    pub fn of(result: anyhow::Result<Vec<String>>) -> Self {
        match result {
            Ok(notes) => Self::Ok { notes },
            Err(error) => match error.downcast_ref::<CannotRun>() {
                Some(CannotRun(reason)) => Self::CannotRun(reason.clone()),
                None => Self::failed(&error),
            },
        }
    }

    /// From an error.
    pub fn failed(error: &anyhow::Error) -> Self {
        Self::Failed { cause: error.root_cause().to_string(), account: format!("{error:#}") }
    }
}

/// Counts of a run.
#[derive(Default)]
pub struct Tally {
    ok: usize,
    failed: Vec<&'static str>,
    cannot_run: Vec<(&'static str, String)>,
}

impl Tally {
    /// Prints the lines of one scenario and counts it.
    pub fn add(&mut self, name: &'static str, outcome: Outcome, took: Duration) {
        let ms = took.as_millis();
        let (result, reason) = match &outcome {
            Outcome::Ok { .. } => ("ok", ""),
            Outcome::Failed { cause, .. } => ("failed", cause.lines().next().unwrap_or_default()),
            Outcome::CannotRun(why) => ("cannot-run", why.as_str()),
        };
        let reason = reason.replace(['"', '\n'], "'");
        println!("PICKET-TEST kind=kernel name={name} result={result} reason=\"{reason}\" ms={ms}");
        match outcome {
            Outcome::Ok { notes } => {
                for note in notes {
                    println!("    {note}");
                }
                self.ok += 1;
            }
            Outcome::Failed { account, .. } => {
                for line in account.lines() {
                    println!("    {line}");
                }
                self.failed.push(name);
            }
            Outcome::CannotRun(why) => self.cannot_run.push((name, why)),
        }
    }

    /// Prints the summary; gives the exit code: 0 all that could run passed, 1 something failed, 3
    /// nothing ran.
    pub fn finish(&self) -> i32 {
        println!(
            "kernel scenarios: {} ok, {} failed, {} cannot run here",
            self.ok,
            self.failed.len(),
            self.cannot_run.len()
        );
        for (name, why) in &self.cannot_run {
            println!("    cannot run: {name}: {why}");
        }
        for name in &self.failed {
            println!("    failed: {name}");
        }
        match (self.failed.len(), self.ok) {
            (0, 0) => 3,
            (0, _) => 0,
            _ => 1,
        }
    }
}
