//! Which processes hold a socket, and which of them is the service.

use std::{
    collections::{HashMap, HashSet},
    os::fd::OwnedFd,
};

use rustix::{
    fs::{CWD, Dir, DirEntry, Mode, OFlags, openat, readlinkat},
    io::Errno,
};

use super::process::Stat;
use crate::limits::FDS_SCANNED;

/// Who holds which socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// Processes by socket inode.
    pub by_inode: HashMap<u64, Vec<u32>>,
    /// Processes with more than [`FDS_SCANNED`] open files, of which the rest was not looked at.
    pub cut: u64,
}

/// Looks through the open files of `pids` for these socket inodes.
#[must_use]
pub fn find(inodes: &HashSet<u64>, pids: &[u32]) -> Holders {
    let mut found = Holders::default();
    if inodes.is_empty() {
        return found;
    }
    for &pid in pids {
        // A process that is gone or may not be read holds nothing we could name.
        let Ok(directory) = open_fds(pid) else { continue };
        // Lowest descriptors first: listening sockets are opened early.
        let mut entries = Dir::read_from(&directory).into_iter().flatten().filter_map(Result::ok);
        for entry in entries.by_ref().take(FDS_SCANNED) {
            let Some(inode) = socket_inode(&directory, &entry) else { continue };
            if inodes.contains(&inode) {
                let holders = found.by_inode.entry(inode).or_default();
                if holders.last() != Some(&pid) {
                    holders.push(pid);
                }
            }
        }
        found.cut += u64::from(entries.next().is_some());
    }
    found
}

fn open_fds(pid: u32) -> Result<OwnedFd, Errno> {
    openat(
        CWD,
        format!("/proc/{pid}/fd"),
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

/// The inode in the link `socket:[12345]`.
fn socket_inode(directory: &OwnedFd, entry: &DirEntry) -> Option<u64> {
    let link = readlinkat(directory, entry.file_name(), Vec::with_capacity(32)).ok()?;
    link.to_str().ok()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// What of a holder decides whether it is the service.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Holder {
    pid: u32,
    stat: Stat,
}

/// The service among the holders of a listening socket: the oldest ancestor (a pre-forking server's
/// master, not its workers). A supervisor that opens sockets for others (systemd and its like)
/// counts only when nobody else holds the socket.
#[must_use]
pub fn owner(pids: &[u32]) -> Option<u32> {
    let holders: Vec<Holder> =
        pids.iter().filter_map(|&pid| Some(Holder { pid, stat: Stat::read(pid)? })).collect();
    choose(&holders, |pid| Stat::read(pid).map(|stat| stat.ppid))
}

/// A process and those it descends from, the nearest first, without the init process.
pub fn ancestry(pid: u32) -> impl Iterator<Item = (u32, Stat)> {
    let mut next = Some(pid);
    // Deeper trees than this are not process trees.
    std::iter::from_fn(move || {
        let pid = next.take().filter(|&pid| pid > 1)?;
        let stat = Stat::read(pid)?;
        next = Some(stat.ppid);
        Some((pid, stat))
    })
    .take(64)
}

/// Opens sockets to hand them to the services it starts.
#[must_use]
pub fn is_activator(pid: u32, comm: &str) -> bool {
    pid == 1 || matches!(comm, "systemd" | "inetd" | "xinetd" | "launchd" | "s6-tcpserver")
}

fn choose(holders: &[Holder], parent: impl Fn(u32) -> Option<u32>) -> Option<u32> {
    let services = || holders.iter().filter(|holder| !is_activator(holder.pid, &holder.stat.comm));
    let candidates: Vec<&Holder> =
        if services().next().is_some() { services().collect() } else { holders.iter().collect() };
    let among: HashSet<u32> = candidates.iter().map(|holder| holder.pid).collect();
    let has_ancestor_among = |holder: &Holder| {
        let mut at = holder.stat.ppid;
        // Deeper trees than this are not process trees.
        for _ in 0..64 {
            if at <= 1 || at == holder.pid {
                return false;
            }
            if among.contains(&at) {
                return true;
            }
            let Some(next) = parent(at) else { return false };
            at = next;
        }
        false
    };
    candidates
        .iter()
        .filter(|holder| !has_ancestor_among(holder))
        .min_by_key(|holder| (holder.stat.start, holder.pid))
        .or_else(|| candidates.iter().min_by_key(|holder| (holder.stat.start, holder.pid)))
        .map(|holder| holder.pid)
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, os::unix::fs::MetadataExt as _};

    use super::*;

    fn chosen(holders: &[(u32, &str, u32, u64)], others: &[(u32, u32)]) -> Option<u32> {
        let holders: Vec<Holder> = holders
            .iter()
            .map(|&(pid, comm, ppid, start)| Holder { pid, stat: Stat { comm: comm.into(), ppid, start } })
            .collect();
        choose(&holders, |pid| {
            let among = holders.iter().find(|h| h.pid == pid).map(|h| h.stat.ppid);
            among.or_else(|| others.iter().find(|(other, _)| *other == pid).map(|(_, ppid)| *ppid))
        })
    }

    #[test]
    fn the_master_is_the_service_not_the_worker_nor_the_activator() {
        // nginx: a master and two workers; pids wrapped, so the master's is the highest.
        let nginx = [(20, "nginx", 900, 51), (21, "nginx", 900, 51), (900, "nginx", 1, 50)];
        assert_eq!(chosen(&nginx, &[]), Some(900));
        // A worker's worker, the process between holding nothing.
        assert_eq!(chosen(&[(10, "a", 1, 1), (30, "a", 20, 3)], &[(20, 10)]), Some(10));
        // Socket activation: systemd holds it too.
        assert_eq!(chosen(&[(1, "systemd", 0, 0), (77, "sshd", 1, 9)], &[]), Some(77));
        assert_eq!(chosen(&[(500, "systemd", 1, 5), (77, "app", 500, 9)], &[]), Some(77));
        assert_eq!(chosen(&[(1, "systemd", 0, 0)], &[]), Some(1));
        // pid 1 of a container is a service when it alone holds the socket, and the oldest otherwise.
        assert_eq!(chosen(&[(4001, "java", 4000, 7)], &[(4000, 1)]), Some(4001));
        // Binary upgrade (nginx USR2): two masters, the new one a child of the old one.
        assert_eq!(chosen(&[(10, "nginx", 1, 1), (11, "nginx", 10, 2), (12, "nginx", 11, 3)], &[]), Some(10));
        // Unrelated holders: the older one.
        assert_eq!(chosen(&[(10, "b", 1, 9), (11, "a", 1, 2)], &[]), Some(11));
        // A loop of parents (the pids were reused between two reads) still ends.
        assert_eq!(chosen(&[(10, "a", 11, 2), (11, "a", 10, 1)], &[]), Some(11));
        assert_eq!(chosen(&[], &[]), None);
    }

    #[test]
    fn this_process_holds_its_listener() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let me = std::process::id();
        let fd = std::os::fd::AsRawFd::as_raw_fd(&listener);
        let inode = std::fs::metadata(format!("/proc/{me}/fd/{fd}")).expect("fd").ino();
        let found = find(&HashSet::from([inode, u64::MAX]), &super::super::process::all());
        assert_eq!(found, Holders { by_inode: HashMap::from([(inode, vec![me])]), cut: 0 });
        assert_eq!(owner(&[me]), Some(me));
        drop(listener);
        assert_eq!(find(&HashSet::from([inode]), &[me]), Holders::default());
    }
}
