//! config: the settings of the agent, read from TOML.
//!
//! ```text
//! text ─> toml ─> keys: one row a key (expected, setter, what a change needs) ─> Config
//! ```
//!
//! Every key is checked. A file with problems gives all of them, each with line, column and what was
//! expected; it never gives half a configuration.
#![forbid(unsafe_code)]

mod api;
mod detection;
mod error;
pub mod keys;
mod metrics;
mod notify;
mod policies;
mod read;
mod shown;
mod ui;
mod users;
mod values;

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use api::ApiConfig;
pub use detection::{DetectionConfig, DetectionResponse, GeoIp, Suppression};
pub use error::{ConfigError, Problem};
pub use metrics::MetricsConfig;
pub use notify::{Address, Format, MailTls, NotifyTarget, RATE as NOTIFY_RATE, SecretSource, Transport, Via};
pub use policies::{PolicyConfig, RuleSource};
pub use shown::Shown;
pub use ui::{UI_ADDRESS, UiConfig};
pub use users::{BusinessRule, ServiceUsers, Test, Users};
pub use values::{NotADuration, canonical, network_text, parse_duration, parse_network};

use crate::{
    client_ip::ForwardedHeader,
    kept::KeptRule,
    limits,
    rules::{
        own::OwnText,
        policy::{Exclusion, Glob, Mode, Selector},
    },
};

/// Where `picket run` looks for its configuration when none is named.
pub const DEFAULT_PATH: &str = "/etc/picket/picket.toml";

/// All settings. `Config::default()` watches and judges; it blocks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `[capture]`: what leaves the kernel.
    pub capture: Capture,
    /// `[limits]`: how much is held.
    pub limits: Limits,
    /// `[proxies]`: whose word about the client's address counts.
    pub proxies: Proxies,
    /// `[rules]`: what requests are judged by.
    pub rules: Rules,
    /// `[[policies]]`: what is otherwise for some services. The first that fits a service is its policy.
    pub policies: Vec<PolicyConfig>,
    /// `[users]`: who did it, and what it was for the business.
    pub users: Users,
    /// `[redact]`: what is a credential besides what Picket knows.
    pub redact: Redact,
    /// `[deny]`: where the denylist is in force.
    pub deny: Deny,
    /// `[respond]`: when an address is blocked.
    pub respond: Respond,
    /// `[passlist]`: who is never blocked.
    pub passlist: PasslistConfig,
    /// `[detection]`: what becomes a signal, and what is done about it.
    pub detection: DetectionConfig,
    /// `[geoip]`: where clients are.
    pub geoip: GeoIp,
    /// `[store]`: what is kept.
    pub store: StoreConfig,
    /// `[[notify]]`: who is told of signals.
    pub notify: Vec<NotifyTarget>,
    /// `[metrics]`: where figures are had.
    pub metrics: MetricsConfig,
    /// `[api]`: the API over TCP.
    pub api: ApiConfig,
    /// `[ui]`: the web UI.
    pub ui: UiConfig,
    /// `[output]`: what is printed.
    pub output: Output,
}

/// `[capture]`: what leaves the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Only services in this cgroup v2 directory and below; `None`: the whole host.
    pub cgroup: Option<PathBuf>,
    /// Ring buffers, one worker each.
    pub rings: Rings,
    /// Bytes of one ring buffer: a power of two.
    pub ring_size: u32,
    /// Bytes of a request body that are captured and judged.
    pub request_body: u32,
    /// Bytes of a response body that are captured.
    pub response_body: u32,
    /// Whether TLS libraries are probed.
    pub tls: bool,
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            cgroup: None,
            rings: Rings::Auto,
            ring_size: 8 * 1024 * 1024,
            request_body: limits::REQUEST_BODY as u32,
            response_body: limits::RESPONSE_BODY as u32,
            tls: true,
        }
    }
}

/// How many ring buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rings {
    /// As many as suit the number of CPUs.
    #[default]
    Auto,
    /// This many, 1 to [`MAX_RINGS`](picket_common::limits::MAX_RINGS).
    Count(usize),
}

/// `[limits]`: how much is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections whose state is held at a time.
    pub connections: usize,
    /// Bytes held for all connections together.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: limits::CONNECTIONS, memory: limits::MEMORY }
    }
}

/// `[proxies]`: whose word about the client's address counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Networks of the proxies; from anyone else a forwarded header is only a claim.
    pub trusted: Vec<IpNet>,
    /// The header field in which they say who the client is.
    pub header: ForwardedHeader,
}

/// `[rules]`: what requests are judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether the rules compiled into Picket are used.
    pub builtin: bool,
    /// Where OWASP CRS is: it takes over the classes of attacks that it covers.
    pub crs: Option<PathBuf>,
    /// Rule files besides them. Relative paths are resolved against the configuration file's directory.
    pub files: Vec<PathBuf>,
    /// Rules that are not asked.
    pub disabled: Vec<Selector>,
    /// CRS's paranoia level, 1 to 4; none: what its set-up says.
    pub paranoia: Option<u8>,
    /// What is done about attacks.
    pub mode: Mode,
    /// `[[rules.exclusions]]`: what rules leave alone.
    pub exclusions: Vec<Exclusion>,
    /// What people made of rules with the agent; it stands in the state directory.
    pub kept: Vec<KeptRule>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            builtin: true,
            crs: None,
            files: Vec::new(),
            disabled: Vec::new(),
            paranoia: None,
            mode: Mode::default(),
            exclusions: Vec::new(),
            kept: Vec::new(),
        }
    }
}

impl Rules {
    /// Rules that people wrote with the agent.
    #[must_use]
    pub fn own(&self) -> Vec<OwnText> {
        let own = |kept: &KeptRule| Some(OwnText { id: kept.id.clone(), text: kept.text.clone()? });
        self.kept.iter().filter_map(own).collect()
    }

    /// Rules that people switched off with the agent.
    #[must_use]
    pub fn switched(&self) -> Vec<Selector> {
        self.kept.iter().filter(|kept| kept.off).map(|kept| Selector::Id(Glob::new(&kept.id))).collect()
    }

    /// What services without a policy of their own are judged by, in the order in which it is read.
    #[must_use]
    pub fn sources(&self) -> Vec<RuleSource> {
        let own = self.builtin.then_some(RuleSource::Default);
        let crs = self.crs.is_some().then_some(RuleSource::Crs);
        own.into_iter().chain(crs).chain(self.files.iter().cloned().map(RuleSource::Path)).collect()
    }
}

/// `[redact]`: what is a credential besides what Picket knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redact {
    /// Parameter names (query, form, JSON keys, cookies); case and separators do not count.
    pub parameters: Vec<String>,
    /// Header field names; case does not count.
    pub headers: Vec<String>,
}

/// `[deny]`: where the denylist is in force, and what who is blocked is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deny {
    /// Network interfaces XDP is attached to; none: blocks are recorded, not enforced.
    pub interfaces: Vec<String>,
    /// How it is attached.
    pub mode: DenyMode,
    /// What who is blocked is told.
    pub answer: DenyAnswer,
    /// Ports on which they are told anything; none: those on which HTTP is seen.
    pub page_ports: Vec<u16>,
    /// Whom they can turn to: a mail address, the address of a web page, or a text.
    pub page_contact: Option<String>,
    /// A blocking page instead of Picket's, for people.
    pub page_html: Option<PathBuf>,
    /// The same for programs.
    pub page_json: Option<PathBuf>,
}

/// What who is blocked is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DenyAnswer {
    /// Nothing: their packets are dropped.
    #[default]
    Drop,
    /// Their packets are dropped, and the agent answers new connections with the blocking page.
    Page,
}

/// How XDP is attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DenyMode {
    /// In the driver where it can, generic otherwise.
    #[default]
    Auto,
    /// In the driver, or not at all.
    Native,
    /// In the network stack.
    Generic,
}

/// `[respond]`: when an address is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Respond {
    /// Whether anything is blocked without a person asking for it.
    pub enabled: bool,
    /// Attack events of one address…
    pub events: usize,
    /// …within this time block it…
    pub window: Duration,
    /// …for this long; `None`: for good.
    pub block_for: Option<Duration>,
    /// IPv6 addresses that share this many leading bits are one actor and are blocked together.
    pub ipv6_prefix: u8,
    /// Ids of rules whose matches do not count.
    pub except_rules: Vec<String>,
    /// Values of the rule tag `type` (for example `security_scanner`) whose matches do not count.
    pub except_types: Vec<String>,
}

impl Default for Respond {
    fn default() -> Self {
        Self {
            enabled: false,
            events: 5,
            window: Duration::from_secs(60),
            block_for: Some(Duration::from_secs(600)),
            ipv6_prefix: 128,
            except_rules: Vec::new(),
            except_types: Vec::new(),
        }
    }
}

/// `[passlist]`: who is never blocked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PasslistConfig {
    /// Addresses and networks, besides loopback, the host's own addresses, its gateways and the
    /// trusted proxies.
    pub addresses: Vec<IpNet>,
}

/// `[store]`: what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// Whether events and signals are kept at all.
    pub enabled: bool,
    /// Events older than this are deleted.
    pub max_age: Duration,
    /// Bytes the store may take; beyond, the oldest events are deleted.
    pub max_size: u64,
    /// Events that are stored a second, at most; all are counted.
    pub events_per_second: u32,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            max_age: Duration::from_secs(30 * 86_400),
            max_size: 1 << 30,
            events_per_second: 1000,
        }
    }
}

/// `[output]`: what is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Also transactions without a match.
    pub all: bool,
    /// One JSON object a line instead of text for people.
    pub json: bool,
    /// Whether text is coloured.
    pub colour: Colour,
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Yes.
    Always,
    /// No.
    Never,
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// When it can't be read, and every problem in it.
    pub fn load(path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        let path = path.into();
        let source = path.display().to_string();
        let unreadable = |error| ConfigError::Unreadable { source_name: source.clone(), error };
        let mut bytes = Vec::new();
        let file = fs::File::open(&path).map_err(unreadable)?;
        file.take(limits::CONFIG_FILE as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() > limits::CONFIG_FILE {
            return Err(ConfigError::TooLong { source_name: source, limit: limits::CONFIG_FILE });
        }
        Self::parse_at(&bytes, &path)
    }

    /// Reads a configuration as if it stood at a path: relative rule files are looked for beside it.
    ///
    /// # Errors
    /// Every problem in it.
    pub fn parse_at(bytes: &[u8], path: &Path) -> Result<Self, ConfigError> {
        let mut config = Self::parse_bytes(bytes, &path.display().to_string())?;
        if let Some(directory) = path.parent() {
            let of_policies = config.policies.iter_mut().flat_map(|policy| policy.rules.iter_mut().flatten());
            let of_policies = of_policies.filter_map(|source| match source {
                RuleSource::Path(path) => Some(path),
                RuleSource::Default | RuleSource::Crs => None,
            });
            let of_detection = config.detection.rules.iter_mut().chain(&mut config.geoip.database);
            let of_detection = of_detection.chain(&mut config.geoip.asn_database);
            let of_pages = config.deny.page_html.iter_mut().chain(&mut config.deny.page_json);
            let of_rules = config.rules.files.iter_mut().chain(&mut config.rules.crs).chain(of_policies);
            for file in of_rules.chain(of_detection).chain(of_pages) {
                *file = directory.join(&*file);
            }
            let of_api = config.api.tls_cert.iter_mut().chain(&mut config.api.tls_key);
            for file in config.notify.iter_mut().flat_map(NotifyTarget::files).chain(of_api) {
                *file = directory.join(&*file);
            }
        }
        Ok(config)
    }

    /// Reads a configuration from text; `source` is what errors call it. Relative rule files stay
    /// as they are.
    ///
    /// # Errors
    /// Every problem in it.
    pub fn parse(text: &str, source: &str) -> Result<Self, ConfigError> {
        read::read(text, source)
    }

    /// [`Self::parse`] for bytes that may not be UTF-8.
    ///
    /// # Errors
    /// Every problem in them.
    pub fn parse_bytes(bytes: &[u8], source: &str) -> Result<Self, ConfigError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(text, source),
            Err(error) => Err(ConfigError::not_utf8(bytes, error.valid_up_to(), source)),
        }
    }

    /// The keys (`section.key`) and lists of tables whose values differ.
    #[must_use]
    pub fn changed(&self, new: &Self) -> Vec<&'static str> {
        let keys = keys::KEYS.iter().filter(|key| (key.differs)(self, new)).map(|key| key.name);
        let lists = [
            ("rules.exclusions", self.rules.exclusions != new.rules.exclusions),
            ("policies", self.policies != new.policies),
            ("users.events", self.users.events != new.users.events),
            ("users.services", self.users.services != new.users.services),
            ("detection.responses", self.detection.responses != new.detection.responses),
            ("detection.suppressions", self.detection.suppressions != new.detection.suppressions),
            ("rules.kept", self.rules.kept != new.rules.kept),
            ("detection.kept", self.detection.kept != new.detection.kept),
            ("notify", self.notify != new.notify),
        ];
        keys.chain(lists.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name)).collect()
    }

    /// Of the keys whose values differ, the names of those that take effect only when the agent starts.
    #[must_use]
    pub fn needs_restart(&self, new: &Self) -> Vec<&'static str> {
        keys::KEYS.iter().filter(|key| key.restart && (key.differs)(self, new)).map(|key| key.name).collect()
    }
}

#[cfg(test)]
mod tests;
