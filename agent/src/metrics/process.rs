//! What the agent itself takes.

use procfs::process::Process as Own;

/// What the agent itself takes (proc(5)).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    /// Time on CPUs, seconds.
    pub cpu_seconds: f64,
    /// Bytes of memory that are resident.
    pub resident_bytes: u64,
    /// Bytes of address space.
    pub virtual_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// Open files.
    pub open_files: u64,
}

impl Process {
    /// Now. None: /proc can't be read.
    #[must_use]
    pub fn read() -> Option<Self> {
        let own = Own::myself().ok()?;
        let stat = own.stat().ok()?;
        #[expect(clippy::cast_precision_loss, reason = "ticks of a hundredth of a second")]
        let cpu_seconds = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
        Some(Self {
            cpu_seconds,
            resident_bytes: stat.rss * procfs::page_size(),
            virtual_bytes: stat.vsize,
            threads: stat.num_threads.unsigned_abs(),
            open_files: own.fd_count().map_or(0, |count| count as u64),
        })
    }
}
