//! The blocking page at work: dropped packets in, answers out.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::spawn;
use crate::{
    api::types::BlockingPage,
    config::{self, DenyAnswer},
    probe::{
        enforce::XdpEnforcer,
        page::{Dropped, Packets, PageCounts, Wire},
    },
    random,
    respond::page::{Answered, Answerer, Format, Page},
    time,
};

/// How long the thread waits for a packet at most.
const REST: Duration = Duration::from_secs(60);
/// Whom examples are for (RFC 5737).
const SOMEBODY: std::net::Ipv4Addr = std::net::Ipv4Addr::new(203, 0, 113, 9);

/// What blocked clients are told.
pub struct Paging {
    xdp: Option<XdpEnforcer>,
    page: Arc<Page>,
    config: config::Deny,
    /// Ports of this host on which HTTP is seen.
    seen: BTreeSet<u16>,
    /// Once it has been wanted: who answers, or why nobody does.
    work: Option<Result<Work, String>>,
}

/// The thread that answers.
struct Work {
    answerer: Arc<Answerer>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    opened: AtomicU64,
    pages: AtomicU64,
    alerts: AtomicU64,
    unsent: AtomicU64,
}

impl Paging {
    /// With what drops packets, and what is configured.
    pub fn new(xdp: Option<XdpEnforcer>, config: &config::Deny, page: Arc<Page>) -> Self {
        let mut paging = Self { xdp, page, config: config.clone(), seen: BTreeSet::new(), work: None };
        paging.apply();
        paging
    }

    /// After a reload of the configuration.
    pub fn configure(&mut self, config: &config::Deny, page: Arc<Page>) {
        self.config = config.clone();
        self.page = page;
        self.apply();
    }

    /// Ports of this host on which HTTP is seen.
    pub fn see(&mut self, ports: BTreeSet<u16>) {
        if self.seen != ports {
            self.seen = ports;
            self.apply();
        }
    }

    /// Ports on which there is a page.
    fn ports(&self) -> BTreeSet<u16> {
        match (self.config.answer, self.config.page_ports.as_slice()) {
            (DenyAnswer::Drop, _) => BTreeSet::new(),
            (DenyAnswer::Page, []) => self.seen.clone(),
            (DenyAnswer::Page, ports) => ports.iter().copied().collect(),
        }
    }

    fn apply(&mut self) {
        let Some(xdp) = &self.xdp else { return };
        if self.config.answer == DenyAnswer::Page && self.work.is_none() {
            let work = Work::start(xdp, Arc::clone(&self.page));
            if let Err(why) = &work {
                tracing::error!("blocked clients get no blocking page: {why}");
            }
            self.work = Some(work);
        }
        if let Some(Ok(work)) = &self.work {
            work.answerer.show(Arc::clone(&self.page));
            if let Err(error) = xdp.deny().pages.show(&self.ports()) {
                tracing::error!(%error, "the kernel refuses the ports of the blocking page");
            }
        }
    }

    /// Whether it answers on ports on which HTTP is seen.
    pub fn finds_ports(&self) -> bool {
        self.config.answer == DenyAnswer::Page && self.config.page_ports.is_empty()
    }

    /// What the API says of it.
    pub fn view(&self) -> BlockingPage {
        let problem = match &self.work {
            Some(Err(why)) => Some(why.clone()),
            _ if self.config.answer == DenyAnswer::Page && self.xdp.is_none() => {
                Some("no interface is chosen, so nothing is dropped and nobody is told anything".to_owned())
            }
            _ => None,
        };
        let Counted { opened, sent, alerts, unsent, limited, full } = self.counted();
        BlockingPage {
            answer: self.config.answer,
            ports: self.ports().into_iter().collect(),
            ports_found: self.config.page_ports.is_empty(),
            problem,
            html: self.page.body(Format::Html, SOMEBODY.into()),
            json: self.page.body(Format::Json, SOMEBODY.into()),
            opened,
            sent,
            alerts,
            unsent,
            limited,
            full,
        }
    }

    fn counted(&self) -> Counted {
        let PageCounts { limited, full, .. } =
            self.xdp.as_ref().and_then(|xdp| xdp.deny().pages.counts().ok()).unwrap_or_default();
        let count = |of: fn(&Counts) -> &AtomicU64| match &self.work {
            Some(Ok(work)) => of(&work.counts).load(Ordering::Relaxed),
            _ => 0,
        };
        Counted {
            opened: count(|counts| &counts.opened),
            sent: count(|counts| &counts.pages),
            alerts: count(|counts| &counts.alerts),
            unsent: count(|counts| &counts.unsent),
            limited,
            full,
        }
    }

    /// What was counted, by name.
    pub fn counters(&self) -> [(&'static str, u64); 6] {
        let Counted { opened, sent, alerts, unsent, limited, full } = self.counted();
        [
            ("page_connections", opened),
            ("pages_sent", sent),
            ("page_alerts", alerts),
            ("page_frames_unsent", unsent),
            ("page_packets_limited", limited),
            ("page_packets_unread", full),
        ]
    }
}

/// What was counted, here and in the kernel.
struct Counted {
    opened: u64,
    sent: u64,
    alerts: u64,
    unsent: u64,
    limited: u64,
    full: u64,
}

impl Work {
    /// Starts the thread; it ends with the process.
    fn start(xdp: &XdpEnforcer, page: Arc<Page>) -> Result<Self, String> {
        let wire =
            Wire::open().map_err(|error| format!("no socket for packets: {error} (needs CAP_NET_RAW)"))?;
        let key = random::bytes().map_err(|error| format!("no random numbers: {error}"))?;
        let packets = xdp.deny().pages.take().ok_or("its packets are taken already")?;
        let work = Self { answerer: Arc::new(Answerer::new(key, page)), counts: Arc::default() };
        let (answerer, counts) = (Arc::clone(&work.answerer), Arc::clone(&work.counts));
        spawn("picket-page", move || answer(packets, &wire, &answerer, &counts))
            .map_err(|error| format!("no thread: {error}"))?;
        Ok(work)
    }
}

fn answer(mut packets: Packets, wire: &Wire, answerer: &Answerer, counts: &Counts) {
    let add = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
    loop {
        packets.wait(REST);
        let seconds = time::boot_now() / 1_000_000_000;
        packets.drain(|Dropped { interface, frame }| {
            let answered = answerer.answer(frame, seconds, |reply| {
                if wire.send(interface, reply).is_err() {
                    add(&counts.unsent);
                }
            });
            match answered {
                Answered::Opened => add(&counts.opened),
                Answered::Page => add(&counts.pages),
                Answered::Alert => add(&counts.alerts),
                Answered::Closed | Answered::Nothing => 0,
            };
        });
    }
}
