//! uprobes and return probes of the benchmark's own programs (perf_event_open(2), the PMU `uprobe`).

use std::{
    ffi::CString,
    fs, io, mem,
    os::{
        fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
};

use anyhow::{Context, Result};

/// include/uapi/linux/perf_event.h: `_IOW('$', 8, __u32)` and `_IO('$', 0)`.
const PERF_EVENT_IOC_SET_BPF: libc::Ioctl = 0x4004_2408;
const PERF_EVENT_IOC_ENABLE: libc::Ioctl = 0x2400;
const PERF_FLAG_FD_CLOEXEC: libc::c_ulong = 8;

/// Which kind of probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Runs before the instruction at the offset.
    Instruction,
    /// Runs when the function at the offset has returned.
    Return,
}

/// The first 64 bytes of `struct perf_event_attr` (`PERF_ATTR_SIZE_VER0`).
#[repr(C)]
#[derive(Default)]
struct Attr {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    bp_type: u32,
    /// `config1`: the path's address.
    path: u64,
    /// `config2`.
    offset: u64,
}

/// Runs `program` at an offset of a file in every process that maps it, until the descriptor is closed.
///
/// # Errors
///
/// When the kernel has no uprobes, or refuses this one.
pub fn attach(program: BorrowedFd<'_>, kind: Kind, file: &Path, offset: u64) -> Result<OwnedFd> {
    const PMU: &str = "/sys/bus/event_source/devices/uprobe";
    let read = |name: &str| {
        fs::read_to_string(format!("{PMU}/{name}"))
            .with_context(|| format!("the kernel has no uprobes: {PMU}/{name}"))
    };
    let config = match kind {
        Kind::Instruction => 0,
        // `config:0`
        Kind::Return => {
            let bit: u32 = read("format/retprobe")?.trim().trim_start_matches("config:").parse()?;
            1 << bit
        }
    };
    let path = CString::new(file.as_os_str().as_bytes())?;
    let attr = Attr {
        kind: read("type")?.trim().parse()?,
        size: u32::try_from(mem::size_of::<Attr>())?,
        config,
        path: path.as_ptr().addr() as u64,
        offset,
        ..Attr::default()
    };
    let (every_process, one_cpu, no_group) = (-1, 0, -1);
    // SAFETY: the structure is as long as it says; the path outlives the call.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attr,
            every_process,
            one_cpu,
            no_group,
            PERF_FLAG_FD_CLOEXEC,
        )
    };
    let fd = i32::try_from(fd)?;
    if fd < 0 {
        let error = io::Error::last_os_error();
        return Err(error).with_context(|| format!("probe {} at {offset:#x}", file.display()));
    }
    // SAFETY: the kernel just gave it to us.
    let event = unsafe { OwnedFd::from_raw_fd(fd) };
    for (request, argument) in [(PERF_EVENT_IOC_SET_BPF, program.as_raw_fd()), (PERF_EVENT_IOC_ENABLE, 0)] {
        // SAFETY: requests with a number, no pointer.
        if unsafe { libc::ioctl(event.as_raw_fd(), request, argument) } < 0 {
            return Err(io::Error::last_os_error()).context("run a program at a probe");
        }
    }
    Ok(event)
}

/// Where an address of this process lies: its file's path and the offset in it.
///
/// # Errors
///
/// When no file is mapped there.
pub fn place(address: usize) -> Result<(std::path::PathBuf, u64)> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let found = maps.lines().find_map(|line| {
        // `start-end permissions offset device inode path`
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
        let offset = u64::from_str_radix(words.nth(1)?, 16).ok()?;
        let path = words.nth(2)?;
        ((start..end).contains(&address) && path.starts_with('/'))
            .then(|| (path.into(), offset + (address - start) as u64))
    });
    found.with_context(|| format!("no file is mapped at {address:#x}"))
}
