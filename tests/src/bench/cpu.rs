//! CPU time: whose, and how much.

use std::fs;

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_setaffinity};

/// Binds this thread to one CPU.
///
/// # Errors
///
/// When there is no such CPU.
pub fn pin(cpu: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None, &set).with_context(|| format!("bind to CPU {cpu}"))
}

/// Nanoseconds a thread was on a CPU, by its process id (`/proc/PID/schedstat`, first field).
///
/// # Errors
///
/// When it is not there or the kernel keeps no such figures.
pub fn of_task(pid: u32) -> Result<u64> {
    let file = format!("/proc/{pid}/schedstat");
    let text = fs::read_to_string(&file).with_context(|| format!("read {file}"))?;
    text.split(' ').next().and_then(|ns| ns.parse().ok()).with_context(|| format!("{file} holds {text:?}"))
}

/// The process id of a CPU's `ksoftirqd`, which handles packets when softirqs pile up.
///
/// # Errors
///
/// When there is none.
pub fn ksoftirqd(cpu: usize) -> Result<u32> {
    let name = format!("ksoftirqd/{cpu}");
    let processes = fs::read_dir("/proc")?.flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .find(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == name))
        .with_context(|| format!("there is no {name}"))
}

/// Memory of a process, bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Resident now.
    pub resident: u64,
    /// The most that ever was.
    pub peak: u64,
}

/// Memory of a process (`/proc/PID/status`).
///
/// # Errors
///
/// When it has ended.
pub fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kib.map(|kib| kib << 10).with_context(|| format!("process {pid} has no {key}"))
    };
    Ok(Memory { resident: field("VmRSS:")?, peak: field("VmHWM:")? })
}
