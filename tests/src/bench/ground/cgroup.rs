//! Control groups (version 2) of our own: what runs in one is what the tap sees, and its CPU time is
//! counted to the microsecond.

use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use picket::probe;
use rustix::process::{Pid, Signal, kill_process};

use crate::bench::clock::wait_until;

/// A control group; its processes are ended and it is removed when dropped.
pub struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// A new one.
    ///
    /// # Errors
    ///
    /// When there is no cgroup2 hierarchy.
    pub fn new(name: &str) -> Result<Self> {
        let path = probe::cgroup::mounted()
            .context("no cgroup2 hierarchy is mounted; mount one: mount -t cgroup2 none /sys/fs/cgroup")?
            .join(format!("picket-bench-{}-{name}", std::process::id()));
        fs::create_dir(&path).with_context(|| format!("make the control group {}", path.display()))?;
        Ok(Self { path })
    }

    /// Where it is in the file system.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its list of processes, open for writing: a process that writes `0` moves itself in.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn entrance(&self) -> Result<File> {
        let procs = self.path.join("cgroup.procs");
        OpenOptions::new().write(true).open(&procs).with_context(|| format!("open {}", procs.display()))
    }

    /// Nanoseconds of CPU time its processes had.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn cpu(&self) -> Result<u64> {
        let stat =
            fs::read_to_string(self.path.join("cpu.stat")).context("read a control group's cpu.stat")?;
        let usage = stat.lines().find_map(|line| line.strip_prefix("usage_usec "));
        let microseconds: u64 = usage.context("cpu.stat has no usage_usec")?.parse()?;
        Ok(microseconds * 1000)
    }

    fn clear(&self) -> Result<()> {
        wait_until("a control group's processes to end", 5, || {
            let processes = fs::read_to_string(self.path.join("cgroup.procs")).ok()?;
            let mut any = false;
            for pid in processes.lines().filter_map(|line| line.parse().ok()).filter_map(Pid::from_raw) {
                any = true;
                // It may have ended by itself meanwhile: then there is nothing to do.
                let _ = kill_process(pid, Signal::KILL);
            }
            (!any && fs::remove_dir(&self.path).is_ok()).then_some(())
        })
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        if let Err(error) = self.clear() {
            eprintln!("control group {} is left behind: {error:#}", self.path.display());
        }
    }
}
