//! `cargo xtask screenshots`: pictures of every page of the web UI, from a running agent that has seen attacks.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::{
    build, paths, say,
    setup::{self, Group},
    test::{kernel, report::Report},
};

/// The scenario that starts agent and browser.
const SCENARIO: &str = "ui/browser";

#[derive(clap::Args)]
#[command(after_help = "The checks of the web UI run with it (the scenario ui/browser).

Examples:
  cargo xtask screenshots
  cargo xtask screenshots --to /tmp/pictures")]
pub struct Args {
    /// Where to put them [default: target/screenshots]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

pub fn run(args: &Args) -> Result<()> {
    setup::ensure(&[Group::Build, Group::Test])?;
    let agent = build::agent(false)?;
    let to = args.to.clone().unwrap_or_else(|| paths::target().join("screenshots"));
    fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    let to = to.canonicalize()?;
    let mut report = Report::new(false);
    let environment = [format!("PICKET_UI_SHOTS={}", to.display())];
    kernel::run_with(Some(SCENARIO), &agent, &environment, &mut report)?;
    say::step(&format!("pictures are in {}", to.display()));
    report.conclude()
}
