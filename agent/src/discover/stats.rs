//! What discovery counts, and why files were left out.
#![forbid(unsafe_code)]

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Mutex, PoisonError, atomic::AtomicBool},
};

use super::{
    latency::{Latencies, Percentiles},
    processes::Overflow,
};
use crate::{limits::DISCOVER_FAILURES, pipeline::Counter, time::Ktime};

/// Counters of discovery; shared by its threads.
#[derive(Debug, Default)]
pub struct Stats {
    /// Files whose contents were looked at.
    pub inspected: Counter,
    /// Files that were known from an inspection before.
    pub remembered: Counter,
    /// Files that were attached to.
    pub attached: Counter,
    /// Files that turned out to be one that was attached to already, through another overlay or name.
    pub shared: Counter,
    /// Files whose probes were taken off again.
    pub detached: Counter,
    /// Files that could not be opened, inspected or attached to; [`Snapshot::failures`] says why.
    pub failed: Counter,
    /// Processes that were gone before the file they mapped could be opened.
    pub too_short: Counter,
    /// Files that were written to while they were attached to, and attached to anew.
    pub rewritten: Counter,
    /// Loss: records of the kernel that found no room. A look through `/proc` follows.
    pub lost_records: Counter,
    /// Looks through `/proc`, the first included.
    pub looks: Counter,
    /// What ran when discovery began was looked at.
    pub(super) looked: AtomicBool,
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    latencies: Latencies,
    failures: VecDeque<Failed>,
    overflow: Overflow,
    processes: usize,
    files: usize,
}

/// Where a file failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Opening what is mapped.
    Open,
    /// Looking for TLS in it.
    Inspect,
    /// Putting probes into it.
    Attach,
}

impl Step {
    /// `open`, `inspect`, `attach`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Inspect => "inspect",
            Self::Attach => "attach",
        }
    }
}

/// Why a file was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its path in the mount namespace of the process.
    pub path: PathBuf,
    /// A process that has it mapped.
    pub pid: u32,
    /// Where it failed.
    pub step: Step,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Ktime,
}

/// The counters at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Every counter by name.
    pub counters: Vec<(&'static str, u64)>,
    /// From the kernel's own time of the mapping to the last probe in the file, nanoseconds. Files that were mapped
    /// before the agent began are not among them.
    pub latency: Percentiles,
    /// The latest failures, the oldest first.
    pub failures: Vec<Failed>,
    /// Processes that are known.
    pub processes: usize,
    /// Different files that they have mapped.
    pub files: usize,
}

impl Stats {
    pub(super) fn took(&self, time: Ktime) {
        self.shown(|shown| shown.latencies.add(time));
    }

    pub(super) fn fail(&self, failed: Failed) {
        self.failed.add(1);
        // Not louder: who makes broken files could fill the log.
        tracing::debug!(path = %failed.path.display(), pid = failed.pid, step = ?failed.step, "not seen: {}", failed.reason);
        self.shown(|shown| {
            if shown.failures.len() >= DISCOVER_FAILURES {
                shown.failures.pop_front();
            }
            shown.failures.push_back(failed);
        });
    }

    pub(super) fn size(&self, (processes, files): (usize, usize), overflow: Overflow) {
        self.shown(|shown| (shown.processes, shown.files, shown.overflow) = (processes, files, overflow));
    }

    /// All of it, as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut counters = vec![
            ("inspected", self.inspected.value()),
            ("remembered", self.remembered.value()),
            ("attached", self.attached.value()),
            ("shared", self.shared.value()),
            ("detached", self.detached.value()),
            ("failed", self.failed.value()),
            ("too_short", self.too_short.value()),
            ("rewritten", self.rewritten.value()),
            ("lost_records", self.lost_records.value()),
            ("looks", self.looks.value()),
        ];
        self.shown(|shown| {
            counters.extend([
                ("processes_over_cap", shown.overflow.processes),
                ("files_over_cap", shown.overflow.files),
                ("process_files_over_cap", shown.overflow.process_files),
            ]);
            Snapshot {
                counters,
                latency: shown.latencies.percentiles(),
                failures: shown.failures.iter().cloned().collect(),
                processes: shown.processes,
                files: shown.files,
            }
        })
    }

    fn shown<T>(&self, with: impl FnOnce(&mut Shown) -> T) -> T {
        with(&mut self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
