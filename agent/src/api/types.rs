//! What goes over the API, as JSON. Fields are added, never renamed or removed, within `/v1`.

use std::{collections::BTreeMap, time::Duration};

use ipnet::IpNet;
use jiff::Timestamp;
use picket_common::stats::{COUNTERS, Counter};
use serde::{Deserialize, Serialize};

use super::{
    net,
    tls::{Http2View, TlsStats, TlsView},
};
use crate::{service::Service, time::Ktime};

/// Which agent this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Of Picket.
    pub version: String,
    /// Process id.
    pub pid: u32,
}

/// Counters and gauges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Version of the agent.
    pub version: String,
    /// Process id of the agent.
    pub pid: u32,
    /// When it started.
    pub started: Timestamp,
    /// Seconds since then.
    pub uptime_seconds: f64,
    /// Counters of the kernel side.
    pub kernel: Vec<KernelCounter>,
    /// Counters of the agent, by stage.
    pub agent: Vec<StageCounter>,
    /// What is so at this moment: `connections`, `memory_held_bytes`, `rss_bytes`…
    pub gauges: BTreeMap<String, u64>,
    /// Per second over the last ten seconds: `requests`, `events`, `packets`…
    pub rates: BTreeMap<String, f64>,
    /// The search for TLS libraries; none: an agent that knows of none.
    #[serde(default)]
    pub tls: Option<TlsStats>,
}

/// A counter of the kernel side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelCounter {
    /// [`Counter::key`].
    pub name: String,
    /// Each count is something Picket should have seen and did not.
    pub loss: bool,
    /// Sum over all CPUs.
    pub total: u64,
    /// By CPU.
    pub per_cpu: Vec<u64>,
}

impl KernelCounter {
    /// All counters, from the per-CPU array: one set per CPU.
    #[must_use]
    pub fn all(sets: &[[u64; COUNTERS]]) -> Vec<Self> {
        Counter::ALL
            .iter()
            .enumerate()
            .map(|(at, counter)| {
                Self::of(*counter, sets.iter().filter_map(|set| set.get(at).copied()).collect())
            })
            .collect()
    }

    /// One counter, by its value on every CPU.
    #[must_use]
    pub fn of(counter: Counter, per_cpu: Vec<u64>) -> Self {
        Self {
            name: counter.key().to_owned(),
            loss: counter.is_loss(),
            total: per_cpu.iter().fold(0, |sum, &count| sum.wrapping_add(count)),
            per_cpu,
        }
    }
}

/// A counter of a stage of the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageCounter {
    /// `capture`, `stream`, `http`, `rules`, `respond`, `service`…
    pub stage: String,
    /// Its name within the stage, `snake_case`.
    pub name: String,
    /// Each count is something Picket should have seen, judged or said and did not.
    pub loss: bool,
    /// The count.
    pub total: u64,
}

impl StageCounter {
    /// A counter that counts work.
    #[must_use]
    pub fn count(stage: &str, name: &str, total: u64) -> Self {
        Self { stage: stage.to_owned(), name: name.to_owned(), loss: false, total }
    }

    /// A counter that counts loss.
    #[must_use]
    pub fn lost(stage: &str, name: &str, total: u64) -> Self {
        Self { loss: true, ..Self::count(stage, name, total) }
    }
}

/// A service that had requests, or TLS connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceView {
    /// Short name.
    pub name: String,
    /// Process that listens; none when it was not found.
    pub pid: Option<u32>,
    /// Address and port it listens on.
    pub listen: std::net::SocketAddr,
    /// Executable.
    pub exe: Option<String>,
    /// Command line, credentials redacted.
    pub cmdline: Vec<String>,
    /// Container id.
    pub container_id: Option<String>,
    /// Kubernetes pod uid.
    pub pod_uid: Option<String>,
    /// cgroup path.
    pub cgroup: String,
    /// Inode of its network namespace; 0 when unknown.
    pub netns: u64,
    /// Its policy; `default` is what `[rules]` says.
    #[serde(default)]
    pub policy: String,
    /// What that does about attacks: `off`, `monitor`, or `block` when `[respond]` is enabled, too.
    #[serde(default)]
    pub mode: String,
    /// Requests seen.
    pub requests: u64,
    /// Events raised.
    pub events: u64,
    /// When the last request was seen.
    pub last_seen: Option<Timestamp>,
    /// Its TLS connections; none: it had none.
    #[serde(default)]
    pub tls: Option<TlsView>,
    /// Its HTTP/2 connections; none: it had none.
    #[serde(default)]
    pub http2: Option<Http2View>,
}

impl ServiceView {
    /// The view of a service, with the name and mode of its policy; `wall` and `monotonic` are one moment on both clocks.
    #[must_use]
    pub fn of(service: &Service, policy: (&str, &str), wall: Timestamp, monotonic: Ktime) -> Self {
        Self {
            policy: policy.0.to_owned(),
            mode: policy.1.to_owned(),
            name: service.name.clone(),
            pid: service.pid,
            listen: service.listen,
            exe: service.exe.clone(),
            cmdline: service.cmdline.clone(),
            container_id: service.container_id.clone(),
            pod_uid: service.pod_uid.clone(),
            cgroup: service.cgroup.clone(),
            netns: service.netns,
            requests: service.requests(),
            events: service.events(),
            last_seen: service
                .last_seen()
                .and_then(|at| wall.checked_sub(Duration::from_nanos(monotonic.saturating_sub(at))).ok()),
            tls: None,
            http2: None,
        }
    }
}

/// A block that is asked for; the JSON of `POST /v1/denylist` is [`BlockBody`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRequest {
    /// Whom.
    pub net: IpNet,
    /// For how long; for good when `None`.
    pub duration: Option<Duration>,
    /// Why, in a person's words.
    pub reason: Option<String>,
}

/// Body of `POST /v1/denylist`. Exactly one of `for_seconds` and `forever`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockBody {
    /// Address or network.
    pub net: String,
    /// Seconds, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<u64>,
    /// For good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forever: bool,
    /// Why, in a person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<&BlockRequest> for BlockBody {
    fn from(request: &BlockRequest) -> Self {
        Self {
            net: net::display(&request.net),
            for_seconds: request.duration.map(|duration| duration.as_secs()),
            forever: request.duration.is_none(),
            reason: request.reason.clone(),
        }
    }
}

/// An entry of the denylist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockView {
    /// Address or network.
    pub net: String,
    /// Since when; none when another agent made it and that is not known.
    pub since: Option<Timestamp>,
    /// Until when; none: for good.
    pub ends: Option<Timestamp>,
    /// Packets dropped so far.
    pub drops: u64,
    /// Why: a person's reason, or the events that led to it.
    pub cause: String,
    /// `manual`, `respond`, or `adopted` when it stood before the agent started.
    pub origin: String,
    /// Interfaces it is in force on. Empty: it is recorded, and drops nothing.
    pub enforced_on: Vec<String>,
}

/// The denylist.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Denylist {
    /// Entries in force, all of them.
    pub total: u64,
    /// Where XDP enforces it.
    pub interfaces: Vec<DenyInterface>,
    /// Entries, newest first, as many as were asked for.
    pub entries: Vec<BlockView>,
}

/// An interface with XDP attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenyInterface {
    /// Its name.
    pub name: String,
    /// `native` (in the driver) or `generic` (in the network stack, slower).
    pub mode: String,
}

/// An entry of the passlist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassView {
    /// Address or network.
    pub net: String,
    /// `always` (loopback, own addresses, gateways), `config` (the file) or `manual`.
    pub origin: String,
    /// What it is.
    pub comment: Option<String>,
}

/// Body of `POST /v1/passlist`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassBody {
    /// Address or network.
    pub net: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Answer to `DELETE /v1/denylist?all=true`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unblocked {
    /// Entries that ended.
    pub removed: u64,
}

/// Answer to `POST /v1/reload`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// What changed, in words; empty: nothing.
    pub changes: Vec<String>,
    /// What is changed in the file, but waits for a restart.
    pub needs_restart: Vec<String>,
    /// The settings that are in force now; counts up from 1.
    #[serde(default)]
    pub generation: u64,
    /// The configuration file; none: the agent runs without.
    #[serde(default)]
    pub config: Option<String>,
    /// Rule files that were read, each once; what is compiled into Picket is not among them.
    #[serde(default)]
    pub files: Vec<String>,
    /// Rules in force.
    #[serde(default)]
    pub rules: u64,
    /// Policies besides the default.
    #[serde(default)]
    pub policies: u64,
    /// What is doubtful about rules and policies.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Reading and compiling took this long, milliseconds.
    #[serde(default)]
    pub took_ms: u64,
}
