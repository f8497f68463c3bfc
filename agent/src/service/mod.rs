//! service: which process, container and port a connection belongs to.
//!
//! Never by guessing: the kernel names the listening socket of a connection by its cookie, inet_diag
//! says which socket in which network namespace that is, `/proc/<pid>/fd` who holds it. Connections
//! older than the agent have no listener cookie: they are looked up themselves, by tuple and cookie.
//!
//! ```text
//!  listener cookie ──> listening socket ──> inode ──> holders ──> the oldest ancestor ──> Service
//!  connection cookie ─> connection ──> network namespace ─> its listener on that port ──┘
//! ```

pub mod allowance;
pub mod catalog;
pub mod cgroup;
pub mod diag;
pub mod family;
pub mod holders;
pub mod lookup;
pub mod name;
pub mod netns;
pub mod process;
mod recent;
pub mod redact;
pub mod sockets;
#[cfg(test)]
mod tests;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

pub use catalog::Services;
use process::Process;
pub use recent::Recent;

use crate::time::Ktime;

/// Name of a service whose process could not be found.
pub const UNKNOWN: &str = "unknown";

/// What listens: a process and its port, in a container when there is one.
#[derive(Clone, Debug)]
pub struct Service {
    /// Short name: `nginx`, `app.py (python3)`; [`UNKNOWN`] when no process was found.
    pub name: String,
    /// Path of the executable in the process's mount namespace.
    pub exe: Option<String>,
    /// Command line, credentials redacted.
    pub cmdline: Vec<String>,
    /// Process that listens: the master of a pre-forking server.
    pub pid: Option<u32>,
    /// When it started, clock ticks since boot.
    pub start: Option<u64>,
    /// Container id, 64 hexadecimal digits.
    pub container_id: Option<String>,
    /// Kubernetes pod uid.
    pub pod_uid: Option<String>,
    /// cgroup path.
    pub cgroup: String,
    /// Address and port it listens on; of a connection's own end when the listener is gone.
    pub listen: SocketAddr,
    /// Inode of the network namespace it listens in; 0 when unknown.
    pub netns: u64,
    counters: Arc<Counters>,
    process: Option<Process>,
}

/// What makes two processes the same service over restarts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Identity {
    name: String,
    port: u16,
    netns: u64,
    container_id: Option<String>,
}

/// Counters of a service. Shared by all processes that were this service one after the other, and
/// by its IPv4 and IPv6 listeners.
#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    events: AtomicU64,
    last_seen: AtomicU64,
    /// TLS connections whose plaintext was seen, and those of which none was.
    tls: [AtomicU64; 2],
    /// HTTP/2 connections: in the clear, over TLS.
    http2: [AtomicU64; 2],
    answers: recent::Answers,
    /// A connection was attributed to it; listeners nobody talked to are not listed.
    resolved: AtomicBool,
}

impl Service {
    fn known(process: Process, listen: SocketAddr, netns: u64) -> Self {
        Self {
            name: name::of(&process),
            exe: process.exe.clone(),
            cmdline: process.cmdline.clone(),
            pid: Some(process.pid),
            start: Some(process.start),
            container_id: process.placement.container_id.clone(),
            pod_uid: process.placement.pod_uid.clone(),
            cgroup: process.placement.path.clone(),
            listen,
            netns,
            counters: Arc::default(),
            process: Some(process),
        }
    }

    fn unknown(listen: SocketAddr, netns: u64) -> Self {
        Self {
            name: UNKNOWN.to_owned(),
            exe: None,
            cmdline: Vec::new(),
            pid: None,
            start: None,
            container_id: None,
            pod_uid: None,
            cgroup: String::new(),
            listen,
            netns,
            counters: Arc::default(),
            process: None,
        }
    }

    /// One that listens on a port of loopback, found or not.
    #[cfg(test)]
    pub(crate) fn named(name: &str, port: u16) -> Self {
        Self { name: name.to_owned(), ..Self::unknown((std::net::Ipv4Addr::LOCALHOST, port).into(), 0) }
    }

    fn identity(&self) -> Identity {
        Identity {
            name: self.name.clone(),
            port: self.listen.port(),
            netns: self.netns,
            container_id: self.container_id.clone(),
        }
    }

    /// Whether a process was found. If not, asking again for a later request may find it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.pid.is_some()
    }

    /// Whether the process that was found still runs as what it was.
    fn still_runs(&self) -> bool {
        self.process.as_ref().is_some_and(Process::still_runs)
    }

    /// Whether the holder only keeps the socket for a service that is still to start.
    fn is_activator(&self) -> bool {
        self.process.as_ref().is_some_and(|process| holders::is_activator(process.pid, &process.comm))
    }

    /// Counts a request that was seen at `at`.
    pub fn note_request(&self, at: Ktime) {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        self.counters.last_seen.fetch_max(at, Ordering::Relaxed);
    }

    /// Counts a response: its status, and the microseconds from the first byte of the request to its own last.
    pub fn note_response(&self, status: u16, micros: u64) {
        self.counters.answers.count(status, micros);
    }

    /// Notes now and then what was counted, so that [`recent`](Self::recent) knows what came since.
    pub(crate) fn note_counts(&self, now: Ktime) {
        self.counters.answers.note(self.requests(), now);
    }

    /// What came in the last five minutes; none: it had no requests, or only just now.
    #[must_use]
    pub fn recent(&self, now: Ktime) -> Option<Recent> {
        self.counters.answers.recent(self.requests(), now)
    }

    /// Counts an event. The request it came from is counted by [`note_request`](Self::note_request).
    pub fn note_event(&self) {
        self.counters.events.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.counters.requests.load(Ordering::Relaxed)
    }

    /// Events so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.counters.events.load(Ordering::Relaxed)
    }

    /// Counts a TLS connection, whose plaintext is `seen` or was not until it ended.
    pub fn note_tls(&self, seen: bool) {
        self.counters.tls[usize::from(!seen)].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that speaks HTTP/2.
    pub fn note_http2(&self, over_tls: bool) {
        self.counters.http2[usize::from(over_tls)].fetch_add(1, Ordering::Relaxed);
    }

    /// TLS connections whose plaintext was seen, and those that ended and of whose plaintext nothing was.
    #[must_use]
    pub fn tls(&self) -> [u64; 2] {
        [&self.counters.tls[0], &self.counters.tls[1]].map(|count| count.load(Ordering::Relaxed))
    }

    /// Connections that speak HTTP/2: in the clear, over TLS.
    #[must_use]
    pub fn http2(&self) -> [u64; 2] {
        [&self.counters.http2[0], &self.counters.http2[1]].map(|count| count.load(Ordering::Relaxed))
    }

    /// When the last request was seen.
    #[must_use]
    pub fn last_seen(&self) -> Option<Ktime> {
        Some(self.counters.last_seen.load(Ordering::Relaxed)).filter(|&at| at != 0)
    }
}
