//! The BPF file system, where what must outlive the agent is pinned.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use rustix::mount::MountFlags;

use super::ProbeError;

/// `BPF_FS_MAGIC`, include/uapi/linux/magic.h.
const BPF_FS_MAGIC: u64 = 0xcafe_4a11;

/// Where systemd and bpftool mount it.
pub const STANDARD: &str = "/sys/fs/bpf";

/// Whether a BPF file system is mounted at `path`.
#[must_use]
pub fn is_mounted(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|s| s.f_type as u64 == BPF_FS_MAGIC)
}

/// Makes sure `pins`, a directory below the standard mount point, exists; mounts the file system
/// there when nobody has. The mount is for all: pins in a private one would end with the agent.
///
/// # Errors
///
/// When it can't be mounted or the directory can't be made.
pub fn ensure(pins: &Path) -> Result<PathBuf, ProbeError> {
    let root = Path::new(STANDARD);
    if !is_mounted(root) {
        let none = |source: io::Error| ProbeError::NoBpffs { path: root.to_owned(), source };
        if !root.exists() {
            fs::create_dir_all(root).map_err(none)?;
        }
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        rustix::mount::mount("bpf", root, "bpf", flags, Some(c"mode=0700"))
            .map_err(|errno| none(errno.into()))?;
        tracing::info!(path = STANDARD, "mounted the BPF file system");
    }
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(pins);
    made.map_err(|source| ProbeError::Io { what: "can't make", path: pins.to_owned(), source })?;
    Ok(pins.to_owned())
}
