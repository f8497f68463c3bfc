//! The open transactions of processes that make requests of their own. Shared by all workers.

use std::{
    collections::{HashMap, hash_map::RandomState},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use super::{
    Hop, Likeness, Link,
    habits::Habits,
    weigh::{Outer, weigh},
};
use crate::{http::Request, limits, time::Ktime};

/// Parts of the table, each with a lock of its own.
const SHARDS: usize = 16;

/// Open transactions by process and by what they have in common with those that may come from them.
///
/// Bounded: [`limits::CHAIN_HOPS`] transactions; beyond it none are taken in. Those that are over go after
/// [`limits::CHAIN_GRACE`]: their inner ones may be read later.
#[derive(Debug)]
pub struct Chains {
    shards: [Mutex<HashMap<u32, Process>>; SHARDS],
    hops: AtomicUsize,
    next: AtomicU64,
    keys: RandomState,
}

#[derive(Debug, Default)]
struct Process {
    open: HashMap<u64, Vec<Arc<Hop>>>,
    hops: usize,
    habits: Habits,
}

/// A transaction that others may come from.
#[derive(Debug)]
pub struct Opening<'o> {
    /// The process that listens: all that its descendants ask for comes from its transactions.
    pub process: u32,
    /// The very process that has it, where that is known.
    pub worker: Option<u32>,
    /// The request.
    pub request: &'o Request,
    /// Its client.
    pub client: IpAddr,
    /// The other end of its connection.
    pub sender: IpAddr,
    /// What it comes from itself.
    pub link: Option<&'o Link>,
}

/// What was found for an inner transaction.
#[derive(Debug)]
pub enum Found {
    /// The process has no open transaction that it may come from.
    Nobody,
    /// Transactions of several clients, of which any may be the one.
    Unsure,
    /// The one, or several of one client.
    Linked(Link),
}

impl Chains {
    /// An empty table whose chains' ids begin somewhere behind `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hops: AtomicUsize::new(0),
            next: AtomicU64::new(seed),
            keys: RandomState::new(),
        }
    }

    /// Takes a transaction in; `None`: there is no room.
    #[must_use]
    pub fn open(&self, opening: &Opening<'_>) -> Option<Arc<Hop>> {
        if self.hops.fetch_add(1, Ordering::Relaxed) >= limits::CHAIN_HOPS {
            self.hops.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let &Opening { process, worker, request, client, sender, link } = opening;
        let (id, number, origin) = match link {
            Some(link) => (link.place.id, link.place.hop, link.origin),
            None => (self.next.fetch_add(1, Ordering::Relaxed), 0, sender),
        };
        let likeness = Likeness::of(request, &self.keys);
        let key = likeness.key;
        let hop = Hop::new(id, number, client, origin, sender, worker, request.started, likeness);
        if link.is_some_and(Link::is_counted) {
            hop.set_counted();
        }
        let hop = Arc::new(hop);
        let mut shard = self.shard(process);
        let process = shard.entry(process).or_default();
        process.open.entry(key).or_default().push(Arc::clone(&hop));
        process.hops += 1;
        Some(hop)
    }

    /// What a request comes from that a process (or, of `process` and its descendants, `worker`) sent.
    #[must_use]
    pub fn find(&self, process: u32, worker: u32, request: &Request) -> Found {
        let inner = Likeness::of(request, &self.keys);
        let at = request.started;
        let mut shard = self.shard(process);
        let Some(process) = shard.get_mut(&process) else { return Found::Nobody };
        let alone = process.alone(at);
        let Some(same) = process.open.get(&inner.key) else { return Found::Nobody };
        let possible = |hop: &&Arc<Hop>| hop.is_open_at(at) && hop.process.is_none_or(|pid| pid == worker);
        let candidates: Vec<&Arc<Hop>> =
            same.iter().filter(possible).take(limits::CHAIN_CANDIDATES + 1).collect();
        if candidates.len() > limits::CHAIN_CANDIDATES {
            return Found::Unsure;
        }
        let outers: Vec<Outer<'_>> = candidates
            .iter()
            .map(|hop| Outer { likeness: &hop.likeness, sender: hop.sender, client: hop.client })
            .collect();
        let left = weigh(&inner, &outers, &mut process.habits, alone, &self.keys);
        let left: Vec<Arc<Hop>> =
            left.into_iter().filter_map(|at| candidates.get(at).map(|hop| Arc::clone(hop))).collect();
        let Some(first) = left.first() else { return Found::Nobody };
        let one = (first.client, first.origin);
        if left.iter().any(|hop| (hop.client, hop.origin) != one) {
            return Found::Unsure;
        }
        Link::to(left).map_or(Found::Nobody, Found::Linked)
    }

    /// Forgets what has been over for long enough; for now and then.
    pub fn sweep(&self, now: Ktime) {
        if self.hops.load(Ordering::Relaxed) == 0 {
            return;
        }
        let before = now.saturating_sub(limits::CHAIN_GRACE);
        for shard in &self.shards {
            let mut shard = lock(shard);
            let mut gone = 0;
            for process in shard.values_mut() {
                process.open.retain(|_, hops| {
                    let had = hops.len();
                    hops.retain(|hop| !hop.ended_before(before));
                    process.hops -= had - hops.len();
                    gone += had - hops.len();
                    !hops.is_empty()
                });
            }
            self.hops.fetch_sub(gone, Ordering::Relaxed);
            if shard.len() > limits::CHAIN_PROCESSES / SHARDS {
                // Their habits are learned again.
                shard.retain(|_, process| process.hops > 0);
            }
        }
    }

    /// Transactions in the table.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hops.load(Ordering::Relaxed)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, process: u32) -> MutexGuard<'_, HashMap<u32, Process>> {
        let at = process as usize % SHARDS;
        // There are so many.
        lock(self.shards.get(at).unwrap_or(&self.shards[0]))
    }
}

impl Process {
    /// Whether at most one transaction is open at this time. With many on record it is not looked for.
    fn alone(&self, at: Ktime) -> bool {
        self.hops <= limits::CHAIN_ALONE
            && self.open.values().flatten().filter(|hop| hop.is_open_at(at)).count() <= 1
    }
}

/// A poisoned lock means a panic between two changes that belong together at most in a count.
fn lock(shard: &Mutex<HashMap<u32, Process>>) -> MutexGuard<'_, HashMap<u32, Process>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
