//! Where things are: in the repository, and on the machine.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Sources of the TLS servers that the kernel scenarios watch, a directory a language.
pub fn program_sources() -> PathBuf {
    root().join("tests/programs")
}

/// Those in Rust, a workspace of its own.
pub fn rust_programs() -> PathBuf {
    program_sources().join("rust")
}

/// Cargo's target directory of the workspace.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// The kernel programs' crate, a workspace of its own.
pub fn probe() -> PathBuf {
    root().join("probe-ebpf")
}

/// The built kernel programs, where the agent's `build.rs` looks.
pub fn object() -> PathBuf {
    root().join("target/ebpf/picket.bpf.o")
}

/// Where tools are installed that no package brings.
pub fn tools() -> PathBuf {
    cache().join("tools")
}

/// Where the TLS servers of the kernel scenarios are built to (`tests/programs`).
pub fn programs() -> PathBuf {
    cache().join("programs")
}

/// What may be fetched or built again: `$XDG_CACHE_HOME/picket`.
pub fn cache() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME")
        .filter(|dir| !dir.is_empty())
        .map_or_else(|| home().join(".cache"), PathBuf::from);
    cache.join("picket")
}

/// A program, by name, on `PATH` and where system tools live (a user's `PATH` lacks `/usr/sbin` on Debian).
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|program| is_executable(program))
}

/// A cargo tool: ours first, as its version is the one tried, then the user's.
pub fn find_tool(name: &str) -> Option<PathBuf> {
    [tools().join("bin").join(name), home().join(".cargo/bin").join(name)]
        .into_iter()
        .find(|program| is_executable(program))
        .or_else(|| find_program(name))
}

/// `path` as a person reads it: relative to the repository when inside.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn home() -> PathBuf {
    env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from)
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
