//! Connections as the kernel side sees them.

/// Addresses and ports of a TCP connection, from the service's side. IPv4 addresses are stored
/// IPv4-mapped (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tuple {
    /// The service's address, network byte order.
    pub local_addr: [u8; 16],
    /// The peer's address, network byte order.
    pub remote_addr: [u8; 16],
    /// The service's port, host byte order.
    pub local_port: u16,
    /// The peer's port, host byte order.
    pub remote_port: u16,
}

impl Tuple {
    /// The same connection from its other end.
    #[must_use]
    pub const fn reversed(&self) -> Self {
        Self {
            local_addr: self.remote_addr,
            remote_addr: self.local_addr,
            local_port: self.remote_port,
            remote_port: self.local_port,
        }
    }
}

/// Which way bytes go, from the service's side.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Towards the service: requests.
    Ingress = 0,
    /// From the service: responses.
    Egress = 1,
}

/// Settings of the tap, written once by the agent before the programs are attached
/// (`.rodata` of the object).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TapConfig {
    /// Ring buffers in use, 1 to [`MAX_RINGS`](crate::limits::MAX_RINGS).
    pub rings: u32,
    /// Bytes of a turn sent to user space towards the service (request head and body) before the
    /// tap skips.
    pub ingress_budget: u32,
    /// The same for responses.
    pub egress_budget: u32,
    /// Unused, zero.
    pub reserved: u32,
}

#[cfg(feature = "user")]
// SAFETY: repr(C), only integers, no padding: every byte pattern is valid.
unsafe impl aya::Pod for TapConfig {}
