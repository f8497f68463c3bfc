//! The cgroup v2 hierarchy: found, or mounted where nobody else sees it.

use std::{
    fs::{self, File},
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::MetadataExt,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags},
    mount::{FsMountFlags, FsOpenFlags, MountAttrFlags},
};

use super::ProbeError;

/// `CGROUP2_SUPER_MAGIC`, include/uapi/linux/magic.h.
const CGROUP2_SUPER_MAGIC: u64 = 0x6367_7270;

/// A cgroup to attach to.
#[derive(Debug)]
pub struct Cgroup {
    /// Its directory.
    pub dir: OwnedFd,
    /// Where a person finds it; `None` when the hierarchy is mounted for this process only.
    pub path: Option<PathBuf>,
    /// Its id: the inode number, what `bpf_skb_cgroup_id` gives.
    pub id: u64,
}

/// The cgroup the tap goes on: the given one, or the root of the hierarchy.
///
/// # Errors
///
/// When there is no cgroup v2, or the given path is not in it.
pub fn open(given: Option<&Path>) -> Result<Cgroup, ProbeError> {
    match given {
        Some(path) => open_given(path),
        None => match mounted() {
            Some(root) => open_dir(&root),
            None => mount_privately(),
        },
    }
}

/// Where the cgroup v2 hierarchy is mounted, if it is: the mount that shows its root is preferred.
#[must_use]
pub fn mounted() -> Option<PathBuf> {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").ok()?;
    find_in(&mountinfo).into_iter().find(|path| is_cgroup2(path))
}

/// cgroup2 mount points of a mountinfo text (proc(5)), those that show the hierarchy's root first.
fn find_in(mountinfo: &str) -> Vec<PathBuf> {
    let mut found: Vec<(bool, PathBuf)> = mountinfo
        .lines()
        .filter_map(|line| {
            let (mount, fs) = line.split_once(" - ")?;
            let mut fields = mount.split(' ');
            let (root, point) = (fields.nth(3)?, fields.next()?);
            (fs.split(' ').next()? == "cgroup2").then(|| (root != "/", unescape(point)))
        })
        .collect();
    found.sort_by_key(|(below, _)| *below);
    found.into_iter().map(|(_, path)| path).collect()
}

/// mountinfo writes space, tab, newline and backslash as `\ooo`.
fn unescape(text: &str) -> PathBuf {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 4).and_then(|d| u8::from_str_radix(d, 8).ok());
        match code {
            Some(byte) => {
                out.push(char::from(byte));
                rest = &rest[at + 4..];
            }
            None => {
                out.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    PathBuf::from(out)
}

fn is_cgroup2(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|s| s.f_type as u64 == CGROUP2_SUPER_MAGIC)
}

fn open_given(path: &Path) -> Result<Cgroup, ProbeError> {
    let refuse = |why: String| ProbeError::NotACgroup {
        path: path.to_owned(),
        why,
        example: mounted().unwrap_or_else(|| PathBuf::from("/sys/fs/cgroup")),
    };
    if let Err(error) = fs::metadata(path) {
        return Err(refuse(error.to_string()));
    }
    if !is_cgroup2(path) {
        return Err(refuse("not in the cgroup v2 hierarchy".into()));
    }
    open_dir(path).map_err(|error| refuse(error.to_string()))
}

fn open_dir(path: &Path) -> Result<Cgroup, ProbeError> {
    let io = |source| ProbeError::Io { what: "can't open cgroup", path: path.to_owned(), source };
    let dir = File::open(path).map_err(io)?;
    let id = dir.metadata().map_err(io)?.ino();
    Ok(Cgroup { dir: dir.into(), path: Some(path.to_owned()), id })
}

/// Mounts the hierarchy detached from every mount table (fsmount(2), Linux 5.2): it lives as long as
/// this process holds the directory.
fn mount_privately() -> Result<Cgroup, ProbeError> {
    let mount = || -> io::Result<Cgroup> {
        let fs = rustix::mount::fsopen("cgroup2", FsOpenFlags::FSOPEN_CLOEXEC)?;
        rustix::mount::fsconfig_create(fs.as_fd())?;
        let mount = rustix::mount::fsmount(
            fs.as_fd(),
            FsMountFlags::FSMOUNT_CLOEXEC,
            MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV,
        )?;
        let dir = rustix::fs::openat(
            &mount,
            ".",
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let id = rustix::fs::fstat(&dir)?.st_ino;
        Ok(Cgroup { dir, path: None, id })
    };
    mount().map_err(ProbeError::NoCgroup2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hybrid_and_odd_mounts_are_found() {
        let mountinfo = "\
30 24 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
31 30 0:27 /docker/abc /mnt/sub rw,nosuid shared:9 - cgroup2 cgroup2 rw\n\
32 30 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n\
33 30 0:27 / /mnt/with\\040space rw - cgroup2 cgroup2 rw\n\
34 30 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
        assert_eq!(
            find_in(mountinfo),
            ["/sys/fs/cgroup/unified", "/mnt/with space", "/mnt/sub"].map(PathBuf::from)
        );
        assert!(find_in("garbage\n - \n1 2 3 - cgroup2").is_empty());
    }

    #[test]
    fn what_is_no_cgroup_is_refused_with_an_example() {
        let error = open(Some(Path::new("/proc"))).expect_err("/proc is no cgroup");
        assert!(error.to_string().contains("not in the cgroup v2 hierarchy"), "{error}");
        let error = open(Some(Path::new("/no/such/dir"))).expect_err("not there");
        assert!(error.to_string().contains("/no/such/dir"), "{error}");
    }
}
