//! `cargo xtask bench ui` starts this.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::Parser;
use picket_tests::bench::{
    Bench, ended,
    ground::Directory,
    named::{Run, chosen, measure},
    ui::{self, UiBench},
};

/// What a person types for this run, before the part's name.
const COMMAND: &str = "cargo xtask bench ui";

/// Measures the web UI: how fast pages come with many events stored, live rows, what an open UI costs.
#[derive(Parser)]
#[command(after_help = "Exit codes:
  0  measured
  1  something could not be measured")]
struct Args {
    /// Parts [default: all]
    #[arg(value_name = "PART")]
    parts: Vec<String>,
    /// Events in the store: one takes about a kilobyte of disk
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000_000)]
    events: u64,
    /// State directory whose store is filled and left, or was left; otherwise it is deleted afterwards
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
    /// Fewer, shorter turns: shows that all works, not what it costs
    #[arg(long)]
    quick: bool,
    /// The agent to measure, built for release
    #[arg(long, value_name = "FILE")]
    picket: PathBuf,
    /// File whose generated parts are replaced
    #[arg(long, value_name = "FILE")]
    docs: Option<PathBuf>,
}

fn main() -> ExitCode {
    ended(run(Args::parse()))
}

fn run(args: Args) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("loading programs into the kernel needs root: use `{COMMAND}`");
    }
    let parts = chosen(ui::PARTS, &args.parts)?;
    let made = Directory::new("ui")?;
    let state = args.directory.unwrap_or_else(|| made.file("state"));
    let bench = Bench { quick: args.quick, picket: args.picket };
    let ui = UiBench { bench, state, events: args.events };
    let run = Run { command: COMMAND, quick: args.quick, docs: args.docs.as_deref() };
    measure(&run, &parts, &ui)
}
