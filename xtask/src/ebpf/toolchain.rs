//! Which compiler and linker make eBPF here.
//!
//! Two pairs do. rustup's nightly with `rust-src` and a `bpf-linker` is what most eBPF developers
//! have, so it is used where it stands. Debian 12's `rustc-web` with `rust-web-src` and a
//! `bpf-linker` linked to Debian's LLVM 22 is what setup installs: fixed versions from one archive.

use std::{env, fmt, path::PathBuf, process::Command};

use crate::{
    paths,
    process::{self, CommandExt as _},
};

/// Environment variable that picks a toolchain by hand: `rustup` or `system`.
pub const CHOICE: &str = "PICKET_EBPF_TOOLCHAIN";
/// Oldest compiler that takes the aya-ebpf in use: `(major, minor)`.
const OLDEST: (u32, u32) = (1, 95);

/// A compiler with its `core` in source, and a linker.
pub struct Toolchain {
    /// What to call it, with its version.
    pub name: String,
    /// Its name for rustup, if it is rustup's.
    pub rustup: Option<String>,
    /// Cargo.
    pub cargo: PathBuf,
    /// The compiler.
    pub rustc: PathBuf,
    /// `clippy-driver` made for this compiler, if there is one.
    pub clippy: Option<PathBuf>,
    /// `bpf-linker`.
    pub linker: PathBuf,
}

/// Why there is no toolchain: what each candidate lacks.
#[derive(Debug)]
pub struct Lacks {
    /// Whether a linker is there.
    pub linker: bool,
    reasons: Vec<String>,
}

impl fmt::Display for Lacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no toolchain for eBPF: {}", self.reasons.join("; "))
    }
}

/// The first complete toolchain: rustup's, then the system's.
pub fn find() -> Result<Toolchain, Lacks> {
    let choice = env::var(CHOICE).unwrap_or_default();
    let mut reasons = Vec::new();
    if choice != "system" {
        match rustup() {
            Ok(toolchain) => return Ok(toolchain),
            Err(reason) => reasons.push(reason),
        }
    }
    if choice != "rustup" {
        match system_rustc() {
            Ok(compiler) => match linker(paths::find_tool("bpf-linker")) {
                Some(linker) => return Ok(compiler.with(None, cargo_path(), linker)),
                None => reasons.push(format!("{} is here, but no bpf-linker that runs", compiler.name)),
            },
            Err(reason) => reasons.push(reason),
        }
    }
    Err(Lacks { linker: linker(paths::find_tool("bpf-linker")).is_some(), reasons })
}

struct Compiler {
    name: String,
    sysroot: PathBuf,
    rustc: PathBuf,
}

impl Compiler {
    fn with(self, rustup: Option<String>, cargo: PathBuf, linker: PathBuf) -> Toolchain {
        let driver = self.sysroot.join("bin/clippy-driver");
        let clippy = driver.is_file().then_some(driver);
        Toolchain { name: self.name, rustup, cargo, rustc: self.rustc, clippy, linker }
    }
}

fn rustup() -> Result<Toolchain, String> {
    let Some(rustup) = paths::find_program("rustup") else {
        return Err("there is no rustup".to_owned());
    };
    let toolchains = Command::new(rustup).args(["toolchain", "list"]).read().unwrap_or_default();
    let nightly = toolchains
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .find(|name| name.starts_with("nightly"))
        .ok_or("rustup has no nightly toolchain")?;
    let sysroot = Command::new("rustup")
        .args(["run", nightly, "rustc", "--print", "sysroot"])
        .env("RUSTUP_TOOLCHAIN", nightly)
        .read()
        .map_err(|error| format!("rustup's {nightly} does not answer: {error:#}"))?;
    let sysroot = PathBuf::from(sysroot.trim());
    let compiler = compiler(sysroot.join("bin/rustc"), &format!("rustup's {nightly}"))?;
    // The user's own linker first: it was chosen to fit this compiler's LLVM.
    let linker = linker(paths::find_program("bpf-linker"))
        .or_else(|| linker(paths::find_tool("bpf-linker")))
        .ok_or_else(|| format!("{} is complete, but there is no bpf-linker", compiler.name))?;
    let cargo = sysroot.join("bin/cargo");
    let cargo = if cargo.is_file() { cargo } else { cargo_path() };
    Ok(compiler.with(Some(nightly.to_owned()), cargo, linker))
}

fn system_rustc() -> Result<Compiler, String> {
    let rustc = PathBuf::from("/usr/bin/rustc");
    if !rustc.is_file() {
        return Err("the system has no /usr/bin/rustc".to_owned());
    }
    compiler(rustc, "the system's compiler")
}

/// A compiler that is new enough and has the sources of `core` beside it.
fn compiler(rustc: PathBuf, whose: &str) -> Result<Compiler, String> {
    let version = Command::new(&rustc)
        .arg("--version")
        .read()
        .map_err(|error| format!("{whose} does not answer: {error:#}"))?;
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    if parse_version(number).is_none_or(|found| found < OLDEST) {
        return Err(format!("{whose} is {number}, older than {}.{}", OLDEST.0, OLDEST.1));
    }
    let sysroot = Command::new(&rustc)
        .args(["--print", "sysroot"])
        .read()
        .map_err(|error| format!("{whose} does not answer: {error:#}"))?;
    let sysroot = PathBuf::from(sysroot.trim());
    if !sysroot.join("lib/rustlib/src/rust/library/core/src/lib.rs").is_file() {
        return Err(format!("{whose} ({number}) is here, but not the sources of `core` (rust-src)"));
    }
    Ok(Compiler { name: format!("{whose} ({number})"), sysroot, rustc })
}

/// A linker that runs: one whose LLVM library went away does not.
fn linker(found: Option<PathBuf>) -> Option<PathBuf> {
    found.filter(|linker| Command::new(linker).arg("--version").succeeds())
}

fn parse_version(number: &str) -> Option<(u32, u32)> {
    let mut parts = number.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Cargo itself rather than rustup's stand-in, which would choose a toolchain again.
fn cargo_path() -> PathBuf {
    PathBuf::from(process::cargo().get_program())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_every_channel_are_read() {
        assert_eq!(parse_version("1.96.0"), Some((1, 96)));
        assert_eq!(parse_version("1.97.0-nightly"), Some((1, 97)));
        assert_eq!(parse_version("nonsense"), None);
    }

    #[test]
    fn a_compiler_that_is_not_there_is_a_reason_not_a_panic() {
        let reason = compiler(PathBuf::from("/nonexistent/rustc"), "nobody's").err().unwrap();
        assert!(reason.contains("nobody's does not answer"), "{reason}");
    }
}
