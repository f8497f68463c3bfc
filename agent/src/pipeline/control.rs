//! What the API asks of the running agent.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use ipnet::IpNet;
use jiff::Timestamp;
use picket_common::stats::Counter;

use super::{
    memory,
    reload::Reloader,
    shared::Shared,
    sight::{self, Looking, Teller},
    worker::View,
};
use crate::{
    api::{
        ApiError, BlockRequest, BlockView, Control, Denylist, PassView, Reloaded, ServiceView, Stats,
        types::{KernelCounter, StageCounter},
    },
    discover::Snapshot,
    probe::{counts::KernelCounts, tap::Attached},
    service::Service,
    stream::StreamStats,
    time,
};

/// Seconds that rates are taken over.
const RATE_SECONDS: usize = 10;

/// The running agent.
pub struct Agent {
    shared: Arc<Shared>,
    kernel: Kernel,
    looking: Looking,
    views: Vec<Arc<Mutex<View>>>,
    reloader: Reloader,
    started: Timestamp,
    rates: Mutex<VecDeque<Sample>>,
}

/// The kernel side, held as long as the agent runs.
pub struct Kernel {
    /// Its counters.
    pub counts: KernelCounts,
    /// Dropping it detaches the tap.
    pub _attached: Attached,
}

/// Totals at one moment.
#[derive(Clone, Copy)]
struct Sample {
    at: time::Ktime,
    requests: u64,
    events: u64,
    packets: u64,
}

impl Agent {
    /// An agent that was just started.
    #[must_use]
    pub fn new(
        shared: Arc<Shared>,
        kernel: Kernel,
        looking: Looking,
        views: Vec<Arc<Mutex<View>>>,
        reloader: Reloader,
    ) -> Self {
        Self { shared, kernel, looking, views, reloader, started: Timestamp::now(), rates: Mutex::default() }
    }

    /// Once a second: ends blocks whose time is over, samples rates.
    pub fn tick(&self) {
        self.shared.responder().tick();
        let kernel = self.kernel.counts.read().unwrap_or_default();
        let packets = kernel.iter().filter(|(c, _)| *c == Counter::Packets).flat_map(|(_, cpus)| cpus).sum();
        let counters = &self.shared.counters;
        let sample = Sample {
            at: time::now(),
            requests: counters.requests.value(),
            events: counters.events.value(),
            packets,
        };
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        rates.push_back(sample);
        if rates.len() > RATE_SECONDS + 1 {
            rates.pop_front();
        }
    }

    /// Has the configuration read again, on SIGHUP. What comes of it is logged.
    pub fn reload_later(&self) {
        if let Err(error) = self.reloader.ask(None) {
            tracing::error!("not reloaded: {error}");
        }
    }

    fn kernel_counters(&self) -> Vec<KernelCounter> {
        let denied = self.shared.responder().packets();
        let counters = self.kernel.counts.read().unwrap_or_default();
        counters
            .into_iter()
            .map(|(counter, per_cpu)| {
                let per_cpu = match counter {
                    Counter::Denied => denied.0.clone(),
                    Counter::Passed => denied.1.clone(),
                    _ => per_cpu,
                };
                KernelCounter::of(counter, per_cpu)
            })
            .collect()
    }

    fn agent_counters(&self, stream: &StreamStats, discover: Option<&Snapshot>) -> Vec<StageCounter> {
        let pipeline = self.shared.counters.iter().map(|(name, total)| {
            let lost = matches!(
                name,
                "evicted_table_full"
                    | "evicted_memory_full"
                    | "pending_dropped"
                    | "bad_records"
                    | "output_dropped"
            );
            StageCounter { loss: lost, ..StageCounter::count("pipeline", name, total) }
        });
        let stream = stream.iter().map(|(name, total)| {
            let lost = matches!(name, "gaps_lost" | "over_cap");
            StageCounter { loss: lost, ..StageCounter::count("stream", name, total) }
        });
        let services = self.shared.services.counters();
        let services = services.into_iter().map(|(name, total)| StageCounter::count("service", name, total));
        let respond = self.shared.responder().counters();
        let respond = respond.into_iter().map(|(name, total)| StageCounter::count("respond", name, total));
        let kept = self.shared.collections.stats().iter().map(|(name, total)| {
            let lost = matches!(name, "evicted" | "refused" | "cut");
            StageCounter { loss: lost, ..StageCounter::count("collections", name, total) }
        });
        let discover = discover.into_iter().flat_map(|snapshot| &snapshot.counters).map(|&(name, total)| {
            // What the kernel's records lost is made good by a look.
            let lost = matches!(name, "processes_over_cap" | "files_over_cap" | "process_files_over_cap");
            StageCounter { loss: lost, ..StageCounter::count("discover", name, total) }
        });
        pipeline.chain(stream).chain(services).chain(discover).chain(respond).chain(kept).collect()
    }
}

impl Control for Agent {
    fn stats(&self) -> Stats {
        let mut stream = StreamStats::default();
        let (mut connections, mut memory) = (0u64, 0u64);
        for view in &self.views {
            let view = *view.lock().unwrap_or_else(PoisonError::into_inner);
            stream.merge(&view.stream);
            connections += view.connections as u64;
            memory += view.memory as u64;
        }
        let (tls, snapshot) = sight::stats(&self.looking);
        let mut stats = Stats {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started: self.started,
            uptime_seconds: Timestamp::now().duration_since(self.started).as_secs_f64(),
            kernel: self.kernel_counters(),
            agent: self.agent_counters(&stream, snapshot.as_ref()),
            tls: Some(tls),
            ..Stats::default()
        };
        stats.gauges.insert("connections".into(), connections);
        stats.gauges.insert("memory_held_bytes".into(), memory);
        let settings = self.shared.settings();
        stats.gauges.insert("generation".into(), settings.generation);
        stats.gauges.insert("policies".into(), settings.policies.iter().count() as u64);
        stats.gauges.insert("rules".into(), settings.rules() as u64);
        drop(settings);
        if let Some(rss) = memory::resident() {
            stats.gauges.insert("rss_bytes".into(), rss);
        }
        let rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(first), Some(last)) = (rates.front(), rates.back())
            && last.at > first.at
        {
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let rate = |n: u64| n as f64 * time::SECOND as f64 / (last.at - first.at) as f64;
            stats.rates.insert("requests".into(), rate(last.requests - first.requests));
            stats.rates.insert("events".into(), rate(last.events - first.events));
            stats.rates.insert("packets".into(), rate(last.packets - first.packets));
        }
        stats
    }

    fn services(&self) -> Vec<ServiceView> {
        let (wall, monotonic) = (Timestamp::now(), time::now());
        let settings = self.shared.settings();
        let teller = Teller::new(&self.looking, &self.shared.libraries);
        let view = |service: &Arc<Service>| {
            let policy = settings.policies.at(settings.policies.place(service));
            let name = policy.and_then(|policy| policy.name.as_deref()).unwrap_or("default");
            let mode = policy.map_or("", |policy| settings.effective(policy.mode).name());
            ServiceView {
                tls: teller.of(service),
                http2: sight::http2(service),
                ..ServiceView::of(service, (name, mode), wall, monotonic)
            }
        };
        self.shared.services.list().iter().map(view).collect()
    }

    fn denylist(&self, limit: usize) -> Result<Denylist, ApiError> {
        self.shared.responder().denylist(limit)
    }

    fn block(&self, request: BlockRequest) -> Result<BlockView, ApiError> {
        self.shared.responder().block(request)
    }

    fn unblock(&self, net: IpNet) -> Result<BlockView, ApiError> {
        self.shared.responder().unblock(net)
    }

    fn unblock_all(&self) -> Result<u64, ApiError> {
        self.shared.responder().unblock_all()
    }

    fn passlist(&self) -> Vec<PassView> {
        self.shared.responder().passlist()
    }

    fn passlist_add(&self, net: IpNet, comment: Option<String>) -> Result<PassView, ApiError> {
        self.shared.responder().passlist_add(net, comment)
    }

    fn passlist_remove(&self, net: IpNet) -> Result<PassView, ApiError> {
        self.shared.responder().passlist_remove(net)
    }

    fn reload(&self) -> Result<Reloaded, ApiError> {
        self.reloader.reload()
    }
}
