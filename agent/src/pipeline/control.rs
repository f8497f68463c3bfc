//! What the API asks of the running agent.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use picket_common::stats::Counter;

use super::{
    known::{Known, lock},
    memory,
    reload::Reloader,
    report::Report,
    settings::Settings,
    shared::Shared,
    sight::{self, Looking, Teller},
    worker::View,
};
use crate::{
    api::{
        ApiError, BlockView, Code, Control, DenyRequest, Denylist, ListPage, PassView, Reloaded, ServiceView,
        Stats, Whom,
        types::{DoctorView, KernelCounter, Protection, ServicePolicy, SetMode, StageCounter},
    },
    desk::Desk,
    discover::Snapshot,
    endpoint,
    kept::KeptRules,
    metrics::{self, Figures, Process},
    probe::{counts::KernelCounts, tap::Attached},
    rules::policy::{Kept, Mode},
    service::Service,
    stream::StreamStats,
    time,
    user::ObserverStats,
};

/// Seconds that rates are taken over.
const RATE_SECONDS: usize = 10;

/// The running agent.
pub struct Agent {
    shared: Arc<Shared>,
    kernel: Kernel,
    looking: Looking,
    views: Vec<Arc<Mutex<View>>>,
    known: Arc<Known>,
    reloader: Reloader,
    config_file: Option<PathBuf>,
    exclusions: Kept,
    detections: KeptRules,
    rules: KeptRules,
    started: Timestamp,
    rates: Mutex<VecDeque<Sample>>,
    /// What the kernel allowed when it was looked at last: looking loads programs, so that nobody may have it done all the
    /// time.
    report: Arc<Report>,
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
    /// Used of all CPUs.
    cpu: Duration,
}

impl Agent {
    /// An agent that was just started.
    #[expect(clippy::too_many_arguments, reason = "each is a part")]
    #[must_use]
    pub fn new(
        shared: Arc<Shared>,
        kernel: Kernel,
        looking: Looking,
        views: Vec<Arc<Mutex<View>>>,
        known: Arc<Known>,
        reloader: Reloader,
        config_file: Option<PathBuf>,
        exclusions: Kept,
        detections: KeptRules,
        rules: KeptRules,
    ) -> Self {
        Self {
            shared,
            kernel,
            looking,
            views,
            known,
            reloader,
            config_file,
            exclusions,
            detections,
            rules,
            started: Timestamp::now(),
            rates: Mutex::default(),
            report: Arc::default(),
        }
    }

    /// Once a second: ends blocks whose time is over, samples rates, notes what services counted.
    pub fn tick(&self) {
        let finds_ports = self.shared.responder().finds_ports();
        let ports = finds_ports.then(|| self.shared.services.web_ports());
        let mut responder = self.shared.responder();
        if let Some(ports) = ports {
            responder.see_ports(ports);
        }
        responder.tick();
        drop(responder);
        self.shared.services.note_counts(time::now());
        let kernel = self.kernel.counts.read().unwrap_or_default();
        let packets = kernel.iter().filter(|(c, _)| *c == Counter::Packets).flat_map(|(_, cpus)| cpus).sum();
        let counters = &self.shared.counters;
        let sample = Sample {
            at: time::now(),
            requests: counters.requests.value(),
            events: counters.events.value(),
            packets,
            cpu: time::of_process(),
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

    /// Everything that is counted, as OpenMetrics. What can't be read at the moment is left out.
    #[must_use]
    pub fn render_metrics(&self) -> String {
        let desk = &self.shared.desk;
        let signals = metrics::stored_signals(&desk.reader());
        let figures = Figures {
            store: Some(desk.store_stats()),
            writes_lost: desk.writes_lost(),
            detection: Some(desk.detection_stats()),
            signals: signals
                .inspect_err(|error| tracing::debug!(%error, "no counts of signals"))
                .unwrap_or_default(),
            attacks: desk.attacks(),
            notify: desk.notification_stats(),
            lists: vec![
                ("denylist", self.shared.denylist(&ListPage::NONE).map_or(0, |list| list.total)),
                ("passlist", self.shared.passlist().len() as u64),
            ],
            process: Process::read(),
        };
        metrics::render(&self.stats(), &figures)
    }

    /// What the desk counts: users, detection, the store.
    fn desk_counters(&self) -> Vec<StageCounter> {
        let desk = &self.shared.desk;
        let mut users = ObserverStats::default();
        for observer in self.known.observers() {
            users.add(&lock(observer).stats());
        }
        let count = StageCounter::count;
        let loss =
            |stage, name, total| StageCounter { loss: true, ..StageCounter::count(stage, name, total) };
        let (detector, book) = desk.detection_stats();
        let store = desk.store_stats();
        vec![
            count("user", "with_user", users.with_user),
            count("user", "logins", users.logins),
            count("user", "business_events", users.business),
            loss("user", "calls_left_out", users.calls_left_out),
            count("detect", "events", detector.events),
            count("detect", "taken", detector.taken),
            loss("detect", "late", detector.late),
            count("detect", "findings", detector.findings),
            count("detect", "groups_evicted", detector.groups_evicted),
            count("detect", "signals_opened", book.opened),
            count("detect", "signals_extended", book.extended),
            count("detect", "signals_escalated", book.escalated),
            loss("detect", "signals_over", book.over),
            count("store", "stored", store.stored),
            count("store", "sampled", store.sampled),
            loss("store", "queue_full", store.queue_full),
            loss("store", "disk", store.disk),
            count("store", "changes", store.changes),
            count("store", "refused", store.refused),
            count("store", "deleted", store.deleted),
            loss("store", "changes_lost", desk.writes_lost()),
        ]
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
        let kept = kept.chain(self.desk_counters());
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
        let (detector, book) = self.shared.desk.detection_stats();
        stats.gauges.insert("events_waiting".into(), self.shared.events.waiting() as u64);
        stats.gauges.insert("detection_groups".into(), detector.groups);
        stats.gauges.insert("detection_bytes".into(), detector.bytes);
        stats.gauges.insert("signals_under_way".into(), book.under_way);
        stats.gauges.insert("store_bytes".into(), self.shared.desk.store_stats().bytes);
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
            let seconds = Duration::from_nanos(last.at - first.at).as_secs_f64();
            let used = last.cpu.saturating_sub(first.cpu).as_secs_f64();
            stats.rates.insert("cpu_seconds".into(), used / seconds);
        }
        stats
    }

    fn services(&self) -> Vec<ServiceView> {
        let (wall, monotonic) = (Timestamp::now(), time::now());
        let settings = self.shared.settings();
        let teller = Teller::new(&self.looking, &self.shared.libraries);
        let services = self.shared.services.list();
        let modes = self.shared.modes();
        let view = |service: &Arc<Service>| {
            let policy = settings.policies.at(settings.policies.place(service));
            let name = policy.and_then(|policy| policy.name.as_deref()).unwrap_or("default");
            let mode = policy.map_or("", |policy| settings.effective(policy.mode).name());
            ServiceView {
                tls: teller.of(service),
                http2: sight::http2(service),
                set: modes.get(&service.name).cloned(),
                ..ServiceView::of(service, (name, mode), wall, monotonic)
            }
        };
        services.iter().map(view).collect()
    }

    fn policy(&self, service: &str) -> Result<ServicePolicy, ApiError> {
        self.shared.policy(service)
    }

    fn set_policy(&self, service: &str, mode: Option<Mode>, who: &str) -> Result<ServicePolicy, ApiError> {
        self.shared.set_policy(service, mode, who)
    }

    fn modes(&self) -> BTreeMap<String, SetMode> {
        self.shared.modes().all().clone()
    }

    fn set_modes(&self, modes: &BTreeMap<String, Mode>, who: &str) -> Result<(), ApiError> {
        self.shared.set_modes(modes, who)
    }

    fn protection(&self) -> Result<Protection, ApiError> {
        self.shared.protection()
    }

    fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.shared.desk)
    }

    fn endpoints(&self) -> endpoint::Snapshot {
        self.known.inventory().snapshot()
    }

    fn denylist(&self, wanted: &ListPage) -> Result<Denylist, ApiError> {
        self.shared.denylist(wanted)
    }

    fn denies(&self, whom: &Whom) -> bool {
        self.shared.denies(whom)
    }

    fn passes(&self, whom: &Whom) -> bool {
        self.shared.passes(whom)
    }

    fn block(&self, request: DenyRequest) -> Result<BlockView, ApiError> {
        self.shared.block_for(request)
    }

    fn unblock(&self, whom: Whom, who: &str) -> Result<BlockView, ApiError> {
        self.shared.unblock(whom, who)
    }

    fn unblock_all(&self, who: &str) -> Result<u64, ApiError> {
        self.shared.unblock_all(who)
    }

    fn passlist(&self) -> Vec<PassView> {
        self.shared.passlist()
    }

    fn passlist_add(&self, whom: Whom, comment: Option<String>, who: &str) -> Result<PassView, ApiError> {
        self.shared.pass(whom, comment, who)
    }

    fn passlist_remove(&self, whom: Whom, who: &str) -> Result<PassView, ApiError> {
        self.shared.unpass(whom, who)
    }

    fn reload(&self) -> Result<Reloaded, ApiError> {
        self.reloader.reload()
    }

    fn settings(&self) -> Arc<Settings> {
        self.shared.settings()
    }

    fn exclusions(&self) -> &Kept {
        &self.exclusions
    }

    fn detections(&self) -> &KeptRules {
        &self.detections
    }

    fn rules(&self) -> &KeptRules {
        &self.rules
    }

    fn doctor(&self, patience: Duration) -> Result<DoctorView, ApiError> {
        let cgroup = self.shared.settings().config.capture.cgroup.clone();
        match self.report.get(cgroup, patience) {
            Ok(Some(report)) => Ok(report),
            Ok(None) => {
                let message = "this host is being looked at: that takes a second or two";
                Err(ApiError::new(Code::TooSlow, message).hint("ask again, or with a longer within"))
            }
            Err(why) => Err(ApiError::new(Code::Internal, why)),
        }
    }

    fn config_file(&self) -> Option<PathBuf> {
        self.config_file.clone()
    }

    fn metrics(&self) -> Result<(&'static str, String), ApiError> {
        Ok((metrics::CONTENT_TYPE, self.render_metrics()))
    }
}
