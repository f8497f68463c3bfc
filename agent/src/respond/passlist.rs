//! Who is never blocked.
#![forbid(unsafe_code)]

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

use ipnet::{IpNet, Ipv4Net};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{HostAddresses, Notice, StateError, entry::net_text, state_file};
use crate::{
    config::{Config, canonical},
    limits,
};

/// Networks that are never blocked: what the host needs to live, what the configuration names, and what a
/// person added.
#[derive(Clone, Debug, Default)]
pub struct Passlist {
    host: HostAddresses,
    proxies: Vec<IpNet>,
    configured: Vec<IpNet>,
    added: Vec<Added>,
    path: Option<PathBuf>,
}

/// Why somebody is on the passlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassReason {
    /// The host talking to itself.
    Loopback,
    /// An address of this host.
    Own,
    /// A gateway of this host.
    Gateway,
    /// A trusted proxy: blocking it would block all its clients.
    Proxy,
    /// `passlist.addresses`.
    Configured,
    /// `picket passlist add`.
    Added,
}

impl fmt::Display for PassReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "loopback",
            Self::Own => "an address of this host",
            Self::Gateway => "a gateway of this host",
            Self::Proxy => "a trusted proxy",
            Self::Configured => "named in the configuration",
            Self::Added => "added by a person",
        })
    }
}

/// An entry, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassEntry {
    /// An address or a CIDR.
    #[serde(with = "net_text")]
    pub address: IpNet,
    /// Why it is there.
    pub reason: PassReason,
    /// When a person added it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// What the person said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Added {
    #[serde(with = "net_text")]
    address: IpNet,
    since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// What adding or removing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassChange {
    /// The passlist changed: tell the kernel ([`Denylist::apply`](super::Denylist::apply)).
    Changed,
    /// It was so already.
    AsBefore,
}

/// Why the passlist stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum PasslistError {
    /// The entry is not a person's.
    #[error("{} stays on the passlist: it is {reason}", net_text::text(*net))]
    Fixed {
        /// The entry.
        net: IpNet,
        /// Why it is there.
        reason: PassReason,
    },
    /// There is no such entry.
    #[error("{} is not on the passlist", net_text::text(*.0))]
    Unknown(IpNet),
    /// Too many.
    #[error("the passlist holds {0} added entries already: use networks instead of single addresses")]
    Full(usize),
    /// The change is not on disk; it is not made.
    #[error("{0}")]
    State(#[from] StateError),
}

const LOOPBACK_V4: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);

impl Passlist {
    /// Of the host and the configuration alone, kept in no file.
    #[must_use]
    pub fn new(host: HostAddresses, config: &Config) -> Self {
        let mut passlist = Self { host, ..Self::default() };
        passlist.configure(config);
        passlist
    }

    /// With what people added, from the state directory.
    ///
    /// # Errors
    /// When the directory can't be read.
    pub fn open(
        directory: &Path,
        host: HostAddresses,
        config: &Config,
        now: Timestamp,
    ) -> Result<(Self, Option<Notice>), StateError> {
        let path = directory.join("passlist.json");
        let (mut added, notice) = state_file::read::<Added>(&path, now)?;
        added.truncate(limits::PASSLIST_ENTRIES);
        Ok((Self { added, path: Some(path), ..Self::new(host, config) }, notice))
    }

    /// After a reload of the configuration.
    pub fn configure(&mut self, config: &Config) {
        self.configured = config.passlist.addresses.iter().copied().map(canonical).collect();
        self.proxies = config.proxies.trusted.iter().copied().map(canonical).collect();
    }

    /// When the host's addresses or routes changed. Whether that is so.
    pub fn set_host(&mut self, host: HostAddresses) -> bool {
        let changed = self.host != host;
        self.host = host;
        changed
    }

    /// Whether this address is never blocked.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.iter().any(|(net, ..)| net.contains(&address))
    }

    /// The entry that holds all of this network, if one does.
    #[must_use]
    pub fn why(&self, net: IpNet) -> Option<PassEntry> {
        let net = canonical(net);
        self.iter().find(|(entry, ..)| entry.contains(&net)).map(listed)
    }

    /// The entries that lie inside this network: they stay reachable when it is blocked.
    #[must_use]
    pub fn inside(&self, net: IpNet) -> Vec<PassEntry> {
        let net = canonical(net);
        self.iter().filter(|(entry, ..)| net.contains(entry)).map(listed).collect()
    }

    /// All networks, for the kernel; none twice.
    #[must_use]
    pub fn nets(&self) -> Vec<IpNet> {
        let mut nets: Vec<IpNet> = self.iter().map(|(net, ..)| net).collect();
        nets.sort_unstable();
        nets.dedup();
        nets
    }

    /// All entries: the host's, the configuration's, people's.
    #[must_use]
    pub fn list(&self) -> Vec<PassEntry> {
        self.iter().map(listed).collect()
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// When there are too many, or it can't be written down.
    pub fn add(
        &mut self,
        net: IpNet,
        note: Option<String>,
        now: Timestamp,
    ) -> Result<PassChange, PasslistError> {
        let address = canonical(net).trunc();
        if self.added.iter().any(|entry| entry.address == address) {
            return Ok(PassChange::AsBefore);
        }
        if self.added.len() >= limits::PASSLIST_ENTRIES {
            return Err(PasslistError::Full(self.added.len()));
        }
        let mut added = self.added.clone();
        added.push(Added { address, since: now, note });
        self.replace(added)
    }

    /// Removes an entry that a person added.
    ///
    /// # Errors
    /// When it is not a person's, or the change can't be written down.
    pub fn remove(&mut self, net: IpNet) -> Result<PassChange, PasslistError> {
        let address = canonical(net).trunc();
        let added: Vec<Added> = self.added.iter().filter(|entry| entry.address != address).cloned().collect();
        if added.len() == self.added.len() {
            let fixed = self.iter().find(|(net, ..)| *net == address);
            return Err(fixed.map_or(PasslistError::Unknown(address), |(_, reason, _)| {
                PasslistError::Fixed { net: address, reason }
            }));
        }
        self.replace(added)
    }

    fn replace(&mut self, added: Vec<Added>) -> Result<PassChange, PasslistError> {
        if let Some(path) = &self.path {
            state_file::write(path, &state_file::encode(&added))?;
        }
        self.added = added;
        Ok(PassChange::Changed)
    }

    fn iter(&self) -> impl Iterator<Item = (IpNet, PassReason, Option<&Added>)> {
        let loopback = [IpNet::V4(LOOPBACK_V4), IpNet::from(IpAddr::V6(Ipv6Addr::LOCALHOST))];
        let single = |address: &IpAddr| IpNet::from(address.to_canonical());
        let fixed = loopback
            .into_iter()
            .map(|net| (net, PassReason::Loopback))
            .chain(self.host.own.iter().map(move |address| (single(address), PassReason::Own)))
            .chain(self.host.gateways.iter().map(move |address| (single(address), PassReason::Gateway)))
            .chain(self.proxies.iter().map(|net| (*net, PassReason::Proxy)))
            .chain(self.configured.iter().map(|net| (*net, PassReason::Configured)));
        let added = self.added.iter().map(|added| (added.address, PassReason::Added, Some(added)));
        fixed.map(|(net, reason)| (net, reason, None)).chain(added)
    }
}

fn listed((address, reason, added): (IpNet, PassReason, Option<&Added>)) -> PassEntry {
    PassEntry {
        address,
        reason,
        since: added.map(|added| added.since),
        note: added.and_then(|added| added.note.clone()),
    }
}
