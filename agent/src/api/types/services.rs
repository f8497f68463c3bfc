//! Services.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::policy::SetMode;
use crate::{
    api::tls::{Http2View, TlsView},
    endpoint::Latency,
    service::{Recent, Service},
    time::{Ktime, SECOND},
};

/// A service that had requests, or TLS connections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// The mode that a person set over the configuration's; none: nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<SetMode>,
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
    /// What came in the last minutes; none: nothing since the agent started, or only just now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent: Option<RecentView>,
    /// Attack events by type since the agent started, of all services of this name.
    #[serde(default)]
    pub attacks: BTreeMap<String, u64>,
    /// Signals that are open or under review, of all services of this name.
    #[serde(default)]
    pub open_signals: u64,
}

/// What came to a service in the last minutes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecentView {
    /// How long that is: up to five minutes.
    pub seconds: u64,
    /// Requests.
    pub requests: u64,
    /// The same per second.
    pub rate: f64,
    /// Answers that were seen.
    pub answers: u64,
    /// Of these, with a status from 500 on.
    pub failed: u64,
    /// How long answers took; none: none was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
}

impl From<Recent> for RecentView {
    fn from(recent: Recent) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = recent.requests as f64 * SECOND as f64 / recent.span.max(1) as f64;
        Self {
            seconds: recent.span / SECOND,
            requests: recent.requests,
            rate: (rate * 100.0).round() / 100.0,
            answers: recent.times.count(),
            failed: recent.failed,
            latency: Latency::of(&recent.times),
        }
    }
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
            set: None,
            recent: service.recent(monotonic).map(RecentView::from),
            attacks: BTreeMap::new(),
            open_signals: 0,
        }
    }
}
