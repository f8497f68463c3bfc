//! Where a scenario happens: a directory and a control group of its own, gone afterwards.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cgroup::Cgroup;

/// A scenario's directory and control groups.
pub struct Site {
    /// Services run in here; it is what the agent taps.
    pub cgroup: Cgroup,
    /// Agents run in here, outside of what they tap.
    pub agents: Cgroup,
    dir: PathBuf,
}

impl Site {
    /// Makes the place for a scenario.
    pub fn new(name: &str) -> Result<Self> {
        let plain = name.replace('/', "-");
        let dir = base().join(&plain);
        fs::create_dir_all(&dir).with_context(|| format!("make {}", dir.display()))?;
        // Apache's workers and nginx's run as somebody else and must get in.
        open_to_all(&base())?;
        open_to_all(&dir)?;
        Ok(Self { cgroup: Cgroup::new(&plain)?, agents: Cgroup::new(&format!("{plain}-agents"))?, dir })
    }

    /// The scenario's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A new directory in it.
    pub fn subdir(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.join(name);
        fs::create_dir(&dir).with_context(|| format!("make {}", dir.display()))?;
        open_to_all(&dir)?;
        Ok(dir)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if keep() {
            eprintln!("kept: {}", self.dir.display());
        } else if let Err(error) = fs::remove_dir_all(&self.dir) {
            eprintln!("{} is left behind: {error}", self.dir.display());
        }
    }
}

fn open_to_all(dir: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("chmod {}", dir.display()))
}

/// `PICKET_KEEP=1` keeps the directories (logs, configurations) of a run.
pub fn keep() -> bool {
    std::env::var_os("PICKET_KEEP").is_some()
}

/// The directory of this run.
fn base() -> PathBuf {
    let prefix = if keep() { KEPT } else { PREFIX };
    std::env::temp_dir().join(format!("{prefix}{}", std::process::id()))
}

/// Directories of runs start with this, followed by the process id.
const PREFIX: &str = "picket-test-";
/// The same when they are to be kept.
const KEPT: &str = "picket-test-kept-";

/// Removes the directory of this run, unless it is to be kept.
pub fn remove_base() {
    if !keep() {
        let _ = fs::remove_dir_all(base());
    }
}

/// Removes what runs that were killed left behind: directories, and what their agents pinned.
pub fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|n| n.strip_prefix(PREFIX)).and_then(|p| p.parse::<u32>().ok());
        let Some(pid) = pid else { continue };
        if Path::new(&format!("/proc/{pid}")).exists() {
            continue;
        }
        for site in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
            for state in fs::read_dir(site.path()).into_iter().flatten().flatten() {
                if state.path().is_dir() && state.file_name().to_string_lossy().starts_with("picket") {
                    crate::agent::clean_state(&state.path());
                }
            }
        }
        let _ = fs::remove_dir_all(entry.path());
    }
}
