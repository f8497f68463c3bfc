//! One transaction of a chain.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::Likeness;
use crate::time::Ktime;

/// Of a hop that is not over.
const OPEN: u64 = u64::MAX;

/// A transaction of a process that makes requests of its own: others may come from it.
#[derive(Debug)]
pub struct Hop {
    /// The chain's.
    pub id: u64,
    /// 0: the client's own request; each proxy adds one.
    pub number: u8,
    /// Who sent the chain's first request, behind trusted proxies.
    pub client: IpAddr,
    /// The other end of the chain's first connection.
    pub origin: IpAddr,
    /// The other end of this hop's connection.
    pub sender: IpAddr,
    /// The process whose TLS library had it; `None`: any of its service's.
    pub process: Option<u32>,
    /// When its first byte was seen.
    pub began: Ktime,
    /// What it says.
    pub likeness: Likeness,
    ended: AtomicU64,
    linked: AtomicBool,
    counted: AtomicBool,
}

/// Where a transaction stands in its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The chain's id.
    pub id: u64,
    /// Proxies between the client and the service.
    pub hop: u8,
    /// It comes from one of several requests of the same client; which one is not known.
    pub ambiguous: bool,
}

/// What an inner transaction comes from.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its own place.
    pub place: Place,
    /// The chain's client.
    pub client: IpAddr,
    /// The other end of the chain's first connection.
    pub origin: IpAddr,
    outers: Vec<Arc<Hop>>,
}

impl Hop {
    /// One that is open.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "each is a field")]
    pub fn new(
        id: u64,
        number: u8,
        client: IpAddr,
        origin: IpAddr,
        sender: IpAddr,
        process: Option<u32>,
        began: Ktime,
        likeness: Likeness,
    ) -> Self {
        Self {
            id,
            number,
            client,
            origin,
            sender,
            process,
            began,
            likeness,
            ended: AtomicU64::new(OPEN),
            linked: AtomicBool::new(false),
            counted: AtomicBool::new(false),
        }
    }

    /// Its response is over, or none will come.
    pub fn finish(&self, at: Ktime) {
        self.ended.store(at.min(OPEN - 1), Ordering::Release);
    }

    /// Whether a request that began at this time may come from it.
    #[must_use]
    pub fn is_open_at(&self, at: Ktime) -> bool {
        self.began <= at && at <= self.ended.load(Ordering::Acquire)
    }

    /// Whether it was over before this time.
    #[must_use]
    pub fn ended_before(&self, at: Ktime) -> bool {
        self.ended.load(Ordering::Acquire) < at
    }

    /// Its place, if another transaction comes from it.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        let linked = self.linked.load(Ordering::Acquire);
        linked.then_some(Place { id: self.id, hop: self.number, ambiguous: false })
    }

    /// An attack on it, or on one it comes from, counts already.
    pub fn set_counted(&self) {
        self.counted.store(true, Ordering::Release);
    }

    /// Whether an attack on it counts already.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.counted.load(Ordering::Acquire)
    }
}

impl Link {
    /// To one of these, all of the same client; `None` without any.
    #[must_use]
    pub fn to(outers: Vec<Arc<Hop>>) -> Option<Self> {
        let free = outers.iter().find(|hop| !hop.linked.load(Ordering::Acquire));
        let hop = Arc::clone(free.or_else(|| outers.first())?);
        hop.linked.store(true, Ordering::Release);
        Some(Self {
            place: Place { id: hop.id, hop: hop.number.saturating_add(1), ambiguous: outers.len() > 1 },
            client: hop.client,
            origin: hop.origin,
            outers,
        })
    }

    /// Whether an attack seen on the inner transaction is a new one: on a chain one counts, wherever it is seen
    /// first. With several outer requests each has one.
    #[must_use]
    pub fn count_attack(&self) -> bool {
        self.outers.iter().any(|hop| !hop.counted.swap(true, Ordering::AcqRel))
    }

    /// Whether an attack counts already on all it may come from.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.outers.iter().all(|hop| hop.is_counted())
    }
}
