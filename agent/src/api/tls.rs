//! What goes over the API about TLS.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::tls::sight::TlsRuntime;

/// TLS connections of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsView {
    /// Whose plaintext was seen.
    pub seen: u64,
    /// That ended, or were silent for five minutes, and of whose plaintext nothing was seen. A handshake that the service
    /// never answered does not count.
    pub unseen: u64,
    /// TLS code that its process has mapped, or one of its descendants.
    pub runtimes: Vec<TlsRuntime>,
    /// Why connections were not seen, in a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<String>,
    /// Why, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What a person can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// Connections of a service that speak HTTP/2, which is recognised and not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Http2View {
    /// In the clear.
    pub clear: u64,
    /// Over TLS.
    pub tls: u64,
}

/// The search for TLS libraries; its counters are among those of the agent, stage `discover`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TlsStats {
    /// Why TLS is not looked into; none: it is.
    pub why_not: Option<String>,
    /// Processes that are known.
    pub processes: u64,
    /// Different files that they have mapped.
    pub files: u64,
    /// Files with probes in them.
    pub attached: u64,
    /// From the kernel's time of a mapping to the last probe in the file.
    pub latency: TlsLatency,
    /// The latest files that could not be opened, inspected or attached to, the oldest first.
    pub failures: Vec<TlsFailure>,
}

/// Times over the latest files that were attached to; the longest of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TlsLatency {
    /// Files.
    pub count: u64,
    /// Milliseconds; half of them took no longer.
    pub p50_ms: f64,
    /// Milliseconds; 99 of 100.
    pub p99_ms: f64,
    /// Milliseconds; the longest ever.
    pub max_ms: f64,
}

/// A file that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFailure {
    /// Its path in the mount namespace of the process.
    pub file: String,
    /// A process that has it mapped.
    pub pid: u32,
    /// `open`, `inspect` or `attach`.
    pub step: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Option<Timestamp>,
}
