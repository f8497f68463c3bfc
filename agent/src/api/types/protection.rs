//! What keeps attackers out, and what it did.

use serde::{Deserialize, Serialize};

use super::DenyInterface;
use crate::config::DenyAnswer;

/// What keeps attackers out, and what it did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Protection {
    /// Where XDP enforces the denylist; empty: nowhere, and nothing is dropped.
    pub interfaces: Vec<DenyInterface>,
    /// Packets that XDP dropped since it was attached; of entries that ended, too.
    pub packets_dropped: u64,
    /// Packets of blocked addresses that it let through, because the passlist holds them.
    pub packets_passed: u64,
    /// Entries in force.
    pub denylist: Kept,
    /// How many entries there may be.
    pub capacity: Capacity,
    /// Entries of the passlist.
    pub passlist: u64,
    /// What who is blocked is told.
    pub page: BlockingPage,
    /// `[respond]`: when an address is blocked without a person asking for it.
    pub respond: RespondView,
}

/// What who is blocked is told, and what came of it since the agent started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockingPage {
    /// `drop`: nothing. `page`: the agent answers new connections.
    pub answer: DenyAnswer,
    /// Ports on which it does.
    pub ports: Vec<u16>,
    /// They are those on which HTTP is seen; false: those that are configured.
    pub ports_found: bool,
    /// Why nobody is told anything, although it is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What people see, as for 203.0.113.9.
    pub html: String,
    /// What programs see.
    pub json: String,
    /// Connections that blocked clients opened.
    pub opened: u64,
    /// Pages sent.
    pub sent: u64,
    /// TLS clients that got an alert.
    pub alerts: u64,
    /// Frames of answers that could not be sent.
    pub unsent: u64,
    /// Packets that got no answer because they were too many at once.
    pub limited: u64,
    /// Packets that got none because the agent did not read them in time.
    pub full: u64,
}

/// Entries of the denylist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// All of them.
    pub total: u64,
    /// Single addresses.
    pub addresses: u64,
    /// Networks of more than one.
    pub networks: u64,
    /// Users, who are detected and not kept out.
    pub users: u64,
}

/// How many entries of the denylist there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Single addresses; of IPv4 and of IPv6 so many each.
    pub addresses: u64,
    /// Networks, likewise.
    pub networks: u64,
    /// Users.
    pub users: u64,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            addresses: picket_common::limits::DENY_ENTRIES.into(),
            networks: picket_common::limits::CIDR_ENTRIES.into(),
            users: crate::limits::DESK_MARKED as u64,
        }
    }
}

/// `[respond]`, and what it counted since the agent started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RespondView {
    /// Whether it blocks anybody.
    pub enabled: bool,
    /// Attack events of an address...
    pub events: u64,
    /// ...within so many seconds block it...
    pub window_seconds: u64,
    /// ...for so many; null: for good.
    pub block_seconds: Option<u64>,
    /// Addresses of IPv6 that share so many leading bits are one.
    pub ipv6_prefix: u8,
    /// Rules whose matches do not count.
    pub except_rules: Vec<String>,
    /// Types of attacks that do not count.
    pub except_types: Vec<String>,
    /// Attack events that counted.
    pub counted: u64,
    /// Decisions to block.
    pub decisions: u64,
    /// Of these, those that could not be carried out.
    pub obstacles: u64,
}
