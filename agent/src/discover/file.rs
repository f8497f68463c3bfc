//! The file behind a mapping, opened: exactly that one, however it was renamed, replaced or deleted, in whatever mount
//! namespace.
#![forbid(unsafe_code)]

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::{
        fd::{AsFd, AsRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, FileType, Mode, OFlags, Stat, fstat, fstatfs, openat},
    io::Errno,
};

use super::{Mapping, same, scan};

/// `OVERLAYFS_SUPER_MAGIC`, linux/magic.h.
const OVERLAYFS: i128 = 0x794c_7630;
/// `BTRFS_SUPER_MAGIC`.
const BTRFS: i128 = 0x9123_683e;

/// Which inode it is, as stat(2) says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// `st_dev`.
    pub device: u64,
    /// `st_ino`.
    pub inode: u64,
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Last change of what is in it, nanoseconds since 1970.
    pub written: i128,
    /// Last change of it, its names included, nanoseconds since 1970.
    pub changed: i128,
}

/// A file that a process has mapped, held open: as long as it is, its inode number means no other file.
///
/// It keeps the mount it was reached through busy, as uprobes in it do.
#[derive(Debug)]
pub struct OpenFile {
    file: File,
    identity: Identity,
    stamp: Stamp,
    layered: bool,
    path: PathBuf,
}

/// Why a mapped file is not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The process has ended, or has it mapped no more.
    #[error("process {0} is gone, or has it mapped no more")]
    Gone(u32),
    /// A device, or something else that is no program.
    #[error("it is no regular file")]
    NotRegular,
    /// What is at its path is another file.
    #[error(
        "/proc/{pid}/map_files can't be read ({why}; it takes CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE), and at its path is \
         another file"
    )]
    Another {
        /// Whose mapping.
        pid: u32,
        /// Why the mapping itself could not be opened.
        why: io::Error,
    },
    /// Anything else.
    #[error("it can't be opened: {0}")]
    Io(#[from] io::Error),
}

impl OpenFile {
    /// Opens what is mapped.
    ///
    /// First by its addresses (`/proc/<pid>/map_files`), which works for deleted and replaced files and in any mount
    /// namespace. The addresses may be others by now (the kernel cuts a program's first mapping, a process may split one):
    /// then they are looked up in `/proc/<pid>/maps`. Last by its path below `/proc/<pid>/root`, if it is the same file.
    ///
    /// # Errors
    ///
    /// [`OpenError::Gone`] when the process is.
    pub fn open(mapping: &Mapping) -> Result<Self, OpenError> {
        let why = match Self::by_addresses(mapping) {
            Err(OpenError::Gone(_)) => {
                let now = scan::find(mapping.pid, mapping.file).ok_or(OpenError::Gone(mapping.pid))?;
                return match Self::by_addresses(&now) {
                    Err(OpenError::Io(why)) if is_forbidden(&why) => Self::by_path(&now, why),
                    opened => opened,
                };
            }
            Err(OpenError::Io(why)) if is_forbidden(&why) => why,
            opened => return opened,
        };
        Self::by_path(mapping, why)
    }

    fn by_addresses(mapping: &Mapping) -> Result<Self, OpenError> {
        let (pid, addresses) = (mapping.pid, &mapping.addresses);
        let link = format!("/proc/{pid}/map_files/{:x}-{:x}", addresses.start, addresses.end);
        let found = Found::at(link.as_ref(), pid)?;
        // Another file may be mapped there by now.
        if !found.may_be(mapping) {
            return Err(OpenError::Gone(pid));
        }
        found.open(mapping)
    }

    fn by_path(mapping: &Mapping, why: io::Error) -> Result<Self, OpenError> {
        let pid = mapping.pid;
        let path = PathBuf::from(format!("/proc/{pid}/root")).join(relative(&mapping.path));
        match Found::at(&path, pid) {
            Ok(found) if found.is_surely(mapping) => found.open(mapping),
            Ok(_) | Err(OpenError::Gone(_)) => Err(OpenError::Another { pid, why }),
            Err(other) => Err(other),
        }
    }

    /// The file, to read. Its offset is everybody's: read with `read_at`. It may be cut or overwritten meanwhile, which
    /// a memory mapping of it would answer with a SIGBUS.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Bytes in it when it was opened.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.stamp.size
    }

    /// Which inode it is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// What it was like when it was opened.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Path in the mount namespace of the process it was opened for, without ` (deleted)`: to show.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path that leads the kernel to this very inode, from any thread of the agent, while this is held.
    #[must_use]
    pub fn attach_path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }

    /// Whether it lies in an overlay: other overlays may have the same file, and its layer has.
    #[must_use]
    pub fn is_layered(&self) -> bool {
        self.layered
    }

    /// Whether nobody wrote to it since it was opened: probes that were placed by what was in it are where they should be.
    #[must_use]
    pub fn is_unwritten(&self) -> bool {
        self.now().is_ok_and(|(_, now)| (now.size, now.written) == (self.stamp.size, self.stamp.written))
    }

    /// The same open file as it is now.
    ///
    /// # Errors
    ///
    /// When it can't be asked or duplicated.
    pub fn anew(&self) -> io::Result<Self> {
        let (identity, stamp) = self.now()?;
        let (file, path) = (self.file.try_clone()?, self.path.clone());
        Ok(Self { file, identity, stamp, layered: self.layered, path })
    }

    /// Whether it is one file for the kernel's uprobes: one inode, whatever overlays it was reached through.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        if self.identity == other.identity {
            return true;
        }
        // Only an overlay shows an inode under another number.
        if !self.layered && !other.layered {
            return false;
        }
        let (Ok((a, a_stamp)), Ok((b, b_stamp))) = (self.now(), other.now()) else { return false };
        // An overlay shows its layer's times and sizes, and in the lower half of the number the layer's (the upper half
        // may say which layer: `xino`).
        let low = |identity: Identity| identity.inode & u64::from(u32::MAX);
        if low(a) != low(b) || a_stamp != b_stamp {
            return false;
        }
        // Where the kernel does not tell, equal numbers and times to the nanosecond are all there is.
        same::pages(&self.file, &other.file).unwrap_or(true)
    }

    fn now(&self) -> io::Result<(Identity, Stamp)> {
        let stat = fstat(&self.file)?;
        Ok((identity(&stat), stamp(&stat)))
    }
}

/// What is at a path, not opened yet: opening a device can do things.
struct Found {
    path: OwnedFd,
    stat: Stat,
    file_system: i128,
}

impl Found {
    fn at(path: &Path, pid: u32) -> Result<Self, OpenError> {
        let path =
            openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(
                |error| match error {
                    Errno::NOENT | Errno::SRCH | Errno::NOTDIR => OpenError::Gone(pid),
                    other => OpenError::Io(other.into()),
                },
            )?;
        let stat = fstat(&path).map_err(io::Error::from)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(OpenError::NotRegular);
        }
        let file_system = i128::from(fstatfs(&path).map_err(io::Error::from)?.f_type);
        Ok(Self { path, stat, file_system })
    }

    fn open(self, mapping: &Mapping) -> Result<OpenFile, OpenError> {
        let link = format!("/proc/self/fd/{}", self.path.as_raw_fd());
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
        let file = openat(CWD, link, flags, Mode::empty()).map_err(io::Error::from)?;
        let name = mapping.path.strip_suffix(b" (deleted)").unwrap_or(&mapping.path);
        Ok(OpenFile {
            file: file.into(),
            identity: identity(&self.stat),
            stamp: stamp(&self.stat),
            layered: self.file_system == OVERLAYFS,
            path: OsStr::from_bytes(name).into(),
        })
    }

    /// Whether nothing speaks against it: the inode number is the mapping's, as far as an overlay shows it.
    fn may_be(&self, mapping: &Mapping) -> bool {
        let differ = self.stat.st_ino ^ mapping.file.inode;
        if self.file_system == OVERLAYFS { differ & u64::from(u32::MAX) == 0 } else { differ == 0 }
    }

    /// Whether the device is the mapping's too, where stat shows the file system's own.
    fn is_surely(&self, mapping: &Mapping) -> bool {
        let shown = matches!(self.file_system, OVERLAYFS | BTRFS) || self.stat.st_dev == mapping.file.device;
        shown && self.may_be(mapping)
    }
}

impl AsFd for OpenFile {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn is_forbidden(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

fn relative(path: &[u8]) -> &OsStr {
    let start = path.iter().position(|&b| b != b'/').unwrap_or(path.len());
    OsStr::from_bytes(path.get(start..).unwrap_or_default())
}

fn identity(stat: &Stat) -> Identity {
    Identity { device: stat.st_dev, inode: stat.st_ino }
}

fn stamp(stat: &Stat) -> Stamp {
    let nanos = |seconds: i64, nanos: i128| i128::from(seconds) * 1_000_000_000 + nanos;
    Stamp {
        size: u64::try_from(stat.st_size).unwrap_or(0),
        written: nanos(stat.st_mtime, i128::from(stat.st_mtime_nsec)),
        changed: nanos(stat.st_ctime, i128::from(stat.st_ctime_nsec)),
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
