//! What ties a TLS library's object (`SSL *`, `gnutls_session_t`, `*tls.Conn`) to a socket.
//!
//! The tap notes, by bytes that library and wire have in common, whose connection they were on:
//!
//! - of a `ClientHello` the last 16 bytes of its random (RFC 8446 section 4.1.2: 32 bytes after the
//!   version), which libraries keep in their objects;
//! - of connections that are tied to no object yet (they are older than the agent, or than the probes
//!   in their process) the first 16 bytes of a record's ciphertext, which the library reads before it
//!   gives out what they say.

use crate::conn::Tuple;

/// Bytes that ciphertext and library have in common.
pub type Key = [u8; KEY_LEN];

/// Length of a [`Key`].
pub const KEY_LEN: usize = 16;

/// Bytes from the start of a TLS connection to the end of the `ClientHello`'s random: record header 5,
/// handshake header 4, version 2, random 32.
pub const HELLO_LEN: usize = 43;

/// Where the random's key begins in these.
pub const HELLO_KEY_AT: usize = HELLO_LEN - KEY_LEN;

/// Length of a record's header (RFC 8446 section 5.1).
pub const RECORD_HEADER: usize = 5;

/// Types of records.
pub mod content {
    /// `handshake`.
    pub const HANDSHAKE: u8 = 22;
    /// `application_data`.
    pub const APPLICATION_DATA: u8 = 23;
}

/// Whose connection a [`Key`] was seen on.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Whose {
    /// Socket cookie.
    pub cookie: u64,
    /// Cookie of the listening socket, 0 when unknown.
    pub listener: u64,
    /// cgroup v2 id of the socket.
    pub cgroup: u64,
    /// Addresses and ports.
    pub tuple: Tuple,
    /// Its ring.
    pub ring: u32,
    /// 1: its handshake was seen.
    pub hello: u32,
}

/// Whose interface plaintext came through.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Library {
    /// OpenSSL and what has its interface: BoringSSL, AWS-LC, LibreSSL.
    OpenSsl = 1,
    /// GnuTLS.
    GnuTls = 2,
    /// Go's `crypto/tls`.
    Go = 3,
    /// rustls.
    Rustls = 4,
}

impl Library {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::OpenSsl, Self::GnuTls, Self::Go, Self::Rustls];
}
