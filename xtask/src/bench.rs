//! `cargo xtask bench`: builds the agent as users get it, and measures it.

use anyhow::{Context as _, Result};

use crate::{
    build::{self, executables},
    paths,
    process::{CommandExt as _, as_root, cargo},
    say,
    setup::{self, Group},
};

/// Name of the program that measures.
const PROGRAM: &str = "bench";

/// The file whose generated part is replaced.
const DOCS: &str = "docs/benchmarks.md";

#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask bench                      everything, about half an hour; writes docs/benchmarks.md
  cargo xtask bench --quick              the same in a few minutes, to see that it works; writes nothing
  cargo xtask bench --only xdp           one part: xdp, flood, saturated, steady, footprint, reaction

Let the machine do nothing else meanwhile. All sides of a comparison are measured in turns, in one run.")]
pub struct Args {
    /// Only parts whose name contains this; does not write the docs
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
    /// Fewer, shorter turns; does not write the docs
    #[arg(long)]
    quick: bool,
}

/// Builds, then measures as root.
pub fn run(args: &Args) -> Result<()> {
    setup::ensure(&[Group::Build, Group::Bench])?;
    let agent = build::agent(true)?;
    say::step("building the benchmarks");
    let mut command = cargo();
    command.args(["build", "--package", "picket-tests", "--bin", PROGRAM, "--release"]);
    let program = executables(command)?.into_iter().find(|program| program.name == PROGRAM);
    let program = program.context("cargo built no benchmarks")?;

    let mut command = as_root(&program.path, "loading programs into the kernel")?;
    command.arg("--picket").arg(agent).arg("--docs").arg(paths::root().join(DOCS));
    if let Some(pattern) = &args.only {
        command.args(["--only", pattern]);
    }
    if args.quick {
        command.arg("--quick");
    }
    command.run()
}
