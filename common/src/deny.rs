//! The denylist as XDP reads it.

use crate::limits::PAGE_BYTES;

/// Value of a denylist entry, single address or CIDR.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DenyEntry {
    /// `CLOCK_BOOTTIME` in nanoseconds at which the block ends; 0: it does not end.
    pub expires: u64,
    /// Packets dropped by this entry. Counted with an atomic add in the kernel.
    pub drops: u64,
    /// `CLOCK_BOOTTIME` in nanoseconds of the first packet dropped; 0: none yet.
    pub first_drop: u64,
    /// The passlist's generation ([`DenyConfig::passlist`]) in which a single address was found not to
    /// be on it: spares looking it up with every packet. 0: not looked up yet.
    pub checked: u64,
}

/// Settings and hints of the deny program, in a one-entry array.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DenyConfig {
    /// Number of CIDR entries: 0 spares the trie lookups.
    pub v4_cidrs: u32,
    /// The same for IPv6.
    pub v6_cidrs: u32,
    /// Generation of the passlist, counted up after every addition. 0: it was never set.
    pub passlist: u64,
}

/// What the deny program keeps for each CPU.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DenyCpu {
    /// Packets dropped.
    pub dropped: u64,
    /// Packets of denied addresses let through because the passlist holds them.
    pub passlisted: u64,
    /// Kernel ticks when [`Self::time`] was read.
    pub ticks: u64,
    /// `CLOCK_BOOTTIME` in nanoseconds, a tick old at most.
    pub time: u64,
}

/// A packet that was dropped, for the agent to answer it with the blocking page.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PagePacket {
    /// Index of the interface it came in by.
    pub interface: u32,
    /// Bytes of [`Self::frame`] that are its own; the packet may be longer.
    pub length: u32,
    /// It, from its Ethernet header on.
    pub frame: [u8; PAGE_BYTES],
}

/// What is counted of packets for the blocking page, on each CPU.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageCpu {
    /// [`PAGE_TICKS`](crate::limits::PAGE_TICKS) since the system started.
    pub window: u64,
    /// Packets handed over in it.
    pub spent: u64,
    /// Packets handed over.
    pub handed: u64,
    /// Packets that were beyond its share of [`PAGE_PACKETS`](crate::limits::PAGE_PACKETS).
    pub limited: u64,
    /// Packets for which the ring buffer had no room.
    pub full: u64,
}

#[cfg(feature = "user")]
// SAFETY: repr(C), only integers, no padding: every byte pattern is valid.
unsafe impl aya::Pod for PageCpu {}
#[cfg(feature = "user")]
// SAFETY: repr(C), only integers, no padding: every byte pattern is valid.
unsafe impl aya::Pod for DenyEntry {}
#[cfg(feature = "user")]
// SAFETY: repr(C), only integers, no padding: every byte pattern is valid.
unsafe impl aya::Pod for DenyConfig {}
#[cfg(feature = "user")]
// SAFETY: repr(C), only integers, no padding: every byte pattern is valid.
unsafe impl aya::Pod for DenyCpu {}
