//! The scenarios on the kernels of the matrix, each kernel a kind of its own in the report.

use std::time::Duration;

use anyhow::Result;

use super::report::Report;
use crate::{
    say,
    setup::{self, Group},
    vm::{self, End, Outcome},
};

/// Runs the matrix.
pub fn run(only: Option<&str>, report: &mut Report) -> Result<()> {
    setup::ensure(&[Group::Vm])?;
    say::step("kernel matrix");
    let options = vm::Options { only: only.map(str::to_owned), ..vm::Options::default() };
    let summary = vm::run(&options, &vm::Payload::build()?)?;
    print!("{summary}");
    for machine in &summary.machines {
        let kind = format!("vm {}", machine.label);
        report.took(&kind, Duration::from_secs_f64(machine.seconds));
        for test in &machine.tests {
            match test.outcome {
                Outcome::Ok => report.passed(&kind),
                Outcome::Failed => report.failed(&kind, &format!("{}: {}", test.name, test.reason)),
                Outcome::CannotRun => report.could_not_run(&kind, &test.name, &test.reason),
            }
        }
        let failed = machine.tests.iter().any(|test| test.outcome == Outcome::Failed);
        match &machine.end {
            End::Lost { why, .. } => report.failed(&kind, &format!("{}: {why}", machine.title)),
            End::Finished(code) if !machine.passed() && !failed => {
                report.failed(&kind, &format!("{} as a whole (exit code {code})", machine.title));
            }
            End::Finished(_) => {}
        }
    }
    Ok(())
}
