//! Records: what the kernel writes into the ring buffers.
//!
//! ```text
//!  0    1    2      4        8        12   16       24        32      40      48        84     88    92     96
//!  +----+----+------+--------+--------+----+--------+---------+-------+-------+---------+------+-----+------+---
//!  |kind|dir |flags |cap_len |wire_len|seq | cookie | listener| ktime | cgroup|  tuple  | ring | pid | lib  | payload…
//!  +----+----+------+--------+--------+----+--------+---------+-------+-------+---------+------+-----+------+---
//! ```
//!
//! All integers are in host byte order. The ring entry may be longer than `HEADER_LEN + cap_len`
//! (entries are reserved in size classes); what is beyond is undefined and must not be read.

use crate::conn::Tuple;

/// Head of every record.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordHeader {
    /// A [`RecordKind`].
    pub kind: u8,
    /// A [`Direction`](crate::conn::Direction).
    pub dir: u8,
    /// Bits of [`flags`].
    pub flags: u16,
    /// Payload bytes that follow the header.
    pub cap_len: u32,
    /// Payload bytes this record stands for, `>= cap_len`: the bytes after the first `cap_len` were
    /// on the wire but are not sent (over the budget).
    pub wire_len: u32,
    /// TCP sequence number of the first payload byte; with [`RecordKind::Plain`] its place in the
    /// direction's plaintext since the tie, modulo 2³².
    pub seq: u32,
    /// The kernel's socket cookie of the connection; 0 with [`flags::PENDING`].
    pub cookie: u64,
    /// Socket cookie of the listening socket that accepted the connection; 0 when unknown (the
    /// connection is older than the agent).
    pub listener: u64,
    /// `CLOCK_MONOTONIC`, nanoseconds.
    pub ktime: u64,
    /// cgroup v2 id of the socket.
    pub cgroup: u64,
    /// Addresses and ports.
    pub tuple: Tuple,
    /// Index of the ring buffer it is written to.
    pub ring: u32,
    /// With [`RecordKind::Plain`]: the process (thread group) whose TLS library had the bytes. Else: the process of
    /// this host at the other end of the connection; 0: none, or not known.
    pub pid: u32,
    /// With [`RecordKind::Plain`]: a [`Library`](crate::tls::Library).
    pub library: u32,
}

/// Size of [`RecordHeader`], bytes.
pub const HEADER_LEN: usize = core::mem::size_of::<RecordHeader>();
const _: () = assert!(HEADER_LEN == 96);

/// What a record says.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// TCP payload.
    Data = 1,
    /// The connection is gone: no record with this cookie follows.
    Close = 2,
    /// The connection of the [`flags::PENDING`] records with the same tuple and listener now has
    /// this cookie. Written right after them, to the same ring.
    Adopt = 3,
    /// Plaintext of a TLS connection, from the library that the service uses.
    Plain = 4,
}

/// Bits of [`RecordHeader::flags`].
pub mod flags {
    /// The connection was seen from its first byte, and this record is not after the first answer.
    pub const KNOWN_START: u16 = 1 << 0;
    /// The payload arrived before the kernel made the connection's socket (deferred accept, lost
    /// handshake acknowledgement): the cookie is not known yet, an `Adopt` record follows.
    pub const PENDING: u16 = 1 << 1;
    /// The tap skipped bytes of this direction, on purpose, before this record: a hole before `seq`
    /// will not be filled.
    pub const AFTER_SKIP: u16 = 1 << 2;
    /// A record of this direction was lost before this one (ring full): a hole before `seq` will
    /// not be filled.
    pub const AFTER_LOSS: u16 = 1 << 3;
    /// The packet carries FIN: with the payload's end the direction ends.
    pub const FIN: u16 = 1 << 4;
    /// The connection speaks TLS: the payload is its handshake, as far as it is in the clear.
    pub const TLS: u16 = 1 << 5;
    /// The first plaintext since the library's object was tied to the connection: what came before, if
    /// anything, has nothing to do with it.
    pub const FRESH: u16 = 1 << 6;
}
