//! What seeing into TLS takes: uprobes, and the kernel's word on what processes map.
#![forbid(unsafe_code)]

use std::{
    fs::File,
    io::Write as _,
    os::fd::{AsRawFd as _, OwnedFd},
    path::PathBuf,
};

use rustix::fs::{MemfdFlags, memfd_create};

use super::{Check, Job};
use crate::{
    discover::Stream,
    probe::{ProbeError, tap::Loaded},
};

const COSTS: &str = "requests inside TLS cannot be seen; plain requests are, and blocking works";

/// Puts a probe into a file in memory that no process has mapped, and takes it off.
pub(super) fn uprobes(loaded: Loaded) -> Check {
    const ID: &str = "uprobes";
    match try_one(loaded) {
        Ok(()) => Check::ok(
            ID,
            Job::Tls,
            "tried: a program of Picket's own for TLS libraries is set, and taken off",
        ),
        Err(error) => Check::degraded(
            ID,
            Job::Tls,
            error.to_string(),
            COSTS,
            "a kernel with CONFIG_UPROBE_EVENTS=y, and CAP_SYS_ADMIN; in a container, allow perf_event_open() in its \
             seccomp profile",
        ),
    }
}

fn try_one(loaded: Loaded) -> Result<(), ProbeError> {
    let probes = loaded.into_tls()?;
    let file = page().map_err(|error| ProbeError::refused("a file in memory", &error))?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    probes.attach("picket_ssl_read", false, &path, 0, None).map(drop)
}

/// A page of code that is never run.
fn page() -> std::io::Result<OwnedFd> {
    let mut file = File::from(memfd_create("picket-doctor", MemfdFlags::CLOEXEC)?);
    // `nop` of x86-64; a probe can be set on it as on any other instruction.
    file.write_all(&vec![0x90; rustix::param::page_size()])?;
    Ok(file.into())
}

/// Whether the kernel tells which files processes map.
pub(super) fn mappings() -> Check {
    const ID: &str = "mappings";
    // The smallest rings there are; `picket run` takes larger ones.
    match Stream::open(0) {
        Ok(_) => Check::ok(ID, Job::Tls, "the kernel tells which files processes map (perf events)"),
        Err(error) => Check::degraded(
            ID,
            Job::Tls,
            error.to_string(),
            COSTS,
            "a kernel with CONFIG_PERF_EVENTS=y, and root; in a container, allow perf_event_open() in its seccomp profile",
        ),
    }
}
