//! discover: which processes run which files, from the kernel's own word, and what to attach to when.
//!
//! ```text
//!  perf events of every CPU ─> record ─┐
//!  /proc/*/maps ──────────────> scan ──┴─> processes ─> file ─> inspect ─> attach ─> … ─> detach
//!                                          (who maps what)  (opened)   (handed in)
//! ```
//!
//! The kernel tells every executable mapping with a file behind it (exec, the dynamic loader, dlopen), every fork,
//! exec and exit, in a ring buffer a CPU: nothing is polled, and no process is slowed down. The first look, and the
//! one after a loss, goes through `/proc`; both sides carry the kernel's clock, so that they can be laid over each other
//! without a gap ([`processes`]).
//!
//! **What a file is.** Mappings name a file by the device and inode the kernel shows in `/proc/<pid>/maps`. What decides
//! whether two of them are one file for a uprobe is the page cache: [`same`].
//!
//! `watch` wires it; [`record`], [`processes`], `queue` and [`latency`] are pure.

pub mod attachments;
mod change;
mod discovery;
pub mod file;
mod hotplug;
mod inspections;
mod jobs;
pub mod latency;
mod leaders;
mod mapping;
mod perf;
pub mod processes;
mod queue;
pub mod record;
pub mod same;
pub mod scan;
pub mod stats;
pub mod view;
mod watch;

use std::ops::Range;

pub use attachments::Attach;
pub use discovery::{Discovery, Options};
pub use file::OpenFile;
pub use perf::{Stream, StreamError};
pub use stats::{Snapshot, Stats};
pub use view::{Runtime, View};

/// A file as the kernel's list of mappings names it: `/proc/<pid>/maps` and `PERF_RECORD_MMAP2` say the same.
///
/// The device is the file system's own (`s_dev`), which stat(2) does not always show: btrfs has one a subvolume there,
/// overlayfs one a layer. Through overlayfs it is the overlay's since Linux 6.8, before that the layer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileKey {
    /// Device, as makedev(3) puts it together.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
}

/// An executable mapping of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Process id of the thread group, in the pid namespace of the agent.
    pub pid: u32,
    /// What is mapped.
    pub file: FileKey,
    /// The inode's generation: another one, another file with a number that was used again. `/proc` does not tell it.
    pub generation: Option<u64>,
    /// Where, in the process's memory.
    pub addresses: Range<u64>,
    /// Path in the process's mount namespace, ` (deleted)` behind it when it is gone: to show, and a last resort.
    pub path: Box<[u8]>,
}

/// What a process did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Mapped a file executable.
    Mapped(Mapping),
    /// Was forked.
    Forked {
        /// The new process.
        pid: u32,
        /// The one it is a copy of.
        parent: u32,
    },
    /// Runs another program now; what it had mapped is gone.
    Executed {
        /// The process.
        pid: u32,
    },
    /// Its first thread has ended, with all others nearly always.
    Exited {
        /// The process.
        pid: u32,
    },
}

impl Event {
    /// Whose it is.
    #[must_use]
    pub fn pid(&self) -> u32 {
        match self {
            Self::Mapped(mapping) => mapping.pid,
            Self::Forked { pid, .. } | Self::Executed { pid } | Self::Exited { pid } => *pid,
        }
    }
}
