//! Builds, runs, tests and measures Picket.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

mod vm;

/// Development tasks of Picket.
#[derive(Parser)]
enum Task {
    /// Run the scenarios on the kernels of the matrix, in QEMU.
    Vm {
        #[command(flatten)]
        options: vm::Options,
        /// Check the machines only, build and run no scenarios.
        #[arg(long, conflicts_with = "agent")]
        checks_only: bool,
        /// Test this `picket` instead of building one.
        #[arg(long, requires = "scenarios")]
        agent: Option<PathBuf>,
        /// Run this test binary instead of building one.
        #[arg(long, requires = "agent")]
        scenarios: Option<PathBuf>,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let Task::Vm { options, checks_only, agent, scenarios } = Task::parse();
    let payload = match (agent, scenarios) {
        (None, None) if !checks_only => vm::Payload::build()?,
        (agent, scenarios) => vm::Payload { agent, scenarios },
    };
    let summary = vm::run(&options, &payload)?;
    if options.shell {
        return Ok(ExitCode::SUCCESS);
    }
    println!("{summary}");
    Ok(if summary.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
