//! What kind of machine this is.

use std::{env, fs};

use crate::paths;

/// Whether packages come with apt from Debian (or something made from it).
pub fn has_apt() -> bool {
    paths::find_program("apt-get").is_some() && os_release("ID").is_some()
}

/// The system's name as a person knows it, such as `Debian GNU/Linux 12 (bookworm)`.
pub fn os_name() -> String {
    os_release("PRETTY_NAME").unwrap_or_else(|| "this system".to_owned())
}

/// Rust's name of this machine's architecture.
pub fn arch() -> &'static str {
    env::consts::ARCH
}

/// Rust's name of this machine as a target.
pub fn host_target() -> String {
    format!("{}-unknown-linux-gnu", arch())
}

fn os_release(key: &str) -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    text.lines().find_map(|line| {
        let value = line.strip_prefix(key)?.strip_prefix('=')?;
        Some(value.trim_matches('"').to_owned())
    })
}
