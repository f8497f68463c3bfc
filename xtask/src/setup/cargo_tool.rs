//! Tools that cargo builds, at the version that was tried, into a directory of our own: the user's
//! `~/.cargo/bin` stays as it is.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::{
    paths,
    process::{CommandExt as _, cargo},
    say,
};

/// A crate with a program in it.
pub struct CargoTool {
    /// Crate and program.
    pub name: &'static str,
    /// Version.
    pub version: &'static str,
    /// About how long it takes on two cores, seconds.
    pub takes: u32,
    options: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

/// Where Debian's LLVM 22 is.
const LLVM: &str = "/usr/lib/llvm-22";

/// Links LLVM bitcode to eBPF objects. Linked to Debian's LLVM 22, the one of `rustc-web` 1.96.
pub const BPF_LINKER: CargoTool = CargoTool {
    name: "bpf-linker",
    version: "0.13.0",
    takes: 65,
    options: &["--no-default-features", "--features", "llvm-22"],
    environment: &[("LLVM_PREFIX", LLVM), ("LLVM_SYS_221_PREFIX", LLVM)],
};

/// Checks licences, duplicate versions and sources of dependencies.
/// Unoptimised: it is fast enough for our few crates, and built in half the time.
pub const CARGO_DENY: CargoTool =
    CargoTool { name: "cargo-deny", version: "0.20.2", takes: 80, options: &["--debug"], environment: &[] };

impl CargoTool {
    /// Where it stands.
    ///
    /// # Errors
    /// That it doesn't.
    pub fn find(&self) -> Result<String, String> {
        self.path().map(|path| path.display().to_string()).ok_or_else(|| "not found".to_owned())
    }

    /// The program.
    pub fn path(&self) -> Option<PathBuf> {
        paths::find_tool(self.name)
    }

    /// Builds and installs it.
    pub fn install(&self) -> Result<()> {
        let tools = paths::tools();
        say::step(&format!(
            "building {} {} into {} (about {} s)",
            self.name,
            self.version,
            tools.display(),
            self.takes
        ));
        let mut command = cargo();
        command.args(["install", self.name, "--version", self.version, "--locked", "--root"]);
        command.arg(&tools).args(self.options).envs(self.environment.iter().copied());
        // Our flags are for our code.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
        command.run().with_context(|| {
            format!("{} did not build; if crates.io cannot be reached, bring {}", self.name, self.by_hand())
        })
    }

    /// How a person gets it.
    pub fn by_hand(&self) -> String {
        let mut text = format!("cargo install {} --version {} --locked", self.name, self.version);
        for option in self.options {
            text.push_str(&format!(" {option}"));
        }
        text
    }
}
