//! Connections that are older than the agent: their handshakes were not seen, so that their TLS objects are tied by
//! ciphertext. The probes for that sit where libraries read it, and cost what each of these reads costs; they are attached to
//! the processes that hold such connections, one by one, and taken off when the last of these connections is gone.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use super::libraries;
use crate::{
    binary::{self, Inspection, Point, Scope},
    discover::Runtime,
    limits,
    probe::tls::{Attachment, TlsProbes},
    service::{netns, process},
};

/// Time between two looks at which of the connections are still there. Looking means reading links in `/proc`.
const LOOK: Duration = Duration::from_secs(5);

/// A process that has TLS libraries in it.
pub struct Candidate {
    /// Which.
    pub pid: u32,
    /// What it has mapped.
    pub runtimes: Vec<Runtime<Inspection>>,
}

/// Keeps the probes for older connections where they are needed.
pub struct Older {
    probes: Arc<TlsProbes>,
    /// Of processes that hold older connections.
    processes: BTreeMap<u32, Held>,
    /// Sockets that were connected when the agent began, by inode.
    sockets: HashSet<u64>,
}

/// A process that holds older connections.
struct Held {
    points: Vec<Attachment>,
    /// Files that were attached to, so that none is twice.
    files: HashSet<PathBuf>,
}

impl Older {
    /// Notes which connections are older: those that are there now.
    #[must_use]
    pub fn new(probes: Arc<TlsProbes>) -> Self {
        Self { probes, processes: BTreeMap::new(), sockets: connected() }
    }

    /// Looks at the candidates that are there, so that those connections are seen from now on.
    pub fn catch_up(&mut self, candidates: &Receiver<Candidate>) {
        for candidate in candidates.try_iter() {
            self.consider(&candidate);
        }
    }

    /// Works until nobody sends candidates any more.
    pub fn run(mut self, candidates: &Receiver<Candidate>) {
        loop {
            match candidates.recv_timeout(LOOK) {
                Ok(candidate) => self.consider(&candidate),
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn consider(&mut self, candidate: &Candidate) {
        if self.sockets.is_empty() || !self.holds(candidate.pid) {
            return;
        }
        let Some(pid) = NonZeroU32::new(candidate.pid) else { return };
        let has = |runtime| {
            let found = candidate.runtimes.iter().flat_map(|mapped| &mapped.what.runtimes);
            found.into_iter().any(|found| found.runtime == runtime)
        };
        // The C library reads for GnuTLS only.
        let gnutls = has(binary::Runtime::GnuTls);
        if self.processes.len() >= limits::OLDER_PROCESSES && !self.processes.contains_key(&candidate.pid) {
            tracing::warn!(
                pid,
                "too many processes hold connections older than the agent: those of this one are not seen"
            );
            return;
        }
        let held = self
            .processes
            .entry(candidate.pid)
            .or_insert_with(|| Held { points: Vec::new(), files: HashSet::new() });
        for mapped in &candidate.runtimes {
            let points: Vec<&Point> = mapped
                .what
                .runtimes
                .iter()
                .filter(|found| gnutls || found.runtime != binary::Runtime::LibC)
                .flat_map(|found| &found.points)
                .filter(|point| point.scope == Scope::OlderConnections)
                .collect();
            let path = mapped.file.attach_path();
            if points.is_empty() || !held.files.insert(path.clone()) {
                continue;
            }
            for point in points {
                match libraries::attach(&self.probes, point, &path, Some(pid)) {
                    Ok(attachment) => held.points.push(attachment),
                    Err(error) => {
                        tracing::warn!(%error, pid, "connections older than the agent are not seen")
                    }
                }
            }
        }
        if held.points.is_empty() {
            self.processes.remove(&candidate.pid);
        }
    }

    /// Lets go of processes that hold no older connection any more.
    fn look(&mut self) {
        let gone: Vec<u32> = self.processes.keys().copied().filter(|&pid| !self.holds(pid)).collect();
        for pid in gone {
            self.processes.remove(&pid);
            tracing::debug!(pid, "no connection older than the agent is left");
        }
    }

    /// Whether a process holds a socket that was connected when the agent began.
    fn holds(&self, pid: u32) -> bool {
        let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        files.flatten().filter_map(|file| socket(&file.path())).any(|inode| self.sockets.contains(&inode))
    }
}

/// The inode of a socket that a file descriptor is.
fn socket(file: &Path) -> Option<u64> {
    let link = fs::read_link(file).ok()?;
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// Inodes of connected TCP sockets in all network namespaces (proc_net_tcp: the state is the fourth field, 01 is
/// `ESTABLISHED`; the inode the tenth).
fn connected() -> HashSet<u64> {
    let mut sockets = HashSet::new();
    let mut namespaces = HashSet::new();
    for pid in process::all() {
        if !netns::of(pid).is_some_and(|namespace| namespaces.insert(namespace)) {
            continue;
        }
        for table in ["tcp", "tcp6"] {
            let Ok(text) = fs::read_to_string(format!("/proc/{pid}/net/{table}")) else { continue };
            sockets.extend(text.lines().skip(1).filter_map(established));
        }
    }
    sockets
}

fn established(line: &str) -> Option<u64> {
    let mut fields = line.split_ascii_whitespace();
    (fields.nth(3)? == "01").then_some(())?;
    fields.nth(5)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn connected_sockets_are_told_from_listening_ones() {
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
        let listening = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0";
        let connection = "   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1";
        assert_eq!(established(head), None);
        assert_eq!(established(listening), None);
        assert_eq!(established(connection), Some(4712));
        assert_eq!(established(""), None);
    }

    #[test]
    fn a_connection_of_this_process_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let inode = socket(Path::new(&format!("/proc/self/fd/{}", client.as_raw_fd()))).unwrap();
        assert!(connected().contains(&inode));
    }
}
