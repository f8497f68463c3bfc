//! Packages of npm that the browser tests use, fetched into the cache. Which ones, and their hashes, stands in
//! `tests/ui/package-lock.json`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{paths, process::CommandExt as _, say};

/// What npm reads.
const FILES: [&str; 2] = ["package.json", "package-lock.json"];
/// What is used of what it fetches.
const PACKAGES: [&str; 2] = ["playwright-core", "axe-core"];

fn sources() -> PathBuf {
    paths::root().join("tests/ui")
}

/// Where they are, or would be.
pub fn directory() -> PathBuf {
    paths::cache().join("npm/ui")
}

/// Where they stand, as the lock file says it now.
///
/// # Errors
/// What is lacking, in words.
pub fn find() -> Result<String, String> {
    let directory = directory();
    let same = FILES.iter().all(|file| {
        let (there, here) = (fs::read(directory.join(file)), fs::read(sources().join(file)));
        there.is_ok_and(|there| here.is_ok_and(|here| there == here))
    });
    let all = PACKAGES.iter().all(|package| module(&directory, package).join("package.json").exists());
    match (all, same) {
        (true, true) => Ok(directory.display().to_string()),
        (true, false) => Err("of other versions than the lock file says".to_owned()),
        (false, _) => Err("not found".to_owned()),
    }
}

fn module(directory: &Path, package: &str) -> PathBuf {
    directory.join("node_modules").join(package)
}

/// Fetches them. npm compares their hashes, and runs nothing of them.
pub fn install() -> Result<()> {
    let directory = directory();
    say::step(&format!("fetching {} (about 5 MiB) into {}", PACKAGES.join(", "), directory.display()));
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    for file in FILES {
        fs::copy(sources().join(file), directory.join(file)).with_context(|| format!("copy {file}"))?;
    }
    Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
        .arg(&directory)
        .run()
        .with_context(|| format!("npm could not fetch them; to bring them by hand: {}", by_hand()))
}

/// How a person gets them.
pub fn by_hand() -> String {
    format!("npm ci --ignore-scripts in {}, with the files of tests/ui", directory().display())
}
