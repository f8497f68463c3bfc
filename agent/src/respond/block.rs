//! Asking for a block, and what comes of it.
#![forbid(unsafe_code)]

use std::{fmt, net::IpAddr, time::Duration};

use ipnet::IpNet;

use super::{
    Cause, Entry, PassEntry,
    entry::{By, net_text::text},
};

/// Shortest prefixes that may be blocked: a wider network is a mistake, or locks everybody out.
pub(super) const WIDEST_V4: u8 = 8;
/// The same for IPv6.
pub(super) const WIDEST_V6: u8 = 16;

/// A wish to block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// An address or a CIDR.
    pub net: IpNet,
    /// For how long; `None`: for good.
    pub block_for: Option<Duration>,
    /// Why.
    pub cause: Cause,
}

impl Block {
    /// A person's.
    #[must_use]
    pub fn by_user(net: IpNet, block_for: Option<Duration>, reason: impl Into<String>) -> Self {
        let cause = Cause {
            by: By::User,
            reason: reason.into(),
            author: None,
            signal: None,
            rules: Vec::new(),
            events: Vec::new(),
        };
        Self { net, block_for, cause }
    }
}

/// A block that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The entry as it stands now.
    pub entry: Entry,
    /// There was an entry before; this one replaces or extends it.
    pub again: bool,
    /// Why the block is only written down, if it is.
    pub not_enforced: Option<String>,
    /// Passlist entries inside the network: they stay reachable.
    pub excepted: Vec<PassEntry>,
}

/// Why somebody is not blocked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The passlist wins.
    #[error("{} is not blocked: it is on the passlist ({}: {})", text(*net), text(pass.address), pass.reason)]
    Passlisted {
        /// Who was to be blocked.
        net: IpNet,
        /// The passlist's entry.
        pass: Box<PassEntry>,
    },
    /// Too many addresses at once.
    #[error("{net} is not blocked: networks wider than /{widest} can't be")]
    TooWide {
        /// Who was to be blocked.
        net: IpNet,
        /// Shortest prefix that can be.
        widest: u8,
    },
    /// No packet comes from there.
    #[error("{} is not blocked: it is not the address of one host or network (unspecified, multicast)", text(*.0))]
    NoSender(IpNet),
    /// The table is full.
    #[error("{} is not blocked: the denylist holds {limit} {what}; `picket unblock` some, or block networks", text(*net))]
    Full {
        /// Who was to be blocked.
        net: IpNet,
        /// The cap.
        limit: u32,
        /// Of what.
        what: &'static str,
    },
}

/// Nothing to unblock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnblockError {
    /// It is not there, and nothing covers it.
    #[error("{} is not on the denylist", text(*.0))]
    Unknown(IpNet),
    /// A wider entry blocks it.
    #[error("{} is not on the denylist itself, but {covering} is: unblock that, or add the address to the passlist", text(*net))]
    Covered {
        /// Who was to be unblocked.
        net: IpNet,
        /// The entry.
        covering: IpNet,
    },
    /// The kernel still drops its packets.
    #[error("{} can't be unblocked: {error}", text(*net))]
    Enforcer {
        /// Who was to be unblocked.
        net: IpNet,
        /// What the enforcer says.
        error: super::EnforceError,
    },
}

/// Why a decision to block is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The client's packets come from this trusted proxy: XDP on this host can't tell them from those of
    /// the proxy's other clients.
    BehindProxy(IpAddr),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BehindProxy(proxy) => write!(
                f,
                "its packets come from the trusted proxy {proxy}, and dropping those would hit all its clients; block it at the proxy"
            ),
        }
    }
}
