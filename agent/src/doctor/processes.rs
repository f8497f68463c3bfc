//! Whether services can be named.
#![forbid(unsafe_code)]

use std::{fs, ops::ControlFlow};

use super::{Check, Job};
use crate::service::{diag::Diag, netns, process};

pub(super) fn inet_diag() -> Check {
    match Diag::open().and_then(|diag| diag.answers()) {
        Ok(()) => Check::ok("inet_diag", Job::Attribute, "the kernel names listening sockets by cookie"),
        Err(error) => Check::degraded(
            "inet_diag",
            Job::Attribute,
            format!("the kernel does not list sockets ({error})"),
            "services are looked up in /proc/<pid>/net/tcp: slower, and not exact where tuples repeat",
            "sudo modprobe tcp_diag (CONFIG_INET_TCP_DIAG)",
        ),
    }
}

pub(super) fn netns() -> Check {
    let namespaces = netns::all(&process::all());
    let (mut all, mut yes) = (0, 0);
    netns::visit(&namespaces, |_, entered| {
        all += 1;
        yes += usize::from(entered.is_ok());
        ControlFlow::Continue(())
    });
    if yes == all {
        let count =
            if all == 1 { "1 network namespace".to_owned() } else { format!("{all} network namespaces") };
        return Check::ok(
            "netns",
            Job::Attribute,
            format!("{count} with processes, every one can be entered"),
        );
    }
    Check::degraded(
        "netns",
        Job::Attribute,
        format!("{} of {all} network namespaces cannot be entered", all - yes),
        "services there are looked up in /proc/<pid>/net/tcp: slower, and not exact where tuples repeat",
        "run as root with CAP_SYS_ADMIN",
    )
}

pub(super) fn open_files() -> Check {
    let pids = process::all();
    // A process that ended meanwhile is not one that may not be read.
    let refused = pids
        .iter()
        .filter(|pid| {
            fs::read_dir(format!("/proc/{pid}/fd"))
                .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
        })
        .count();
    if refused == 0 {
        return Check::ok(
            "processes",
            Job::Attribute,
            format!("open files of all {} can be read", pids.len()),
        );
    }
    Check::degraded(
        "processes",
        Job::Attribute,
        format!("open files of {refused} of {} may not be read", pids.len()),
        "services of those processes stay unknown",
        "run as root with CAP_SYS_PTRACE",
    )
}
