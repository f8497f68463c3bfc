//! `cargo xtask bench`: builds the agent as users get it, and measures it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    build::{self, executables},
    paths,
    process::{CommandExt as _, as_root, cargo},
    say,
    setup::{self, Group, wheel},
};

/// Name of the program that measures.
const PROGRAM: &str = "bench";
/// … of the one that compares rule engines,
const RULES: &str = "bench-rules";
/// … and of the one about TLS.
const TLS: &str = "bench-tls";
/// … and of the one about the store.
const STORE: &str = "bench-store";
/// … and of the one about the web UI.
const UI: &str = "bench-ui";

/// The file whose generated parts are replaced.
const DOCS: &str = "docs/benchmarks.md";

#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  cargo xtask bench                      everything, about half an hour; writes docs/benchmarks.md
  cargo xtask bench --quick              the same in a few minutes, to see that it works; writes nothing
  cargo xtask bench --only xdp           one part: xdp, flood, saturated, steady, footprint, reaction
  cargo xtask bench rules                rule engines side by side: Picket's, libmodsecurity, libddwaf
  cargo xtask bench store                the store: events a second, size, how long questions take
  cargo xtask bench tls                  services that speak TLS: nginx, Node.js, Go; what a probed call costs
  cargo xtask bench ui                   the web UI: pages with ten million events stored, live rows, what it costs

Let the machine do nothing else meanwhile. All sides of a comparison are measured in turns, in one run."
)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Only parts whose name contains this; does not write the docs
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
    /// Fewer, shorter turns; does not write the docs
    #[arg(long)]
    quick: bool,
}

#[derive(clap::Subcommand)]
enum What {
    /// Services that speak TLS, with Picket and without
    #[command(after_help = "Examples:
  cargo xtask bench tls                  about a quarter of an hour; writes its parts of docs/benchmarks.md
  cargo xtask bench tls nginx calls      these parts alone; there are calls, nginx, node, go, rate
  cargo xtask bench tls --quick          all in two minutes, to see that it works; writes nothing")]
    Tls {
        /// Parts [default: all]
        #[arg(value_name = "PART")]
        parts: Vec<String>,
        /// Fewer, shorter turns; does not write the docs
        #[arg(long)]
        quick: bool,
    },
    /// The web UI in a real browser, with many events stored
    #[command(after_help = "Examples:
  cargo xtask bench ui                   about an hour; writes its parts of docs/benchmarks.md
  cargo xtask bench ui pages --directory store
                                         fills a store there, or uses it: that takes most of the time
  cargo xtask bench ui live cost         these parts alone; there are pages, live, cost
  cargo xtask bench ui --quick           all in some minutes, to see that it works; writes nothing")]
    Ui {
        /// Parts [default: all]
        #[arg(value_name = "PART")]
        parts: Vec<String>,
        /// Events in the store; a million take about half a gigabyte of disk [default: ten million; a tenth of one if quick]
        #[arg(long, value_name = "NUMBER")]
        events: Option<u64>,
        /// State directory whose store is filled and left, or was left before; otherwise it is deleted afterwards
        #[arg(long, value_name = "DIRECTORY")]
        directory: Option<PathBuf>,
        /// Fewer, shorter turns; does not write the docs
        #[arg(long)]
        quick: bool,
    },
    /// Rule engines side by side, on one CPU; needs neither root nor the agent
    #[command(after_help = "Examples:
  cargo xtask bench rules                some minutes; writes its part of docs/benchmarks.md
  cargo xtask bench rules --quick        less than a minute, to see that it works; writes nothing")]
    Rules {
        /// Fewer, shorter turns; does not write the docs
        #[arg(long)]
        quick: bool,
    },
    /// The store; needs neither root nor the agent
    #[command(after_help = "Examples:
  cargo xtask bench store                ten million events; writes its part of docs/benchmarks.md
  cargo xtask bench store --events 1000000
  cargo xtask bench store --quick        a few seconds, to see that it works; writes nothing")]
    Store {
        /// Events to store; a million take about a gigabyte of disk
        #[arg(long, value_name = "NUMBER", default_value_t = 10_000_000)]
        events: u64,
        /// Few events and questions; does not write the docs
        #[arg(long)]
        quick: bool,
    },
}

/// Builds, then measures.
pub fn run(args: &Args) -> Result<()> {
    match &args.what {
        Some(What::Rules { quick }) => rules(*quick),
        Some(What::Tls { parts, quick }) => tls(parts, *quick),
        Some(What::Ui { parts, events, directory, quick }) => {
            ui(parts, *events, directory.as_deref(), *quick)
        }
        Some(What::Store { events, quick }) => store(*events, *quick),
        None => whole(args),
    }
}

/// The agent, as root.
fn whole(args: &Args) -> Result<()> {
    setup::ensure(&[Group::Build, Group::Bench])?;
    let agent = build::agent(true)?;
    let program = program(PROGRAM)?;
    let mut command = as_root(&program, "loading programs into the kernel")?;
    command.arg("--picket").arg(agent).arg("--docs").arg(paths::root().join(DOCS));
    if let Some(pattern) = &args.only {
        command.args(["--only", pattern]);
    }
    if args.quick {
        command.arg("--quick");
    }
    command.run()
}

/// Services that speak TLS, as root.
fn tls(parts: &[String], quick: bool) -> Result<()> {
    setup::ensure(&[Group::Build, Group::Bench])?;
    let agent = build::agent(true)?;
    let program = program(TLS)?;
    let mut command = as_root(&program, "loading programs into the kernel")?;
    command.args(parts).arg("--picket").arg(agent).arg("--docs").arg(paths::root().join(DOCS));
    if quick {
        command.arg("--quick");
    }
    command.run()
}

/// The web UI, as root.
fn ui(parts: &[String], events: Option<u64>, directory: Option<&Path>, quick: bool) -> Result<()> {
    setup::ensure(&[Group::Build, Group::Test, Group::Bench])?;
    let agent = build::agent(true)?;
    let program = program(UI)?;
    let mut command = as_root(&program, "loading programs into the kernel")?;
    command.args(parts).arg("--picket").arg(agent).arg("--docs").arg(paths::root().join(DOCS));
    let events = events.unwrap_or(if quick { 100_000 } else { 10_000_000 });
    command.args(["--events", &events.to_string()]);
    if let Some(directory) = directory {
        command.arg("--directory").arg(directory);
    }
    if quick {
        command.arg("--quick");
    }
    command.run()
}

/// Rule engines, as whoever we are.
fn rules(quick: bool) -> Result<()> {
    setup::ensure(&[Group::Build, Group::Rules])?;
    let mut command = Command::new(program(RULES)?);
    command.arg("--ddwaf").arg(wheel::DDWAF.directory()).arg("--docs").arg(paths::root().join(DOCS));
    if quick {
        command.arg("--quick");
    }
    command.run()
}

/// The store, as whoever we are.
fn store(events: u64, quick: bool) -> Result<()> {
    setup::ensure(&[Group::Build])?;
    let mut command = Command::new(program(STORE)?);
    if quick {
        command.args(["--events", "20000", "--whole", "5000", "--rounds", "2"]);
    } else {
        command.args(["--events", &events.to_string()]).arg("--docs").arg(paths::root().join(DOCS));
    }
    command.run()
}

/// Builds a program of the tests' crate as users would.
fn program(name: &str) -> Result<PathBuf> {
    say::step("building the benchmarks");
    let mut command = cargo();
    command.args(["build", "--package", "picket-tests", "--bin", name, "--release"]);
    let program = executables(command)?.into_iter().find(|program| program.name == name);
    Ok(program.context("cargo built no benchmarks")?.path)
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    #[test]
    fn rules_are_a_benchmark_of_their_own() {
        let command = Args::augment_args(clap::Command::new("bench"));
        command.clone().debug_assert();
        let read = |words: &[&str]| {
            let matches = command.clone().try_get_matches_from(words)?;
            Args::from_arg_matches(&matches)
        };
        let rules = read(&["bench", "rules", "--quick"]).expect("as the help says");
        assert!(matches!(rules.what, Some(What::Rules { quick: true })) && !rules.quick);
        let whole = read(&["bench", "--quick", "--only", "xdp"]).expect("as the help says");
        assert!(whole.what.is_none() && whole.quick && whole.only.as_deref() == Some("xdp"));
        assert!(read(&["bench", "--only", "xdp", "rules"]).is_err());
    }

    #[test]
    fn parts_about_tls_are_named() {
        let command = Args::augment_args(clap::Command::new("bench"));
        let matches =
            command.try_get_matches_from(["bench", "tls", "nginx", "calls"]).expect("as the help says");
        let Ok(Args { what: Some(What::Tls { parts, quick: false }), .. }) = Args::from_arg_matches(&matches)
        else {
            panic!("two parts, in full")
        };
        assert_eq!(parts, ["nginx", "calls"]);
    }

    #[test]
    fn the_store_behind_the_ui_can_be_kept() {
        let command = Args::augment_args(clap::Command::new("bench"));
        let words = ["bench", "ui", "pages", "--directory", "store", "--quick"];
        let matches = command.try_get_matches_from(words).expect("as the help says");
        let read = Args::from_arg_matches(&matches);
        let Ok(Args { what: Some(What::Ui { parts, events: None, directory, quick: true }), .. }) = read
        else {
            panic!("one part, in a hurry")
        };
        assert_eq!((parts, directory), (vec!["pages".to_owned()], Some("store".into())));
    }
}
