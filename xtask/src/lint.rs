//! `cargo xtask lint`: formatting, clippy, dependencies.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::{
    ebpf, paths,
    process::{CommandExt as _, cargo},
    say,
    setup::{self, Group},
};

/// One check: its name, and how it went.
pub struct Check {
    /// What is checked.
    pub name: &'static str,
    /// How it went.
    pub outcome: Outcome,
}

/// How a check went.
pub enum Outcome {
    /// Nothing found.
    Passed,
    /// Something found; it is printed above.
    Failed(String),
    /// Not checked, and why.
    CouldNotRun(String),
}

pub fn run() -> Result<()> {
    setup::ensure(&[Group::Build, Group::Test])?;
    let checks = checks();
    let mut failed = Vec::new();
    say::step("lint");
    for check in &checks {
        match &check.outcome {
            Outcome::Passed => say::detail(&format!("ok             {}", check.name)),
            Outcome::Failed(reason) => {
                say::detail(&format!("failed         {}: {reason}", check.name));
                failed.push(check.name);
            }
            Outcome::CouldNotRun(reason) => say::detail(&format!("could not run  {}: {reason}", check.name)),
        }
    }
    if !failed.is_empty() {
        bail!("{} of {} checks failed: {}", failed.len(), checks.len(), failed.join(", "));
    }
    Ok(())
}

/// Runs every check, also after one failed.
pub fn checks() -> Vec<Check> {
    let check = |name, result: Result<()>| Check {
        name,
        outcome: match result {
            Ok(()) => Outcome::Passed,
            Err(error) => Outcome::Failed(format!("{error:#}")),
        },
    };
    vec![
        check("formatting", step("formatting", || cargo().args(["fmt", "--all", "--check"]).run())),
        check("formatting of probe-ebpf", step("formatting of probe-ebpf", format_probe)),
        check("formatting of tests/programs", step("formatting of tests/programs", format_programs)),
        check("clippy", step("clippy", clippy)),
        check("clippy of probe-ebpf", step("clippy of probe-ebpf", ebpf::clippy)),
        check("licences, bans, sources", step("licences, bans, sources", dependencies)),
        Check { name: "advisories", outcome: advisories() },
    ]
}

fn step(name: &str, check: impl FnOnce() -> Result<()>) -> Result<()> {
    say::step(&format!("checking {name}"));
    check()
}

fn format_probe() -> Result<()> {
    cargo().current_dir(paths::probe()).args(["fmt", "--check"]).run()
}

fn format_programs() -> Result<()> {
    cargo().current_dir(paths::rust_programs()).args(["fmt", "--check"]).run()
}

fn clippy() -> Result<()> {
    cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]).run()
}

fn deny(workspace: &Path, checks: &[&str]) -> Result<std::process::Command> {
    let program = paths::find_tool("cargo-deny").context("no cargo-deny")?;
    let mut command = std::process::Command::new(program);
    command
        .current_dir(paths::root())
        .args(["--locked", "--manifest-path"])
        .arg(workspace.join("Cargo.toml"));
    command.arg("--config").arg(paths::root().join("deny.toml"));
    command.args(["check", "--hide-inclusion-graph"]).args(checks);
    Ok(command)
}

fn dependencies() -> Result<()> {
    for workspace in [paths::root(), paths::probe(), paths::rust_programs()] {
        deny(&workspace, &["licenses", "bans", "sources"])?.run()?;
    }
    Ok(())
}

/// Known vulnerabilities of dependencies. The database comes from GitHub: without it, this says so.
fn advisories() -> Outcome {
    say::step("checking advisories");
    let output = match deny(&paths::root(), &["advisories"]).and_then(|mut command| Ok(command.output()?)) {
        Ok(output) => output,
        Err(error) => return Outcome::Failed(format!("{error:#}")),
    };
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Outcome::Passed
    } else if text.contains("failed to fetch advisory database") {
        Outcome::CouldNotRun(
            "the advisory database (github.com/RustSec/advisory-db) cannot be reached".to_owned(),
        )
    } else {
        eprint!("{text}");
        Outcome::Failed("cargo-deny found advisories".to_owned())
    }
}
