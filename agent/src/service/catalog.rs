//! The services found so far, and the answer to "whose connection is this?".

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{Identity, Service, allowance::Allowance, holders, lookup::Host, netns, sockets};
use crate::{
    capture::record::Peer,
    limits::{LISTENERS, SERVICES},
    time,
};

/// A known service's process is looked at again after this long.
const RECHECK: Duration = Duration::from_secs(5);
/// A socket held by systemd for a service that is still to start is looked at again after this long.
const RECHECK_ACTIVATOR: Duration = Duration::from_millis(500);
/// A listener nobody was found for is looked for again after this long, then after twice that…
const RETRY: Duration = Duration::from_millis(500);
/// …and at last this often.
const RETRY_MOST: Duration = Duration::from_secs(60);

/// Services by listening socket. Shared by all capture workers.
#[derive(Debug)]
pub struct Services {
    began: Instant,
    listeners: RwLock<HashMap<u64, Listener>>,
    catalog: Mutex<HashMap<Identity, Arc<Service>>>,
    look: Mutex<Look>,
    counts: Counts,
}

/// A listening socket's cookie leads here.
#[derive(Debug)]
struct Listener {
    service: Arc<Service>,
    /// Milliseconds after `began` until which the answer counts without another look.
    until: AtomicU64,
    /// Looks that found nobody, one after the other.
    failed: u32,
}

/// What only one worker at a time may do: look at the host.
#[derive(Debug, Default)]
struct Look {
    allowance: Allowance,
    host: Host,
    /// Namespace in which a connection to this address was found last.
    hints: HashMap<SocketAddr, u64>,
}

#[derive(Debug, Default)]
struct Counts {
    misses: AtomicU64,
    scans: AtomicU64,
    deferred: AtomicU64,
    unresolved: AtomicU64,
    uncatalogued: AtomicU64,
    uncached: AtomicU64,
    files_cut: AtomicU64,
}

impl Default for Services {
    fn default() -> Self {
        Self::new()
    }
}

impl Services {
    /// An empty catalog. Nothing is looked at yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            listeners: RwLock::default(),
            catalog: Mutex::default(),
            look: Mutex::default(),
            counts: Counts::default(),
        }
    }

    /// One that does without inet_diag, as on a kernel that has none.
    #[cfg(test)]
    pub(super) fn by_proc_only() -> Self {
        let services = Self::new();
        lock(&services.look).host.proc_only = true;
        services
    }

    /// Looks at all listening sockets now, so that the first requests find their service without
    /// waiting. Takes some milliseconds; call it once before capture starts.
    pub fn prime(&self) {
        let mut look = lock(&self.look);
        self.scan(&mut look);
    }

    /// The service of a connection. Always an answer: [`Service::is_known`] says whether a process
    /// was found. Normally one hash lookup; the first connection of a new listener takes some
    /// milliseconds, and all looking together at most a twentieth of one CPU.
    #[must_use]
    pub fn resolve(&self, peer: &Peer) -> Arc<Service> {
        let service = self.cached(peer.listener).unwrap_or_else(|| self.missed(peer));
        service.counters.resolved.store(true, Ordering::Relaxed);
        service
    }

    /// The process that listens as which, or as whose descendant, a process runs: of a worker the master.
    #[must_use]
    pub fn listener_of(&self, pid: u32) -> Option<u32> {
        let services = lock(&self.catalog);
        let listening: HashMap<u32, u64> =
            services.values().filter_map(|service| service.pid.zip(service.start)).collect();
        drop(services);
        holders::ancestry(pid).find(|(pid, stat)| listening.get(pid) == Some(&stat.start)).map(|(pid, _)| pid)
    }

    /// The process of this host at the other end of a connection, looked for among the sockets of the host. For
    /// connections whose opening nobody saw; `None` also when looking has taken too much time already.
    #[must_use]
    pub fn client_of(&self, peer: &Peer) -> Option<u32> {
        let mut look = lock(&self.look);
        if !look.allowance.may_start(self.now()) {
            self.counts.deferred.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let before = time::of_thread();
        if look.host.namespaces.is_empty() {
            self.scan(&mut look);
        }
        let (local, _) = sockets::ends(&peer.tuple);
        let hint = look.hints.get(&local).copied();
        let client = look.host.client(peer, hint);
        look.allowance.spend(time::of_thread().saturating_sub(before));
        client
    }

    /// Once a second: notes what services counted.
    pub fn note_counts(&self, now: time::Ktime) {
        for service in lock(&self.catalog).values() {
            service.note_counts(now);
        }
    }

    /// Ports of this process's network namespace on which HTTP was seen, and not on loopback only.
    #[must_use]
    pub fn web_ports(&self) -> BTreeSet<u16> {
        let own = netns::of(std::process::id());
        let of = |service: &Arc<Service>| {
            let is_here = own == Some(service.netns) && !service.listen.ip().is_loopback();
            (is_here && service.requests() > 0).then(|| service.listen.port())
        };
        lock(&self.catalog).values().filter_map(of).collect()
    }

    /// Services that had a connection, busiest first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Service>> {
        let mut services: Vec<Arc<Service>> = lock(&self.catalog)
            .values()
            .filter(|service| service.counters.resolved.load(Ordering::Relaxed))
            .map(Arc::clone)
            .collect();
        services.sort_by(|a, b| {
            (b.requests(), &a.name, a.listen.port(), a.netns).cmp(&(
                a.requests(),
                &b.name,
                b.listen.port(),
                b.netns,
            ))
        });
        services
    }

    /// Counters of this stage, by name: `lookups` that were not in the cache, `scans` of the host,
    /// `lookups_deferred` because looking took too much time already, `unresolved` ones that found
    /// nobody; and what went over a cap: `uncatalogued` services, `listeners_uncached`,
    /// `open_files_cut` (processes with too many).
    #[must_use]
    pub fn counters(&self) -> [(&'static str, u64); 7] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("lookups", read(&self.counts.misses)),
            ("scans", read(&self.counts.scans)),
            ("lookups_deferred", read(&self.counts.deferred)),
            ("unresolved", read(&self.counts.unresolved)),
            ("uncatalogued", read(&self.counts.uncatalogued)),
            ("listeners_uncached", read(&self.counts.uncached)),
            ("open_files_cut", read(&self.counts.files_cut)),
        ]
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// The answer that is already there, if it still counts.
    fn cached(&self, cookie: u64) -> Option<Arc<Service>> {
        if cookie == 0 {
            return None;
        }
        let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
        let listener = listeners.get(&cookie)?;
        let now = self.now();
        if now < Duration::from_millis(listener.until.load(Ordering::Relaxed)) {
            return Some(Arc::clone(&listener.service));
        }
        if !listener.service.is_activator() && listener.service.still_runs() {
            listener.until.store(millis(now + RECHECK), Ordering::Relaxed);
            return Some(Arc::clone(&listener.service));
        }
        None
    }

    /// Looks at the host, one worker at a time and within the allowance.
    fn missed(&self, peer: &Peer) -> Arc<Service> {
        self.counts.misses.fetch_add(1, Ordering::Relaxed);
        let mut look = lock(&self.look);
        // Another worker may have found it meanwhile.
        if let Some(found) = self.cached(peer.listener) {
            return found;
        }
        if !look.allowance.may_start(self.now()) {
            self.counts.deferred.fetch_add(1, Ordering::Relaxed);
            return self.outdated(peer.listener).unwrap_or_else(|| self.unknown(peer));
        }
        let before = time::of_thread();
        let service = if peer.listener == 0 {
            self.of_connection(peer, &mut look)
        } else {
            self.of_listener(peer, &mut look)
        };
        look.allowance.spend(time::of_thread().saturating_sub(before));
        if !service.is_known() {
            self.counts.unresolved.fetch_add(1, Ordering::Relaxed);
        }
        service
    }

    /// By the listening socket's cookie.
    fn of_listener(&self, peer: &Peer, look: &mut Look) -> Arc<Service> {
        self.scan(look);
        if let Some(place) = look.host.by_cookie(peer.listener) {
            return Arc::clone(&place.service);
        }
        // No cookies without inet_diag, and the listener may be gone already: by the connection.
        let service = self.by_connection(peer, look).unwrap_or_else(|| self.unknown(peer));
        let mut listeners = self.listeners.write().unwrap_or_else(PoisonError::into_inner);
        let failed = listeners.get(&peer.listener).map_or(0, |listener| listener.failed);
        listeners.insert(peer.listener, self.listener(&service, failed));
        service
    }

    /// By the connection itself: it is older than the agent.
    fn of_connection(&self, peer: &Peer, look: &mut Look) -> Arc<Service> {
        if let Some(found) = self.by_connection(peer, look).filter(|service| service.still_runs()) {
            return found;
        }
        self.scan(look);
        let (local, _) = sockets::ends(&peer.tuple);
        self.by_connection(peer, look)
            // Closed since. Where only one listening socket on the host can have accepted it, that did.
            .or_else(|| look.host.only_listener(local).map(|place| Arc::clone(&place.service)))
            .unwrap_or_else(|| self.unknown(peer))
    }

    fn by_connection(&self, peer: &Peer, look: &mut Look) -> Option<Arc<Service>> {
        let (local, _) = sockets::ends(&peer.tuple);
        let (netns, socket) = look.host.connection(peer, look.hints.get(&local).copied())?;
        if look.hints.len() >= LISTENERS {
            look.hints.clear();
        }
        look.hints.insert(local, netns);
        match look.host.by_address(netns, local) {
            Some(place) if place.service.is_known() => Some(Arc::clone(&place.service)),
            _ => look.host.holder(netns, &socket).map(|service| self.catalogued(service)),
        }
    }

    /// Looks at all listening sockets and replaces what is known about them.
    fn scan(&self, look: &mut Look) {
        self.counts.scans.fetch_add(1, Ordering::Relaxed);
        let host = look.host.refreshed(|service| self.catalogued(service));
        let now = self.now();
        let mut listeners = self.listeners.write().unwrap_or_else(PoisonError::into_inner);
        let mut fresh: HashMap<u64, Listener> = HashMap::with_capacity(host.places.len());
        for place in &host.places {
            if let Some(cookie) = place.socket.cookie {
                if fresh.len() >= LISTENERS {
                    self.counts.uncached.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                let failed = listeners.get(&cookie).map_or(0, |listener| listener.failed);
                fresh.insert(cookie, self.listener(&place.service, failed));
            }
        }
        // Answers about listeners that cannot be seen (gone, hidden) count until they run out.
        for (cookie, listener) in listeners.drain() {
            let counts = now < Duration::from_millis(listener.until.load(Ordering::Relaxed));
            if counts && fresh.len() < LISTENERS {
                fresh.entry(cookie).or_insert(listener);
            }
        }
        *listeners = fresh;
        drop(listeners);
        self.counts.files_cut.store(host.files_cut, Ordering::Relaxed);
        look.host = host;
    }

    fn listener(&self, service: &Arc<Service>, failed: u32) -> Listener {
        let (wait, failed) = if service.is_activator() {
            (RECHECK_ACTIVATOR, 0)
        } else if service.is_known() {
            (RECHECK, 0)
        } else {
            ((RETRY * 2u32.saturating_pow(failed.min(16))).min(RETRY_MOST), failed.saturating_add(1))
        };
        Listener { service: Arc::clone(service), until: AtomicU64::new(millis(self.now() + wait)), failed }
    }

    /// What was known about a listener, although it should be looked at again.
    fn outdated(&self, cookie: u64) -> Option<Arc<Service>> {
        let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
        listeners.get(&cookie).map(|listener| Arc::clone(&listener.service))
    }

    fn unknown(&self, peer: &Peer) -> Arc<Service> {
        let (local, _) = sockets::ends(&peer.tuple);
        self.catalogued(Service::unknown(local, 0))
    }

    /// Puts a service into the catalog; it shares the counters of the process that was the same
    /// service before it.
    fn catalogued(&self, mut service: Service) -> Arc<Service> {
        let mut catalog = lock(&self.catalog);
        let identity = service.identity();
        if let Some(before) = catalog.get(&identity) {
            service.counters = Arc::clone(&before.counters);
        } else if catalog.len() >= SERVICES {
            // Listeners nobody talked to make room first.
            catalog.retain(|_, service| service.counters.resolved.load(Ordering::Relaxed));
            if catalog.len() >= SERVICES {
                self.counts.uncatalogued.fetch_add(1, Ordering::Relaxed);
                return Arc::new(service);
            }
        }
        let service = Arc::new(service);
        catalog.insert(identity, Arc::clone(&service));
        service
    }
}

/// A poisoned lock means a panic in a read of `/proc`; the data is replaced as a whole, never half.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
