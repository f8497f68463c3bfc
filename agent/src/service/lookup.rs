//! Looking at the host: every listening socket and its service; one connection's namespace.

use std::{
    collections::{HashMap, HashSet},
    io,
    net::SocketAddr,
    ops::ControlFlow,
    sync::Arc,
};

use super::{
    Service, holders,
    netns::{self, Netns},
    process::{self, Process},
    sockets::{self, TcpSocket},
};
use crate::capture::record::Peer;

/// A listening socket and who it belongs to.
#[derive(Clone, Debug)]
pub struct Place {
    /// The socket.
    pub socket: TcpSocket,
    /// Inode of its network namespace.
    pub netns: u64,
    /// Its service; [`Service::is_known`] is false when nobody was found to hold it.
    pub service: Arc<Service>,
}

/// The host's listening sockets at one time.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Network namespaces with processes.
    pub namespaces: Vec<Netns>,
    /// Listening TCP sockets in them.
    pub places: Vec<Place>,
    /// The kernel answers inet_diag questions; if not, `/proc/<pid>/net/tcp` has to do.
    pub inet_diag: bool,
    /// Processes whose open files were too many to look at all, over all looks.
    pub files_cut: u64,
    /// Do without inet_diag even where there is one.
    #[cfg(test)]
    pub(super) proc_only: bool,
}

impl Host {
    /// Looks at all network namespaces. What `self` knows and still holds is taken over, so that
    /// only new sockets cost a look through open files; services of those go through `catalogued`.
    #[must_use]
    pub fn refreshed(&self, mut catalogued: impl FnMut(Service) -> Arc<Service>) -> Self {
        let pids = process::all();
        let namespaces = netns::all(&pids);
        let mut found: Vec<(u64, TcpSocket)> = Vec::new();
        netns::visit(&namespaces, |namespace, entered| {
            #[cfg(test)]
            let entered = if self.proc_only { Err(io::ErrorKind::Unsupported.into()) } else { entered };
            match sockets::listening(namespace, entered) {
                Ok(sockets) => found.extend(sockets.into_iter().map(|socket| (namespace.inode, socket))),
                // Its processes ended between the two looks, or /proc may not be read.
                Err(error) => {
                    tracing::debug!(netns = namespace.inode, %error, "listening sockets not listed");
                }
            }
            ControlFlow::Continue(())
        });

        // One process may hold thousands of listening sockets.
        let mut running = Running::default();
        let known: HashMap<(u64, TcpSocket), &Arc<Service>> = self
            .places
            .iter()
            .filter(|place| !place.service.is_activator() && running.same(&place.service))
            .map(|place| ((place.netns, place.socket), &place.service))
            .collect();
        let new: Vec<(u64, TcpSocket)> =
            found.iter().filter(|place| !known.contains_key(place)).copied().collect();
        let (owners, cut) = owners(&new, &namespaces, &pids);
        let places = found
            .iter()
            .map(|&(netns, socket)| Place {
                socket,
                netns,
                service: known.get(&(netns, socket)).map_or_else(
                    || {
                        let process = owners.get(&socket.inode).and_then(|&pid| running.process(pid));
                        catalogued(match process {
                            Some(process) => Service::known(process, socket.local, netns),
                            None => Service::unknown(socket.local, netns),
                        })
                    },
                    |&service| Arc::clone(service),
                ),
            })
            .collect();
        let inet_diag = found.iter().any(|(_, socket)| socket.cookie.is_some());
        Self {
            namespaces,
            places,
            inet_diag,
            files_cut: self.files_cut + cut,
            #[cfg(test)]
            proc_only: self.proc_only,
        }
    }

    /// The service whose listening socket has this cookie.
    #[must_use]
    pub fn by_cookie(&self, cookie: u64) -> Option<&Place> {
        self.places.iter().find(|place| place.socket.cookie == Some(cookie))
    }

    /// The listening socket in a namespace that accepted a connection to `local`.
    #[must_use]
    pub fn by_address(&self, netns: u64, local: SocketAddr) -> Option<&Place> {
        let here = || self.places.iter().filter(move |place| place.netns == netns);
        let socket = sockets::listener_for(here().map(|place| &place.socket), local)?;
        here().find(|place| place.socket == *socket)
    }

    /// The listening socket that takes connections to `local`, if there is one in only one namespace.
    #[must_use]
    pub fn only_listener(&self, local: SocketAddr) -> Option<&Place> {
        let mut found =
            self.namespaces.iter().filter_map(|namespace| self.by_address(namespace.inode, local));
        found.next().filter(|_| found.next().is_none())
    }

    /// Looks a connection up: its namespace and its socket. `first` is looked into before the others.
    #[must_use]
    pub fn connection(&self, peer: &Peer, first: Option<u64>) -> Option<(u64, TcpSocket)> {
        let hinted = self.namespaces.iter().filter(|namespace| Some(namespace.inode) == first);
        let others = self.namespaces.iter().filter(|namespace| Some(namespace.inode) != first);
        let mut found = None;
        netns::visit(hinted.chain(others), |namespace, entered| {
            let way = if self.inet_diag { entered } else { Err(io::ErrorKind::Unsupported.into()) };
            match sockets::connection(namespace, way, &peer.tuple, peer.cookie) {
                Ok(Some(socket)) => {
                    found = Some((namespace.inode, socket));
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        });
        found
    }

    /// The process that holds the other end of a connection, if it is on this host. Over loopback that is the
    /// namespace of the service; else, where several namespaces have such a socket, nobody is named.
    #[must_use]
    pub fn client(&self, peer: &Peer, first: Option<u64>) -> Option<u32> {
        let (own, _) = self.connection(peer, first)?;
        let loopback = peer.remote_ip().is_loopback();
        let tuple = peer.tuple.reversed();
        let mut found: Vec<(u64, TcpSocket)> = Vec::new();
        let here = self.namespaces.iter().filter(|namespace| namespace.inode == own);
        let others = self.namespaces.iter().filter(|namespace| namespace.inode != own && !loopback);
        netns::visit(here.chain(others), |namespace, entered| {
            let way = if self.inet_diag { entered } else { Err(io::ErrorKind::Unsupported.into()) };
            if let Ok(Some(socket)) = sockets::end(namespace, way, &tuple) {
                found.push((namespace.inode, socket));
            }
            if found.iter().any(|(inode, _)| *inode == own) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        let [(netns, socket)] = found[..] else { return None };
        let inodes = HashSet::from([socket.inode]);
        let of = |pids: &[u32]| holders::find(&inodes, pids).by_inode.remove(&socket.inode);
        let near = self.namespaces.iter().find(|namespace| namespace.inode == netns)?;
        let holders = of(&near.pids).or_else(|| of(&process::all()))?;
        holders.first().copied()
    }

    /// The process that holds a connection whose listener is gone.
    #[must_use]
    pub fn holder(&self, netns: u64, socket: &TcpSocket) -> Option<Service> {
        let (owners, _) = owners(&[(netns, *socket)], &self.namespaces, &process::all());
        let owner = *owners.get(&socket.inode)?;
        Some(Service::known(Process::read(owner)?, socket.local, netns))
    }
}

/// Processes as they are during one look, each read once.
#[derive(Debug, Default)]
struct Running {
    same: HashMap<(u32, u64), bool>,
    read: HashMap<u32, Option<Process>>,
}

impl Running {
    /// Whether the service's process still runs as what it was.
    fn same(&mut self, service: &Service) -> bool {
        let (Some(pid), Some(start)) = (service.pid, service.start) else { return false };
        *self.same.entry((pid, start)).or_insert_with(|| service.still_runs())
    }

    fn process(&mut self, pid: u32) -> Option<Process> {
        self.read.entry(pid).or_insert_with(|| Process::read(pid)).clone()
    }
}

/// The owning process of each socket, by inode, and how many processes had too many open files.
/// Processes of the socket's own namespace are looked at first; all others only when none of them
/// holds it.
fn owners(sockets: &[(u64, TcpSocket)], namespaces: &[Netns], pids: &[u32]) -> (HashMap<u64, u32>, u64) {
    let (mut holders, mut cut) = (HashMap::new(), 0);
    let mut look = |inodes: HashSet<u64>, pids: &[u32]| {
        let found = holders::find(&inodes, pids);
        holders.extend(found.by_inode);
        cut += found.cut;
        inodes.into_iter().filter(|inode| !holders.contains_key(inode)).collect::<HashSet<u64>>()
    };
    let mut missing = HashSet::new();
    for namespace in namespaces {
        let here = sockets.iter().filter(|(netns, socket)| *netns == namespace.inode && socket.inode != 0);
        missing.extend(look(here.map(|(_, socket)| socket.inode).collect(), &namespace.pids));
    }
    look(missing, pids);
    let mut owner_among: HashMap<Vec<u32>, Option<u32>> = HashMap::new();
    let owned = holders.into_iter().filter_map(|(inode, pids)| {
        let owner = *owner_among.entry(pids).or_insert_with_key(|pids| holders::owner(pids));
        Some((inode, owner?))
    });
    (owned.collect(), cut)
}
