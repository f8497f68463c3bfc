//! probe: the kernel programs, loaded, attached, spoken to. aya's types stay in here.
//!
//! One file per hook family, named as its counterpart in `probe-ebpf`: [`tap`] (with connections),
//! [`deny`] (with [`page`]), [`tls`]; [`rings`] reads records, [`cgroup`] and [`bpffs`] find the two file systems.

pub mod bpffs;
pub mod cgroup;
pub mod counts;
pub mod deny;
pub mod enforce;
pub mod object;
pub mod page;
pub mod reaper;
pub mod rings;
pub mod tap;
pub mod tls;

use std::{io, path::PathBuf};

/// Why the kernel side can't be had.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Built without `cargo xtask build`.
    #[error("this picket was built without its eBPF object; build it with `cargo xtask build`")]
    NoObject,
    /// Not privileged.
    #[error(
        "the kernel refused {what}: {source}; Picket needs root (or CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON): use sudo"
    )]
    NotPermitted {
        /// What was refused.
        what: &'static str,
        /// The kernel's word.
        source: io::Error,
    },
    /// A program or map was refused.
    #[error("the kernel refused {what}: {detail}; `picket doctor` tells what this kernel allows")]
    Refused {
        /// Which.
        what: String,
        /// The verifier's or the system call's words.
        detail: String,
    },
    /// No cgroup v2 hierarchy.
    #[error("no cgroup v2 hierarchy is mounted and none can be mounted ({0}); boot with cgroup v2 enabled")]
    NoCgroup2(io::Error),
    /// `--cgroup` names something else.
    #[error("{path}: {why}; give a directory of the cgroup v2 hierarchy, for example {example}")]
    NotACgroup {
        /// As given.
        path: PathBuf,
        /// What it is instead.
        why: String,
        /// Where cgroup v2 is.
        example: PathBuf,
    },
    /// No BPF file system for pins.
    #[error(
        "{path}: no BPF file system here and none can be mounted ({source}); mount it with `mount -t bpf bpf {path}`"
    )]
    NoBpffs {
        /// Where it is expected.
        path: PathBuf,
        /// The kernel's word.
        source: io::Error,
    },
    /// A chosen interface.
    #[error("interface {name}: {why}")]
    Interface {
        /// As given.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// Pins of an agent whose maps had another layout.
    #[error(
        "{path} was pinned by a picket with another map layout; remove it with `picket run --clean` (this lifts its blocks; the denylist in the state directory is kept)"
    )]
    OtherLayout {
        /// The pin.
        path: PathBuf,
    },
    /// Another file system call.
    #[error("{what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// The kernel's word.
        source: io::Error,
    },
}

impl ProbeError {
    /// An aya error with all it wraps, on one line: aya's own messages leave the cause out.
    pub(crate) fn refused(what: impl Into<String>, error: &dyn std::error::Error) -> Self {
        let mut detail = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let words = inner.to_string();
            if !detail.contains(&words) {
                detail.push_str(": ");
                detail.push_str(&words);
            }
            cause = inner.source();
        }
        Self::Refused { what: what.into(), detail: essence(&detail) }
    }
}

/// What people can use of an error: the verifier's log, which can have a million lines, ends with why.
fn essence(detail: &str) -> String {
    const LINES: usize = 4;
    let lines: Vec<&str> = detail.lines().filter(|line| !line.trim().is_empty()).collect();
    match lines.split_at_checked(lines.len().saturating_sub(LINES)) {
        Some(([first, _, ..], last)) => {
            let first = first.split("Verifier output").next().unwrap_or_default().trim_end();
            format!("{first} … {}", last.join("; "))
        }
        _ => lines.join("; "),
    }
}

/// Before Linux 5.11 maps count against `RLIMIT_MEMLOCK`, which is 64 KiB by default; later kernels
/// charge the memory cgroup instead and this changes nothing. Where the limit may not be raised, loading
/// says what failed.
pub(crate) fn raise_memlock() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
}
