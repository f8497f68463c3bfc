//! Where cgroup v2 is.
#![forbid(unsafe_code)]

use std::{
    fs::File,
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags, open},
    mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen},
};

use super::{Check, Job};

/// What was found of cgroup v2.
#[derive(Debug)]
pub(super) enum Place {
    /// A cgroup2 directory.
    Mounted { path: PathBuf, hybrid: bool },
    /// Nowhere, but it can be mounted for the agent alone.
    Private(OwnedFd),
    /// The directory that was asked for is not one.
    NotCgroup2 { path: PathBuf, why: String },
    /// Nowhere.
    Nowhere(io::Error),
}

impl Place {
    /// The directory, opened.
    pub(super) fn open(&self) -> io::Result<OwnedFd> {
        let directory = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match self {
            Self::Mounted { path, .. } => Ok(open(path, directory, Mode::empty())?),
            Self::Private(mount) => Ok(rustix::fs::openat(mount, ".", directory, Mode::empty())?),
            Self::NotCgroup2 { why, .. } => Err(io::Error::other(why.clone())),
            Self::Nowhere(error) => Err(io::Error::new(error.kind(), error.to_string())),
        }
    }
}

/// `linux/magic.h`.
const CGROUP2_SUPER_MAGIC: u64 = 0x6367_7270;

/// Finds the cgroup2 mount, in pure and hybrid layouts, or makes one nobody else sees.
pub(super) fn find(asked: Option<&Path>) -> Place {
    let mounts = procfs::process::Process::myself().and_then(|me| me.mountinfo());
    let mounts = mounts.map(|mounts| mounts.0).unwrap_or_default();
    let hybrid = mounts.iter().any(|mount| mount.fs_type == "cgroup");
    if let Some(path) = asked {
        return match is_cgroup2(path) {
            Ok(true) => Place::Mounted { path: path.to_owned(), hybrid },
            Ok(false) => Place::NotCgroup2 {
                path: path.to_owned(),
                why: "it is not a directory of a cgroup2 file system".to_owned(),
            },
            Err(error) => Place::NotCgroup2 { path: path.to_owned(), why: error.to_string() },
        };
    }
    // A bind mount of a part of the hierarchy has another root.
    let whole = mounts.iter().filter(|mount| mount.fs_type == "cgroup2" && mount.root == "/");
    match whole.map(|mount| &mount.mount_point).find(|path| is_cgroup2(path).unwrap_or(false)) {
        Some(path) => Place::Mounted { path: path.clone(), hybrid },
        None => private().map_or_else(Place::Nowhere, Place::Private),
    }
}

fn is_cgroup2(path: &Path) -> io::Result<bool> {
    let file_system = rustix::fs::fstatfs(&File::open(path)?)?;
    #[expect(clippy::cast_sign_loss, reason = "magic numbers are 32 bits; the type differs by architecture")]
    Ok(path.is_dir() && file_system.f_type as u64 & 0xffff_ffff == CGROUP2_SUPER_MAGIC)
}

/// A mount that is not in any tree (fsmount(2), Linux 5.2): it goes with its descriptor.
fn private() -> io::Result<OwnedFd> {
    let context = fsopen("cgroup2", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_create(&context)?;
    Ok(fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())?)
}

pub(super) fn check(place: &Place) -> Check {
    const ID: &str = "cgroup2";
    match place {
        Place::Mounted { path, hybrid } => {
            let beside = if *hybrid { ", beside cgroup v1 (hybrid)" } else { "" };
            Check::ok(ID, Job::Watch, format!("{}{beside}", path.display()))
        }
        Place::Private(_) => {
            Check::ok(ID, Job::Watch, "not mounted; Picket can mount it for itself, seen by nobody else")
        }
        Place::NotCgroup2 { path, why } => Check::missing(
            ID,
            Job::Watch,
            format!("{}: {why}", path.display()),
            "the tap is attached to a cgroup: no requests are seen",
            "name a directory below the cgroup2 mount (see: findmnt -t cgroup2)",
        ),
        Place::Nowhere(error) => Check::missing(
            ID,
            Job::Watch,
            format!("not mounted, and it cannot be ({error})"),
            "the tap is attached to a cgroup: no requests are seen",
            "mount it: sudo mount -t cgroup2 none /sys/fs/cgroup; in a container, hand in the host's: -v \
             /sys/fs/cgroup:/sys/fs/cgroup --cgroupns=host",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cgroup2_counts() {
        let place = find(None);
        assert!(place.open().is_ok(), "{place:?}");
        for not in ["/proc", "/", "/does/not/exist", "/etc/passwd"] {
            let place = find(Some(Path::new(not)));
            assert!(matches!(place, Place::NotCgroup2 { .. }), "{not}: {place:?}");
            assert_eq!(check(&place).level, super::super::Level::Missing);
        }
        if let Place::Mounted { path, .. } = place {
            assert!(matches!(find(Some(&path)), Place::Mounted { .. }));
        }
    }

    #[test]
    fn a_private_mount_is_a_cgroup2_too() {
        let place = Place::Private(private().expect("root may mount"));
        let directory = place.open().expect("opens");
        let file_system = rustix::fs::fstatfs(&directory).expect("statfs");
        #[expect(clippy::cast_sign_loss, reason = "as above")]
        let magic = file_system.f_type as u64;
        assert_eq!(magic & 0xffff_ffff, CGROUP2_SUPER_MAGIC);
        rustix::fs::accessat(
            &directory,
            "cgroup.procs",
            rustix::fs::Access::EXISTS,
            rustix::fs::AtFlags::empty(),
        )
        .expect("its files are there");
    }
}
