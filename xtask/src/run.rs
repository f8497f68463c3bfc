//! `cargo xtask run`: from sources to a running agent.

use std::{ffi::OsString, os::unix::process::CommandExt as _};

use anyhow::{Context as _, Result};

use crate::{
    build,
    process::{CommandExt as _, as_root},
    say,
};

#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask run                        watch this host: nothing blocked, no network listener
  cargo xtask run -- --json              one JSON object a line
  cargo xtask run -- --config my.toml    settings of your own
  cargo xtask run -- --help              what the agent takes")]
pub struct Args {
    /// Arguments for `picket run`
    #[arg(last = true)]
    picket: Vec<OsString>,
}

/// Builds, then becomes the agent: signals and exit code are its own.
pub fn run(args: &Args) -> Result<()> {
    let agent = build::agent(true)?;
    say::step("starting the agent; Ctrl-C ends it");
    let mut command = as_root(agent, "loading programs into the kernel")?;
    command.arg("run").args(&args.picket);
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start `{}`", command.line()))
}
