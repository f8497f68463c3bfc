//! The scenarios on other kernels.

use std::time::Duration;

use anyhow::Result;

use super::report::Report;
use crate::{
    matrix, say,
    vm::{self, End, Outcome},
};

/// Name of the kind in the report; the kernels are named in the matrix's own table.
const KIND: &str = "vm";

/// Runs the matrix and counts every test of every machine.
pub fn run(only: Option<&str>, report: &mut Report) -> Result<()> {
    say::step("kernel matrix");
    let options = vm::Options { only: only.map(str::to_owned), limit: vm::LIMIT, ..vm::Options::default() };
    let summary = vm::run(&options, &matrix::payload()?)?;
    println!("{summary}");
    for machine in &summary.machines {
        let mut failed = false;
        for test in &machine.tests {
            let name = format!("{}: {}", machine.title, test.name);
            match test.outcome {
                Outcome::Ok => report.passed(KIND),
                Outcome::Failed => {
                    failed = true;
                    report.failed(KIND, &name);
                }
                Outcome::CannotRun => report.could_not_run(KIND, &name, &test.reason),
            }
        }
        let nothing_asked_for = only.is_some() && machine.end == End::Finished(super::kernel::NOTHING_RAN);
        if !failed && !machine.passed() && !nothing_asked_for {
            let why = match &machine.end {
                End::Lost { why, .. } => why.clone(),
                End::Finished(code) => format!("exit code {code}"),
            };
            report.failed(KIND, &format!("{} as a whole: {why}", machine.title));
        }
        report.took(KIND, Duration::from_secs_f64(machine.seconds));
    }
    if only.is_none() && summary.scenarios(Outcome::Ok) == 0 {
        report.failed(KIND, "no scenario ran");
    }
    Ok(())
}
