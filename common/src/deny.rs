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
}

/// Settings and hints of the deny program, in a one-entry array.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DenyConfig {
    /// Number of CIDR entries: 0 spares the trie lookups.
    pub v4_cidrs: u32,
    /// The same for IPv6.
    pub v6_cidrs: u32,
}

#[cfg(feature = "user")]
// SAFETY: repr(C), only integers, no padding: every byte pattern is valid.
unsafe impl aya::Pod for DenyEntry {}
#[cfg(feature = "user")]
// SAFETY: repr(C), only integers, no padding: every byte pattern is valid.
unsafe impl aya::Pod for DenyConfig {}
