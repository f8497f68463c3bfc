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
    std::env::temp_dir().join(format!("picket-test-{}", std::process::id()))
}

/// Removes the directory of this run, unless it is to be kept.
pub fn remove_base() {
    if !keep() {
        let _ = fs::remove_dir_all(base());
    }
}
