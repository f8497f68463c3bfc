//! `cargo xtask setup`: what this machine lacks, installed.
//!
//! Nothing is remembered: each need is looked for where it would be used, so that running setup
//! twice does nothing the second time, and tools that came another way count.

mod apt;
mod cargo_tool;
mod need;
mod npm;
mod program;
mod release;
mod services;
pub mod wheel;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::{ebpf::toolchain, machine, say};
use need::{NEEDS, Need, Source};

/// What the machine is made ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Group {
    /// Building the kernel programs and the agent
    Build,
    /// The tests on this kernel
    Test,
    /// Fuzzing
    Fuzz,
    /// The tests on other kernels, in virtual machines
    Vm,
    /// Benchmarks
    Bench,
    /// The comparison of rule engines
    Rules,
    /// The demo
    Demo,
}

#[derive(clap::Args)]
#[command(
    after_help = "Installing packages needs root (sudo is used) and Debian; elsewhere setup says what is missing.
Servers that come as packages are neither started nor enabled."
)]
pub struct Args {
    /// What to make the machine ready for [default: all but fuzz, vm and rules]
    #[arg(value_enum)]
    groups: Vec<Group>,
    /// Only say what is missing; exit code 1 if anything is
    #[arg(long)]
    check: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let groups = if args.groups.is_empty() {
        vec![Group::Build, Group::Test, Group::Bench, Group::Demo]
    } else {
        args.groups.clone()
    };
    let names: Vec<String> = groups.iter().map(|group| format!("{group:?}").to_lowercase()).collect();
    say::step(&format!("what {} needs on {}", names.join(", "), machine::os_name()));
    let missing = look(&groups, true);
    if args.check && !missing.is_empty() {
        bail!("{} missing", missing.len());
    }
    install(&groups, &missing)?;
    say::step("ready");
    Ok(())
}

/// Installs what `groups` lack; silent when nothing is missing.
pub fn ensure(groups: &[Group]) -> Result<()> {
    let missing = look(groups, false);
    if missing.is_empty() {
        return Ok(());
    }
    say::step("setting up this machine first");
    for need in &missing {
        say::detail(&format!("missing  {:<14} {}", need.name, need.why));
    }
    install(groups, &missing)
}

/// The needs of `groups` that are not met.
fn look(groups: &[Group], aloud: bool) -> Vec<&'static Need> {
    let mut missing = Vec::new();
    for need in NEEDS.iter().filter(|need| need.groups.iter().any(|group| groups.contains(group))) {
        let found = need.find();
        if aloud {
            match &found {
                Ok(place) => say::detail(&format!("have     {:<14} {place}", need.name)),
                Err(lack) => say::detail(&format!("missing  {:<14} {}: {lack}", need.name, need.why)),
            }
        }
        if found.is_err() {
            missing.push(need);
        }
    }
    missing
}

fn install(groups: &[Group], missing: &[&Need]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let packages: BTreeSet<&str> = missing.iter().flat_map(|need| need.packages()).copied().collect();
    if !packages.is_empty() {
        if !machine::has_apt() {
            bail!("{}", by_hand(missing));
        }
        let packages: Vec<&str> = packages.into_iter().collect();
        apt::install(&packages).with_context(|| by_hand(missing))?;
    }
    for need in missing {
        match need.source {
            Source::Toolchain if toolchain::find().is_err() => cargo_tool::BPF_LINKER.install()?,
            Source::Cargo(tool) => tool.install()?,
            Source::Wheel(wheel) => wheel.install()?,
            Source::Npm => npm::install()?,
            Source::Release(release) => release.install()?,
            Source::Program(program) => program.install()?,
            Source::Rustup(component) => need::add_component(component, None)?,
            Source::ToolchainClippy => {
                if let Some(name) = toolchain::find().ok().and_then(|found| found.rustup) {
                    need::add_component("clippy", Some(&name))?;
                }
            }
            Source::Toolchain | Source::Packages(_) | Source::Files(..) => {}
        }
    }
    let still = look(groups, false);
    if !still.is_empty() {
        bail!("{}", by_hand(&still));
    }
    Ok(())
}

/// What to do without setup.
fn by_hand(missing: &[&Need]) -> String {
    let mut text = format!("still missing on {}; to get it by hand:", machine::os_name());
    for need in missing {
        text.push_str(&format!("\n    {:<14} {}", need.name, need.by_hand()));
    }
    text
}
