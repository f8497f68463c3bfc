//! All figures as one page.

use super::{
    Figures, Process,
    page::{Kind, Page},
};
use crate::{
    api::Stats,
    detect::{DetectorStats, signals::BookStats},
    notify::TargetStats,
    store::StoreStats,
};

/// Everything as OpenMetrics text.
#[must_use]
pub fn render(stats: &Stats, figures: &Figures) -> String {
    let mut page = Page::default();
    let told = Told { store: figures.store.is_some(), detection: figures.detection.is_some() };
    agent(&mut page, stats, told);
    counters(&mut page, stats, told);
    tls(&mut page, stats);
    attacks(&mut page, figures);
    if let Some(stats) = &figures.store {
        store(&mut page, stats, figures.writes_lost);
    }
    if let Some((detector, book)) = &figures.detection {
        detection(&mut page, detector, book);
    }
    signals(&mut page, figures);
    notify(&mut page, &figures.notify);
    if let Some(own) = &figures.process {
        process(&mut page, own, stats);
    }
    page.end()
}

/// What has families of its own, with more than `picket stats` has room for: not told twice.
#[derive(Clone, Copy)]
struct Told {
    store: bool,
    detection: bool,
}

impl Told {
    fn stage(self, stage: &str) -> bool {
        (self.store && stage == "store") || (self.detection && stage == "detect")
    }

    fn gauge(self, name: &str) -> bool {
        (self.store && name == "store_bytes")
            || (self.detection
                && matches!(name, "detection_groups" | "detection_bytes" | "signals_under_way"))
    }
}

fn agent(page: &mut Page, stats: &Stats, told: Told) {
    if let Some(mut family) = page.family("picket_build", Kind::Info, "Version of the agent.") {
        family.sample(&[("version", &stats.version)], 1);
    }
    page.one("picket_uptime_seconds", Kind::Gauge, "Since the agent started.", stats.uptime_seconds);
    for (name, value) in stats.gauges.iter().filter(|(name, _)| !told.gauge(name)) {
        let help = match name.as_str() {
            "connections" => "Connections whose state is held.",
            "memory_held_bytes" => "Bytes that are held for connections.",
            "rss_bytes" => "Resident memory of the agent.",
            "rules" => "Rules in force.",
            "policies" => "Policies in force, the default among them.",
            "events_waiting" => "Events that wait to be printed and stored.",
            "generation" => "Settings in force; one more with each reload.",
            _ => "See `picket stats`.",
        };
        page.one(&format!("picket_{name}"), Kind::Gauge, help, value);
    }
}

/// What the kernel side and the stages count, each by its own name; what is lost also in one family.
fn counters(page: &mut Page, stats: &Stats, told: Told) {
    let lost =
        |loss: bool| if loss { " A loss: it should have been seen or judged, and was not." } else { "" };
    let words = |name: &str| name.replace('_', " ");
    for counter in &stats.kernel {
        let help = format!("Kernel side: {}.{}", words(&counter.name), lost(counter.loss));
        page.one(&format!("picket_kernel_{}", counter.name), Kind::Counter, &help, counter.total);
    }
    for counter in stats.agent.iter().filter(|counter| !told.stage(&counter.stage)) {
        let help = format!("Stage {}: {}.{}", counter.stage, words(&counter.name), lost(counter.loss));
        let name = format!("picket_{}_{}", counter.stage, counter.name);
        page.one(&name, Kind::Counter, &help, counter.total);
    }
    let help = "What should have been seen, judged or said, and was not; by stage and counter.";
    let Some(mut family) = page.family("picket_lost", Kind::Counter, help) else { return };
    for counter in stats.kernel.iter().filter(|counter| counter.loss) {
        family.sample(&[("stage", "kernel"), ("counter", &counter.name)], counter.total);
    }
    for counter in stats.agent.iter().filter(|counter| counter.loss) {
        family.sample(&[("stage", &counter.stage), ("counter", &counter.name)], counter.total);
    }
}

fn tls(page: &mut Page, stats: &Stats) {
    let Some(tls) = &stats.tls else { return };
    page.one(
        "picket_tls_watched",
        Kind::Gauge,
        "Whether TLS libraries are looked for.",
        u8::from(tls.why_not.is_none()),
    );
    page.one("picket_tls_processes", Kind::Gauge, "Processes that are known.", tls.processes);
    page.one("picket_tls_files", Kind::Gauge, "Different files that they have mapped.", tls.files);
    page.one("picket_tls_probed_files", Kind::Gauge, "Files with probes in them.", tls.attached);
    let help = "Latest files that could not be opened, inspected or attached to.";
    page.one("picket_tls_failed_files", Kind::Gauge, help, tls.failures.len());
    let help = "From the mapping of a file to the last probe in it; quantile 1 is the longest ever.";
    let Some(mut family) = page.family("picket_tls_attach_seconds", Kind::Summary, help) else { return };
    for (quantile, milliseconds) in
        [("0.5", tls.latency.p50_ms), ("0.99", tls.latency.p99_ms), ("1", tls.latency.max_ms)]
    {
        family.sample(&[("quantile", quantile)], milliseconds / 1000.0);
    }
    family.count(tls.latency.count);
}

fn attacks(page: &mut Page, figures: &Figures) {
    let help = "Events in which a rule matched, by service and type of attack; once for each type.";
    if let Some(mut family) = page.family("picket_attacks", Kind::Counter, help) {
        for attack in &figures.attacks {
            family.sample(&[("service", &attack.service), ("type", &attack.kind)], attack.count);
        }
    }
    let help = "Entries in force, by list.";
    if let Some(mut family) = page.family("picket_list_entries", Kind::Gauge, help) {
        for (list, entries) in &figures.lists {
            family.sample(&[("list", list)], entries);
        }
    }
}

fn store(page: &mut Page, stats: &StoreStats, writes_lost: u64) {
    page.one("picket_store_events", Kind::Counter, "Events that were stored.", stats.stored);
    page.one("picket_store_repeated", Kind::Counter, "Events that were stored before.", stats.repeated);
    let help =
        "Events that were counted and not stored: over the rate, the writer did not keep up, the disk.";
    if let Some(mut family) = page.family("picket_store_left_out", Kind::Counter, help) {
        for (why, count) in [("sampled", stats.sampled), ("queue", stats.queue_full), ("disk", stats.disk)] {
            family.sample(&[("why", why)], count);
        }
    }
    page.one(
        "picket_store_changes",
        Kind::Counter,
        "Changes other than events that were made.",
        stats.changes,
    );
    page.one("picket_store_refused", Kind::Counter, "Changes that were not made.", stats.refused);
    page.one("picket_store_writes_lost", Kind::Counter, "Changes that were given up.", writes_lost);
    page.one("picket_store_deleted", Kind::Counter, "Events deleted for age or size.", stats.deleted);
    page.one("picket_store_size_bytes", Kind::Gauge, "The database and what is beside it.", stats.bytes);
    let help = "Whether nothing can be written: a full or failing disk.";
    page.one("picket_store_failing", Kind::Gauge, help, u8::from(stats.failing.is_some()));
}

fn detection(page: &mut Page, detector: &DetectorStats, book: &BookStats) {
    let counters = [
        ("events", "Events that came to detection.", detector.events),
        ("events_taken", "Events that a detection rule's query took.", detector.taken),
        ("events_late", "Events that came too late to be counted.", detector.late),
        ("clock_steps", "Times the clock was set back.", detector.clock_steps),
        ("groups_evicted", "Groups that gave way to others.", detector.groups_evicted),
        ("groups_expired", "Groups with nothing left to count.", detector.groups_expired),
        ("findings", "Times a case held.", detector.findings),
        ("signals_opened", "Signals opened.", book.opened),
        ("signals_extended", "Findings that extended a signal.", book.extended),
        ("signals_escalated", "Signals that got worse.", book.escalated),
        ("signals_over", "Signals that were not opened: too many are under way.", book.over),
    ];
    for (name, help, value) in counters {
        page.one(&format!("picket_detection_{name}"), Kind::Counter, help, value);
    }
    page.one("picket_detection_groups", Kind::Gauge, "Groups that are counted now.", detector.groups);
    page.one("picket_detection_memory_bytes", Kind::Gauge, "Bytes that groups take.", detector.bytes);
    page.one("picket_detection_signals_under_way", Kind::Gauge, "Signals under way.", book.under_way);
}

fn signals(page: &mut Page, figures: &Figures) {
    let help = "Signals in the store, by severity and status.";
    if let Some(mut family) = page.family("picket_signals", Kind::Gauge, help) {
        for signals in &figures.signals {
            family.sample(&[("severity", &signals.severity), ("status", &signals.status)], signals.count);
        }
    }
}

fn notify(page: &mut Page, targets: &[TargetStats]) {
    type Figure = fn(&TargetStats) -> u64;
    let counters: [(&str, &str, Figure); 4] = [
        ("delivered", "Notifications that were taken.", |stats| stats.delivered),
        ("failed_attempts", "Attempts that failed.", |stats| stats.failed),
        ("given_up", "Notifications that were refused or got too old.", |stats| stats.given_up),
        ("merged", "Notifications that became one with others, for the rate.", |stats| stats.merged),
    ];
    for (name, help, figure) in counters {
        let Some(mut family) = page.family(&format!("picket_notify_{name}"), Kind::Counter, help) else {
            continue;
        };
        for target in targets {
            family.sample(&[("target", &target.name), ("via", &target.via)], figure(target));
        }
    }
    if let Some(mut family) = page.family("picket_notify_waiting", Kind::Gauge, "Notifications that wait.") {
        for target in targets {
            family.sample(&[("target", &target.name), ("via", &target.via)], target.waiting);
        }
    }
    let help = "When a notification was taken last, since the epoch.";
    if let Some(mut family) = page.family("picket_notify_last_delivered_seconds", Kind::Gauge, help) {
        for target in targets {
            if let Some(at) = target.last_delivered {
                family.sample(&[("target", &target.name), ("via", &target.via)], at.as_second());
            }
        }
    }
}

/// Under the names that all processes have in Prometheus.
fn process(page: &mut Page, own: &Process, stats: &Stats) {
    page.one("process_cpu_seconds", Kind::Counter, "Time on CPUs.", own.cpu_seconds);
    page.one("process_resident_memory_bytes", Kind::Gauge, "Resident memory.", own.resident_bytes);
    page.one("process_virtual_memory_bytes", Kind::Gauge, "Address space.", own.virtual_bytes);
    page.one("process_threads", Kind::Gauge, "Threads.", own.threads);
    page.one("process_open_fds", Kind::Gauge, "Open files.", own.open_files);
    let started = stats.started.as_second();
    page.one("process_start_time_seconds", Kind::Gauge, "When it started, since the epoch.", started);
}
