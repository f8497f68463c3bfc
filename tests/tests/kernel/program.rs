//! Programs the tests start, found by name.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use picket_tests::cache;

use crate::patience::in_vm;
use crate::report::CannotRun;

/// Searched after `PATH`: a machine of the kernel matrix may have no `PATH` at all.
const PLACES: [&str; 6] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

/// Where the program is. Missing, the scenario has failed — unless the run is in a machine of the
/// kernel matrix that says it comes without the program (`PICKET_VM_WITHOUT=node,apache2`).
pub fn find(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(PLACES.iter().map(PathBuf::from));
    if let Some(found) = places.map(|place| place.join(name)).find(|file| executable(file)) {
        return Ok(found);
    }
    let without = std::env::var("PICKET_VM_WITHOUT").unwrap_or_default();
    if in_vm() && without.split(',').any(|w| w == name) {
        return Err(CannotRun(format!("this machine comes without {name}")).into());
    }
    Err(anyhow!("{name} is not installed; `cargo xtask setup` installs it"))
}

/// Debian's Python, not one that a version manager puts in front of it.
pub fn python() -> Result<PathBuf> {
    let debian = Path::new("/usr/bin/python3");
    if executable(debian) { Ok(debian.to_owned()) } else { find("python3") }
}

/// A package of Debian's Python.
pub fn python_module(name: &str) -> Result<()> {
    let import = format!("import {name}");
    let output = Command::new(python()?).args(["-I", "-c", &import]).output().context("run python3")?;
    if output.status.success() {
        return Ok(());
    }
    Err(anyhow!("Python's {name} is not installed; `cargo xtask setup` installs it"))
}

/// A program of `tests/programs`, as `cargo xtask setup` built it: in `PICKET_PROGRAMS`, or in the cache.
pub fn built(name: &str) -> Result<PathBuf> {
    let cache = || cache::directory().join("programs");
    let file = std::env::var_os("PICKET_PROGRAMS").map_or_else(cache, PathBuf::from).join(name);
    if executable(&file) {
        return Ok(file);
    }
    Err(anyhow!("{} is not there; `cargo xtask setup` builds it", file.display()))
}

fn executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}
