//! Caps of the kernel side. Each has one place: this file.

/// Ring buffers the object declares; the agent uses the first [`TapConfig::rings`] of them.
///
/// [`TapConfig::rings`]: crate::conn::TapConfig::rings
pub const MAX_RINGS: usize = 8;

/// Largest payload of one record, bytes. A longer packet is sent as several records.
pub const MAX_RECORD_PAYLOAD: u32 = 16 * 1024 - 128;

/// Records that one packet may become at most; what is beyond is counted as
/// [`Counter::TooLong`](crate::stats::Counter::TooLong). Five records hold any packet up to 64 KiB + heads.
pub const MAX_RECORDS_PER_PACKET: u32 = 6;

/// Entries of the advice table (LRU): connections about which user space has said something.
pub const ADVICE_ENTRIES: u32 = 65_536;

/// Connections out, of all processes, of which it is noted who makes them (LRU): taken when a service of this host
/// accepts one, which is at once.
pub const CLIENTS_NOTED: u32 = 8192;

/// Single addresses the denylist holds, per family.
pub const DENY_ENTRIES: u32 = 1_048_576;

/// CIDRs the denylist and the passlist hold, per family. Small: freeing a huge LPM trie stalls CPUs.
pub const CIDR_ENTRIES: u32 = 16_384;

/// Bytes of a dropped packet that are handed to the agent at most: an Ethernet frame with two VLAN tags and 1,500 bytes.
pub const PAGE_BYTES: usize = 1528;

/// Ticks of the kernel (1 to 10 ms each, `CONFIG_HZ`) within which...
pub const PAGE_TICKS: u64 = 8;

/// ...so many packets are handed over at most, on all CPUs together: some thousands a second. A flood's other packets are
/// dropped as fast as without a blocking page.
pub const PAGE_PACKETS: u32 = 64;

/// Bytes of the ring buffer of dropped packets.
pub const PAGE_RING: u32 = 256 * 1024;

/// Ports whose clients get a blocking page, at most.
pub const PAGE_PORTS: u32 = 1024;

/// Bytes of a turn that are sent while nothing but the look of its first byte speaks for HTTP.
pub const PROBE_BUDGET: u32 = 16 * 1024;

/// Bytes at the end of a packet that are sent although the message is over its budget and nobody has said where it
/// ends: the next request may begin there (a service that answers before it has read the body; pipelining).
pub const TAIL: u32 = 4096 - crate::record::HEADER_LEN as u32;

/// Bytes of tails that a turn may send at once; what is skipped earns a sixteenth of itself again, up to this.
pub const TAIL_CREDIT: u32 = 64 * 1024;

/// How far ahead of what a service's TCP expects a segment may begin, bytes. Receive windows are at most
/// a few MiB (`net.ipv4.tcp_rmem`: 6 MiB by default); TCP drops what lies beyond.
pub const MAX_AHEAD: u32 = 32 * 1024 * 1024;

/// Turns (request after response) a connection older than the agent may take without an HTTP head
/// before the tap gives it up.
pub const MAX_UNKNOWN_TURNS: u8 = 64;

/// Bytes of a TLS handshake towards the service that are sent: a `ClientHello` is a few KiB at most (RFC 8446 has no
/// bound below 16 MiB; larger ones are followed, but not read for facts).
pub const HELLO_BUDGET: u32 = 16 * 1024;

/// The same from the service: the `ServerHello`.
pub const SERVER_HELLO_BUDGET: u32 = 1024;

/// Handshakes whose connection is remembered until a library's object is tied to it (LRU).
pub const TLS_HELLOS: u32 = 32_768;

/// Records of ciphertext that are remembered for the same (LRU).
pub const TLS_RECORDS: u32 = 16_384;

/// TLS objects that are known (LRU).
pub const TLS_OBJECTS: u32 = 65_536;

/// Calls into TLS libraries under way (LRU: a thread that dies in one leaves its entry).
pub const TLS_CALLS: u32 = 16_384;

/// Processes whose objects' layout is known (LRU).
pub const TLS_LAYOUTS: u32 = 4096;

/// Objects of a process in which a known random is looked for one after the other; after these from time to time, once a
/// second in the end.
pub const TLS_SEARCHES: u16 = 16;
