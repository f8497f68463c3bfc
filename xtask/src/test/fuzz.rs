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

/// Fuzzes each target a little: what is known to work still does. To look for more, there is `cargo xtask fuzz`.
pub fn run(seed: u32, report: &mut Report) {
    let start = Instant::now();
    if let Err(error) = targets(seed, report) {
        say::error(&format!("{error:#}"));
        report.failed("fuzz", "building the targets");
    }
    report.took("fuzz", start.elapsed());
}

fn targets(seed: u32, report: &mut Report) -> Result<()> {
    let targets = fuzz::targets()?;
    if targets.is_empty() {
        return Ok(());
    }
    let fuzzer = Fuzzer::build()?;
    for name in targets {
        say::step(&format!("fuzzing {name} for {} s", TIME.as_secs()));
        match fuzzer.run(&name, TIME, seed, None, false) {
            Ok(outcome) if outcome.finding.is_none() && outcome.executions > 0 => {
                say::detail(&format!("{} inputs, nothing found", outcome.executions));
                report.passed("fuzz");
            }
            Ok(outcome) => {
                let why = outcome.finding.map_or_else(
                    || format!("{name}: no input was run"),
                    |finding| fuzz::found(&name, &finding),
                );
                say::error(&why);
                report.failed("fuzz", &why);
            }
            Err(error) => {
                let why = format!("{name}: {error:#}");
                say::error(&why);
                report.failed("fuzz", &why);
            }
        }
    }
    Ok(())
}
