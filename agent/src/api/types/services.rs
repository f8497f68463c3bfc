//! Services.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    api::tls::{Http2View, TlsView},
    service::Service,
    time::Ktime,
};

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
