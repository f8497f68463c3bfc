//! Readers in Python that `cargo xtask setup test` fetches (`xtask/src/setup/wheel.rs`).

use std::path::PathBuf;

use crate::cache;

/// Name and version of each.
pub const ALL: &[&str] =
    &["prometheus-client-0.26.0", "syslog-rfc5424-parser-0.3.2", "lark-parser-0.12.0", "pycef-1.11"];

/// Where one is.
#[must_use]
pub fn directory(wheel: &str) -> PathBuf {
    cache::directory().join("wheels").join(wheel)
}
