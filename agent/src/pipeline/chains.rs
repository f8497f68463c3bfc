//! chain at work: whose requests may have others behind them, and what a request comes from.

use std::{
    collections::{HashMap, HashSet},
    io,
    net::IpAddr,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rustix::event::{EventfdFlags, eventfd};

use super::{connection::Connection, counters::Counters};
use crate::{
    chain::{self, Found, Hop, Link, Opening, Place, Progress},
    http::Request,
    limits,
    service::{Service, Services},
    time::{self, Ktime},
};

/// How long it is believed which service a process belongs to.
const BELIEVED: Ktime = 2 * time::SECOND;
/// Time between two sweeps of the table.
const SWEEP: Ktime = time::SECOND / 4;

/// Chains, shared by the workers.
pub struct Chains {
    /// How far each worker has come.
    pub progress: Progress,
    table: chain::Chains,
    /// Processes that listen and were seen to ask others.
    proxies: RwLock<HashSet<u32>>,
    /// Whether there is any.
    any: AtomicBool,
    /// By process: the one that listens, of which it is a descendant; and until when that is believed.
    owners: Mutex<HashMap<u32, (Option<u32>, Ktime)>>,
    swept: AtomicU64,
    /// By worker: wakes it.
    nudges: Vec<OwnedFd>,
}

/// A transaction's part in chains.
#[derive(Debug, Default)]
pub struct Part {
    /// What it comes from.
    pub link: Option<Link>,
    /// Others may come from it.
    pub hop: Option<Arc<Hop>>,
}

impl Part {
    /// Where it stands; `None`: in no chain.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.link.as_ref().map(|link| link.place).or_else(|| self.hop.as_ref().and_then(|hop| hop.place()))
    }
}

impl Chains {
    /// None yet, for so many workers; `seed` is a number that no other agent has.
    ///
    /// # Errors
    ///
    /// When there is no file descriptor left.
    pub fn new(workers: usize, seed: u64) -> io::Result<Self> {
        let nudge = |_| Ok(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        // One alone waits for nobody.
        let nudges = (0..workers).filter(|_| workers > 1).map(nudge).collect::<io::Result<_>>()?;
        Ok(Self {
            nudges,
            progress: Progress::new(workers),
            table: chain::Chains::new(seed),
            proxies: RwLock::default(),
            any: AtomicBool::new(false),
            owners: Mutex::default(),
            swept: AtomicU64::new(0),
        })
    }

    /// Whether all other workers have read what the kernel wrote before `at`. Those that sleep are woken, so that they can
    /// say so.
    #[must_use]
    pub fn all_have_read(&self, me: usize, at: Ktime) -> bool {
        self.progress.caught_up(me, at, |sleeping| self.nudge(sleeping))
    }

    /// Whether all workers, this one too, have read what was written before `at`, and let none of it wait.
    #[must_use]
    pub fn all_have_told(&self, at: Ktime) -> bool {
        self.progress.all_caught_up(at, |sleeping| self.nudge(sleeping))
    }

    fn nudge(&self, sleeping: usize) {
        if let Some(nudge) = self.nudges.get(sleeping) {
            // It is full of nudges, or the worker is: either way it wakes.
            let _ = rustix::io::write(nudge, &1u64.to_ne_bytes());
        }
    }

    /// What can be read when a worker is to wake.
    #[must_use]
    pub fn nudged(&self, worker: usize) -> Option<BorrowedFd<'_>> {
        self.nudges.get(worker).map(AsFd::as_fd)
    }

    /// A worker is awake.
    pub fn awake(&self, worker: usize) {
        self.progress.sleeps(worker, false);
        if let Some(nudge) = self.nudges.get(worker) {
            // Nobody nudged: nothing to read.
            let _ = rustix::io::read(nudge, &mut [0; 8]);
        }
    }

    /// Whether the request comes from a process of this host, so that it may be part of a chain. One comparison for
    /// connections from elsewhere that the agent has seen begin.
    #[must_use]
    pub fn is_inner(&self, connection: &mut Connection, services: &Services) -> bool {
        let peer = &mut connection.peer;
        if peer.client == 0 && peer.listener == 0 && !connection.client_sought {
            // Older than the agent: its other end is looked for once.
            connection.client_sought = true;
            if is_near(peer.remote_ip()) {
                peer.client = services.client_of(peer).unwrap_or(0);
            }
        }
        peer.client != 0
    }

    /// What a request that [is inner](Self::is_inner) comes from.
    #[must_use]
    pub fn link(
        &self,
        client: u32,
        request: &Request,
        services: &Services,
        counters: &Counters,
    ) -> Option<Link> {
        let owner = self.owner(client, request.started, services)?;
        if !self.is_proxy(owner) {
            let mut proxies = self.proxies.write().unwrap_or_else(PoisonError::into_inner);
            if proxies.len() >= limits::CHAIN_PROCESSES {
                // Processes that have ended are among them; the others come again.
                proxies.clear();
            }
            proxies.insert(owner);
            self.any.store(true, Ordering::Relaxed);
        }
        match self.table.find(owner, client, request) {
            Found::Linked(link) => {
                let counter =
                    if link.place.ambiguous { &counters.chains_ambiguous } else { &counters.chains_linked };
                counter.add(1);
                Some(link)
            }
            Found::Unsure => {
                counters.chains_unsure.add(1);
                None
            }
            Found::Nobody => {
                counters.chains_unlinked.add(1);
                None
            }
        }
    }

    /// Notes a transaction that others may come from. Services that never asked another one of this host are noted
    /// for their first requests only.
    #[must_use]
    pub fn open(
        &self,
        service: &Service,
        worker: Option<u32>,
        request: &Request,
        (client, sender): (IpAddr, IpAddr),
        link: Option<&Link>,
        counters: &Counters,
    ) -> Option<Arc<Hop>> {
        let process = service.pid?;
        if service.requests() > limits::CHAIN_TRIAL && !self.is_proxy(process) {
            return None;
        }
        let hop = self.table.open(&Opening { process, worker, request, client, sender, link });
        if hop.is_none() {
            counters.chains_full.add(1);
        }
        hop
    }

    /// Forgets what is over; for every tick of every worker.
    pub fn sweep(&self, now: Ktime) {
        let swept = self.swept.load(Ordering::Relaxed);
        let mine = now.saturating_sub(swept) >= SWEEP
            && self.swept.compare_exchange(swept, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if mine {
            self.table.sweep(now);
        }
    }

    fn is_proxy(&self, process: u32) -> bool {
        self.any.load(Ordering::Relaxed)
            && self.proxies.read().unwrap_or_else(PoisonError::into_inner).contains(&process)
    }

    fn owner(&self, client: u32, now: Ktime, services: &Services) -> Option<u32> {
        let owners = || self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((owner, until)) = owners().get(&client)
            && now < *until
        {
            return *owner;
        }
        let owner = services.listener_of(client);
        let mut owners = owners();
        if owners.len() >= limits::CHAIN_PROCESSES {
            owners.retain(|_, (_, until)| now < *until);
            if owners.len() >= limits::CHAIN_PROCESSES {
                owners.clear();
            }
        }
        // One that is not found may be a service that just began to listen.
        let until = if owner.is_some() { now.saturating_add(BELIEVED) } else { now };
        owners.insert(client, (owner, until));
        owner
    }
}

/// Whether an address may be one of this host or its containers.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}
