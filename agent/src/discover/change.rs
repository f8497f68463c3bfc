//! What comes of an event, the caps of the table of [`processes`](super::processes), and what went over them.
#![forbid(unsafe_code)]

use super::Mapping;
use crate::{limits, time::Ktime};

/// A file that is mapped; never used again for another one, as inode numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileNumber(pub(super) u64);

/// What came of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A file that nobody had mapped.
    Appeared {
        /// Its number from now on.
        file: FileNumber,
        /// The mapping that brought it.
        mapping: Mapping,
        /// When, by the kernel; none: a look found it.
        at: Option<Ktime>,
    },
    /// One more process has mapped a file.
    Mapped {
        /// The file.
        file: FileNumber,
        /// The process.
        pid: u32,
    },
    /// No process has it mapped any more, and the grace time is over.
    Gone {
        /// The file.
        file: FileNumber,
    },
    /// A process began, or a program in it: it has what its parent has mapped, or nothing.
    Started {
        /// The process.
        pid: u32,
        /// What it is a copy of.
        parent: Option<u32>,
    },
    /// A process ended, or the program in it.
    Ended {
        /// The process.
        pid: u32,
    },
    /// Where this process came from was not seen: somebody should look at it.
    Unknown {
        /// The process.
        pid: u32,
    },
}

/// Caps of the table.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Processes.
    pub processes: usize,
    /// Different files.
    pub files: usize,
    /// Files of one process.
    pub process_files: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            processes: limits::DISCOVERED_PROCESSES,
            files: limits::DISCOVERED_FILES,
            process_files: limits::DISCOVERED_PROCESS_FILES,
        }
    }
}

/// What went over a cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overflow {
    /// Processes that were not taken.
    pub processes: u64,
    /// Files that were not taken.
    pub files: u64,
    /// Files that one process had too many.
    pub process_files: u64,
}

impl Overflow {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.processes + self.files + self.process_files
    }
}
