//! What puts the denylist into force.
#![forbid(unsafe_code)]

use ipnet::IpNet;
use jiff::Timestamp;

use crate::time::Ktime;

/// Drops the packets of denylisted addresses. The XDP maps implement it; tests have their own.
///
/// A single address is a network of full length. Single addresses and CIDRs may stand side by side: a
/// packet is dropped when any entry that has not ended covers it and no passlist entry does.
pub trait Enforcer: Send {
    /// Denies a network until then, `None`: for good. On an entry that stands it sets the end and keeps
    /// its counts.
    ///
    /// # Errors
    /// When the kernel refuses, for example because the table is full.
    fn deny(&mut self, net: IpNet, until: Option<Timestamp>) -> Result<(), EnforceError>;

    /// Denies it no longer; no error when it was not denied.
    ///
    /// # Errors
    /// When the kernel refuses.
    fn allow(&mut self, net: IpNet) -> Result<(), EnforceError>;

    /// Makes exactly these networks the passlist.
    ///
    /// # Errors
    /// When the kernel refuses.
    fn pass(&mut self, nets: &[IpNet]) -> Result<(), EnforceError>;

    /// What this entry dropped; `None` when it does not stand.
    fn drops(&mut self, net: IpNet) -> Option<Drops>;

    /// What stands, ended entries included: an agent that starts adopts it.
    ///
    /// # Errors
    /// When the kernel refuses.
    fn standing(&mut self) -> Result<Vec<Standing>, EnforceError>;
}

/// What an entry dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// Packets.
    pub packets: u64,
    /// When the first was dropped, if any was.
    pub first: Option<Timestamp>,
}

/// An entry in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub net: IpNet,
    /// Until when; `None`: for good.
    pub until: Option<Timestamp>,
}

/// The kernel did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EnforceError(pub String);

/// The end of a block on the clock that XDP reads: `CLOCK_BOOTTIME`, nanoseconds, 0 for good
/// ([`DenyEntry::expires`](picket_common::deny::DenyEntry::expires)). `wall` and `boot` are readings of both
/// clocks at the same moment. A block that has ended gives 1, long ago.
#[must_use]
pub fn boottime(until: Option<Timestamp>, wall: Timestamp, boot: Ktime) -> Ktime {
    let Some(until) = until else { return 0 };
    let left = until.as_nanosecond() - wall.as_nanosecond();
    Ktime::try_from(i128::from(boot) + left).unwrap_or(if left < 0 { 1 } else { Ktime::MAX }).max(1)
}
