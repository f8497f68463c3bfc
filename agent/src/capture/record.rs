//! One ring-buffer entry, decoded and checked.

use std::net::{IpAddr, Ipv6Addr};

use picket_common::{
    conn::{Direction, Tuple},
    record::{HEADER_LEN, RecordHeader, RecordKind, flags},
    tls::Library,
};

use crate::time::Ktime;

/// TCP payload of one connection in one direction.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Which way.
    pub direction: Direction,
    /// Sequence number of the first byte of `data`.
    pub seq: u32,
    /// The captured payload.
    pub data: &'a [u8],
    /// Payload bytes on the wire, `>= data.len()`; what is beyond `data` was skipped on purpose.
    pub wire_len: u32,
    /// The connection was seen from its first byte.
    pub known_start: bool,
    /// The tap skipped or lost bytes before `seq`: a hole there will not be filled.
    pub hole: Option<Hole>,
    /// The direction ends with this segment.
    pub fin: bool,
    /// The connection speaks TLS: `data` is part of its handshake.
    pub tls: bool,
}

/// Where plaintext comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The process (thread group) whose library had it.
    pub pid: u32,
    /// Which library; `None`: one that this agent does not know.
    pub library: Option<Library>,
    /// The first since the library's object was tied to the connection: what came before belongs to nothing.
    pub fresh: bool,
}

/// Why there is a hole before a segment that nothing will fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hole {
    /// Over the budget of the message.
    Skipped,
    /// A record did not fit into its ring buffer.
    Lost,
}

/// Who a record is about.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Socket cookie; 0 while pending.
    pub cookie: u64,
    /// Cookie of the listening socket, 0 when unknown.
    pub listener: u64,
    /// cgroup v2 id.
    pub cgroup: u64,
    /// Addresses and ports.
    pub tuple: Tuple,
    /// Process of this host at the other end; 0: none, or not known.
    pub client: u32,
}

impl Peer {
    /// The peer's address; IPv4-mapped addresses come out as IPv4.
    #[must_use]
    pub fn remote_ip(&self) -> IpAddr {
        Ipv6Addr::from(self.tuple.remote_addr).to_canonical()
    }

    /// The service's address.
    #[must_use]
    pub fn local_ip(&self) -> IpAddr {
        Ipv6Addr::from(self.tuple.local_addr).to_canonical()
    }
}

/// A decoded record.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// Payload of a connection with a cookie.
    Data(Peer, Ktime, Segment<'a>),
    /// Payload of a connection whose socket is not made yet.
    Pending(Peer, Ktime, Segment<'a>),
    /// The pending connection with this tuple and listener has this cookie.
    Adopt(Peer, Ktime),
    /// The connection is gone.
    Close(Peer, Ktime),
    /// Plaintext of a TLS connection; sequence numbers count it from its first byte.
    Plain(Peer, Ktime, Segment<'a>, Origin),
}

/// An entry that is not a record: our own fault, or a foreign object in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Shorter than the header.
    #[error("ring entry of {0} bytes is shorter than a record header ({HEADER_LEN} bytes)")]
    Short(usize),
    /// `cap_len` points beyond the entry.
    #[error("record claims {claimed} payload bytes, the entry holds {held}")]
    Overrun {
        /// `cap_len`.
        claimed: u32,
        /// Bytes behind the header.
        held: usize,
    },
    /// An unknown kind, direction, or lengths that contradict each other.
    #[error("record field {0} has a value this agent does not know")]
    Field(&'static str),
}

impl<'a> Record<'a> {
    /// Decodes one ring-buffer entry.
    ///
    /// # Errors
    ///
    /// When the entry is not a record of this version; nothing is read beyond it.
    pub fn decode(entry: &'a [u8]) -> Result<Self, RecordError> {
        let (head, payload) = entry.split_at_checked(HEADER_LEN).ok_or(RecordError::Short(entry.len()))?;
        let head = read_header(head);
        let held = payload.len();
        let data = payload
            .get(..head.cap_len as usize)
            .ok_or(RecordError::Overrun { claimed: head.cap_len, held })?;
        let peer = Peer {
            cookie: head.cookie,
            listener: head.listener,
            cgroup: head.cgroup,
            tuple: head.tuple,
            // Of plaintext it says whose library had it; other records of the connection come before.
            client: if head.kind == RecordKind::Plain as u8 { 0 } else { head.pid },
        };
        match head.kind {
            k if k == RecordKind::Close as u8 => return Ok(Self::Close(peer, head.ktime)),
            k if k == RecordKind::Adopt as u8 => return Ok(Self::Adopt(peer, head.ktime)),
            k if k == RecordKind::Data as u8 || k == RecordKind::Plain as u8 => {}
            _ => return Err(RecordError::Field("kind")),
        }
        if head.wire_len < head.cap_len {
            return Err(RecordError::Field("wire_len"));
        }
        let direction = match head.dir {
            0 => Direction::Ingress,
            1 => Direction::Egress,
            _ => return Err(RecordError::Field("dir")),
        };
        let has = |bit| head.flags & bit != 0;
        let segment = Segment {
            direction,
            seq: head.seq,
            data,
            wire_len: head.wire_len,
            known_start: has(flags::KNOWN_START),
            hole: if has(flags::AFTER_LOSS) {
                Some(Hole::Lost)
            } else if has(flags::AFTER_SKIP) {
                Some(Hole::Skipped)
            } else {
                None
            },
            fin: has(flags::FIN),
            tls: has(flags::TLS),
        };
        if head.kind == RecordKind::Plain as u8 {
            return Ok(Self::Plain(
                peer,
                head.ktime,
                segment,
                Origin { pid: head.pid, library: library(head.library), fresh: has(flags::FRESH) },
            ));
        }
        if has(flags::PENDING) {
            Ok(Self::Pending(peer, head.ktime, segment))
        } else {
            Ok(Self::Data(peer, head.ktime, segment))
        }
    }
}

fn library(number: u32) -> Option<Library> {
    Library::ALL.into_iter().find(|library| *library as u32 == number)
}

/// Reads the header field by field: ring entries are only 8-byte aligned by convention, and a
/// test may hand in any slice.
fn read_header(head: &[u8]) -> RecordHeader {
    let u16_at = |at: usize| u16::from_ne_bytes([head[at], head[at + 1]]);
    let u32_at = |at: usize| u32::from_ne_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let u64_at = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&head[at..at + 8]);
        u64::from_ne_bytes(bytes)
    };
    let addr_at = |at: usize| {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&head[at..at + 16]);
        bytes
    };
    RecordHeader {
        kind: head[0],
        dir: head[1],
        flags: u16_at(2),
        cap_len: u32_at(4),
        wire_len: u32_at(8),
        seq: u32_at(12),
        cookie: u64_at(16),
        listener: u64_at(24),
        ktime: u64_at(32),
        cgroup: u64_at(40),
        tuple: Tuple {
            local_addr: addr_at(48),
            remote_addr: addr_at(64),
            local_port: u16_at(80),
            remote_port: u16_at(82),
        },
        ring: u32_at(84),
        pid: u32_at(88),
        library: u32_at(92),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(header: RecordHeader, payload: &[u8]) -> Vec<u8> {
        // SAFETY: RecordHeader is repr(C) without padding (size is asserted in picket-common).
        let head: [u8; HEADER_LEN] = unsafe { std::mem::transmute(header) };
        [&head[..], payload].concat()
    }

    #[test]
    fn data_comes_out_as_it_went_in() {
        let header = RecordHeader {
            kind: RecordKind::Data as u8,
            dir: 1,
            flags: flags::KNOWN_START | flags::AFTER_SKIP,
            cap_len: 3,
            wire_len: 10,
            seq: 0xffff_fffe,
            cookie: 7,
            listener: 9,
            ktime: 11,
            cgroup: 13,
            tuple: Tuple { local_port: 80, remote_port: 4711, ..Tuple::default() },
            ring: 0,
            pid: 15,
            library: 0,
        };
        let bytes = entry(header, b"abc-undefined-tail");
        let Ok(Record::Data(peer, 11, segment)) = Record::decode(&bytes) else { panic!("not data") };
        assert_eq!((peer.cookie, peer.listener, peer.cgroup, peer.client), (7, 9, 13, 15));
        assert_eq!((peer.tuple.local_port, peer.tuple.remote_port), (80, 4711));
        assert_eq!((segment.data, segment.wire_len, segment.seq), (&b"abc"[..], 10, 0xffff_fffe));
        assert_eq!((segment.direction, segment.known_start), (Direction::Egress, true));
        assert_eq!(segment.hole, Some(Hole::Skipped));
    }

    #[test]
    fn plaintext_says_where_it_comes_from() {
        let header = RecordHeader {
            kind: RecordKind::Plain as u8,
            flags: flags::FRESH | flags::KNOWN_START,
            cap_len: 2,
            wire_len: 2,
            cookie: 7,
            pid: 4711,
            library: Library::Go as u32,
            ..RecordHeader::default()
        };
        let bytes = entry(header, b"GE");
        let Ok(Record::Plain(peer, 0, segment, origin)) = Record::decode(&bytes) else { panic!("not plain") };
        assert_eq!((peer.cookie, peer.client, segment.data, segment.tls), (7, 0, &b"GE"[..], false));
        assert_eq!((origin.pid, origin.library, origin.fresh), (4711, Some(Library::Go), true));
    }

    #[test]
    fn wrong_entries_are_refused() {
        assert_eq!(Record::decode(&[0; 95]).err(), Some(RecordError::Short(95)));
        let header = RecordHeader { kind: 1, cap_len: 4, wire_len: 4, ..RecordHeader::default() };
        assert_eq!(
            Record::decode(&entry(header, b"abc")).err(),
            Some(RecordError::Overrun { claimed: 4, held: 3 })
        );
        let header = RecordHeader { kind: 99, ..RecordHeader::default() };
        assert_eq!(Record::decode(&entry(header, b"")).err(), Some(RecordError::Field("kind")));
        let header = RecordHeader { kind: 1, cap_len: 3, wire_len: 2, ..RecordHeader::default() };
        assert_eq!(Record::decode(&entry(header, b"abc")).err(), Some(RecordError::Field("wire_len")));
    }
}
