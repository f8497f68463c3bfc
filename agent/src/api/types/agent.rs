//! The agent itself: version, counters, what a reload did.

use std::collections::BTreeMap;

use jiff::Timestamp;
use picket_common::stats::{COUNTERS, Counter};
use serde::{Deserialize, Serialize};

use crate::api::tls::TlsStats;

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
    /// Per second over the last ten seconds: `requests`, `events`, `packets`; `cpu_seconds`: 0.5 is half a core.
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
