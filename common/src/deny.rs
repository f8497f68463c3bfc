//! The denylist as XDP reads it.

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

#[cfg(feature = "user")]
// SAFETY: repr(C), only integers, no padding: every byte pattern is valid.
unsafe impl aya::Pod for DenyEntry {}
#[cfg(feature = "user")]
// SAFETY: repr(C), only integers, no padding: every byte pattern is valid.
unsafe impl aya::Pod for DenyConfig {}
#[cfg(feature = "user")]
// SAFETY: repr(C), only integers, no padding: every byte pattern is valid.
unsafe impl aya::Pod for DenyCpu {}
