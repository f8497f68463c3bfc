//! Where `cargo xtask setup` puts what it fetches and builds.

use std::path::PathBuf;

/// `$XDG_CACHE_HOME/picket`, as `xtask/src/paths.rs` has it.
#[must_use]
pub fn directory() -> PathBuf {
    let home =
        || std::env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from).join(".cache");
    let cache =
        std::env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()).map_or_else(home, PathBuf::from);
    cache.join("picket")
}
