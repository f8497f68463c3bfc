//! `cargo xtask build`: kernel programs, then the agent that carries them.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::{
    ebpf,
    process::{CommandExt as _, cargo},
    say,
    setup::{self, Group},
};

#[derive(clap::Args)]
pub struct Args {
    /// Optimised
    #[arg(long)]
    release: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let agent = agent(args.release)?;
    println!("{}", agent.display());
    Ok(())
}

/// Builds the kernel programs and the agent; gives the agent's path.
pub fn agent(release: bool) -> Result<PathBuf> {
    setup::ensure(&[Group::Build])?;
    ebpf::build()?;
    say::step("building the agent");
    let mut command = cargo();
    command.args(["build", "--package", "picket", "--bin", "picket"]);
    if release {
        command.arg("--release");
    }
    let built = executables(command)?;
    let agent = built.into_iter().find(|executable| executable.name == "picket");
    Ok(agent.context("cargo built no `picket`")?.path)
}

/// An executable that cargo built.
pub struct Executable {
    /// Name of the package.
    pub package: String,
    /// Name of the target: library, binary or integration test.
    pub name: String,
    /// The package's directory, where cargo would start a test.
    pub package_dir: PathBuf,
    /// The file.
    pub path: PathBuf,
    /// Built as a test; a program that tests of the package start is not.
    pub is_test: bool,
}

/// Runs a cargo build or `test --no-run` and gives the executables it made.
pub fn executables(mut command: std::process::Command) -> Result<Vec<Executable>> {
    command.arg("--message-format=json-render-diagnostics");
    let messages = command.read()?;
    Ok(messages.lines().filter_map(executable).collect())
}

fn executable(message: &str) -> Option<Executable> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let path = message["executable"].as_str()?;
    let manifest = PathBuf::from(message["manifest_path"].as_str()?);
    let package_dir = manifest.parent()?.to_owned();
    let target = &message["target"];
    // `path+file:///…/agent#picket@0.1.0`, or `…/picket#0.1.0` when directory and package share the name.
    let id = message["package_id"].as_str()?;
    let fragment = id.rsplit('#').next()?;
    let package = fragment.split_once('@').map_or_else(
        || package_dir.file_name().map(|name| name.to_string_lossy().into_owned()),
        |(name, _)| Some(name.to_owned()),
    )?;
    let name = target["name"].as_str()?.to_owned();
    let is_test = message["profile"]["test"].as_bool().unwrap_or(false);
    Some(Executable { package, name, package_dir, path: path.into(), is_test })
}
