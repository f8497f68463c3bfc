//! Debian packages.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::services;
use crate::{
    process::{CommandExt as _, as_root},
    say,
};

/// Installs packages and only these, removing none, and lets no server of theirs run.
pub fn install(packages: &[&str]) -> Result<()> {
    say::step(&format!("installing with apt: {}", packages.join(" ")));
    as_root("apt-get", "installing packages")?
        .args(["update", "--quiet"])
        .run()
        .context("apt could not read its archives: is this machine online?")?;
    for package in packages {
        if !is_available(package) {
            bail!(
                "the archives of this machine have no package {package}: Debian 12 with bookworm-security has"
            );
        }
    }
    let quiet = services::KeepQuiet::begin()?;
    let installed = apt_get(packages);
    quiet.end()?;
    installed.context("apt could not install the packages")
}

fn apt_get(packages: &[&str]) -> Result<()> {
    as_root("env", "installing packages")?
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--quiet"])
        .args(["--no-install-recommends", "--no-remove", "--option", "Dpkg::Use-Pty=0"])
        .args(packages)
        .run()
}

fn is_available(package: &str) -> bool {
    let mut policy = Command::new("apt-cache");
    let policy = policy.args(["policy", package]).env("LC_ALL", "C").read().unwrap_or_default();
    policy.lines().any(|line| {
        line.trim().strip_prefix("Candidate:").is_some_and(|candidate| candidate.trim() != "(none)")
    })
}
