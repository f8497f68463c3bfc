//! Advice: what the agent tells the tap about a connection, by socket cookie.
//!
//! The tap looks here only when it would otherwise skip, or before it knows that a connection
//! speaks HTTP, so that a normal request costs no lookup.

/// Value of the advice table.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// Bits of [`flags`].
    pub flags: u32,
    /// With [`flags::SKIP_INGRESS`]: bytes towards the service before this sequence number are not
    /// wanted, bytes from it on are.
    pub ingress_until: u32,
    /// With [`flags::SKIP_EGRESS`]: the same for bytes from the service.
    pub egress_until: u32,
    /// Zero.
    pub reserved: u32,
}

/// Bits of [`Advice::flags`].
pub mod flags {
    /// Not HTTP, or no longer (upgraded): send nothing more.
    pub const IGNORE: u32 = 1 << 0;
    /// `ingress_until` is valid.
    pub const SKIP_INGRESS: u32 = 1 << 1;
    /// `egress_until` is valid.
    pub const SKIP_EGRESS: u32 = 1 << 2;
}

#[cfg(feature = "user")]
// SAFETY: repr(C), only integers, no padding: every byte pattern is valid.
unsafe impl aya::Pod for Advice {}
