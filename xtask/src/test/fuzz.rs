//! A short run of every fuzz target.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::report::Report;
use crate::{
    fuzz::{self, Fuzzer},
    say,
};

/// Time for each target.
const TIME: Duration = Duration::from_secs(5);

/// Fuzzes each target a little, from another seed each time.
pub fn run(report: &mut Report) {
    let start = Instant::now();
    if let Err(error) = targets(report) {
        say::error(&format!("{error:#}"));
        report.failed("fuzz", "building the targets");
    }
    report.took("fuzz", start.elapsed());
}

fn targets(report: &mut Report) -> Result<()> {
    let targets = fuzz::targets()?;
    if targets.is_empty() {
        return Ok(());
    }
    let fuzzer = Fuzzer::build()?;
    for name in targets {
        let seed = fuzz::seed();
        say::step(&format!("fuzzing {name} for {} s, --seed {seed}", TIME.as_secs()));
        match fuzzer.run(&name, TIME, seed, None, false) {
            Ok(outcome) if outcome.finding.is_none() && outcome.executions > 0 => {
                say::detail(&format!("{} inputs, nothing found", outcome.executions));
                report.passed("fuzz");
            }
            Ok(outcome) => {
                match outcome.finding {
                    Some(finding) => say::error(&fuzz::found(&name, &finding)),
                    None => say::error(&format!("{name}: no input was run")),
                }
                report.failed("fuzz", &name);
            }
            Err(error) => {
                say::error(&format!("{error:#}"));
                report.failed("fuzz", &name);
            }
        }
    }
    Ok(())
}
