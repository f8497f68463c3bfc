//! `cargo xtask vm`: the kernel matrix, from sources to its table.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::{
    build,
    setup::{self, Group},
    vm,
};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    options: vm::Options,
    /// Check the machines only: build and run no scenarios
    #[arg(long, conflicts_with = "agent")]
    checks_only: bool,
    /// Test this `picket` instead of building one
    #[arg(long, value_name = "FILE", requires = "scenarios")]
    agent: Option<PathBuf>,
    /// Run this test program instead of building one
    #[arg(long, value_name = "FILE", requires = "agent")]
    scenarios: Option<PathBuf>,
}

pub fn run(args: &Args) -> Result<()> {
    // What runs in the machines comes from this one.
    setup::ensure(&[Group::Build, Group::Test, Group::Vm])?;
    let payload = match (&args.agent, &args.scenarios) {
        (None, None) if !args.checks_only => payload()?,
        (agent, scenarios) => vm::Payload { agent: agent.clone(), scenarios: scenarios.clone() },
    };
    let summary = vm::run(&args.options, &payload)?;
    if args.options.shell {
        return Ok(());
    }
    println!("{summary}");
    if !summary.passed() {
        bail!("the kernel matrix failed");
    }
    Ok(())
}

/// The agent and the scenarios, built here.
pub fn payload() -> Result<vm::Payload> {
    build::agent(true)?;
    vm::Payload::build()
}
