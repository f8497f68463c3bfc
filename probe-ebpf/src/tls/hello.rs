//! The tap's part of TLS: whose handshake, whose ciphertext.
//!
//! Of a connection that speaks TLS the tap sends the two hellos, for what they say in the clear. What it
//! notes for the libraries' programs is said in [`picket_common::tls`].

use aya_ebpf::bindings::{__sk_buff, bpf_sock};
use aya_ebpf::helpers::generated::bpf_tcp_sock;
use picket_common::{
    conn::Direction,
    record::{RecordHeader, flags},
    stats::Counter,
    tls::{HELLO_KEY_AT, HELLO_LEN, KEY_LEN, Key, RECORD_HEADER, Whose, content},
};

use super::{
    crumbs::{self, Crumbs, Of},
    records,
};
use crate::{
    conn::{Conn, Tapped, phase, tls_budgets},
    count,
    emit::{self, bounded, masked},
    maps::{TLS_HELLO, TLS_WHOSE},
    packet::Packet,
    source::{Skb, Source},
    turns::{fill, least},
};

/// The first bytes of a connection, then of each record towards the service, however they are split.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Hello {
    /// Which of `bytes` are there, a bit each.
    pub(super) have: u64,
    /// More room than is needed, so that the verifier can see that there is enough.
    pub(super) bytes: [u8; ROOM],
    /// Sequence number of the first.
    pub(super) start: u32,
    /// One of [`state`].
    pub(super) state: u8,
    /// 1: an object of a library is tied to the connection.
    pub(super) tied: u8,
    /// 1: a `ClientHello` was seen, and every record since.
    pub(super) whole: u8,
    zero: u8,
    /// Records that were noted, and looks for one: from a bound on, it is done seldom.
    pub(super) noted: u16,
    zero2: u16,
    /// A hello in many records.
    pub(super) crumbs: Crumbs,
}

/// Values of [`Hello::state`].
pub(super) mod state {
    pub const NOTHING: u8 = 0;
    /// The first bytes of the connection.
    pub const GATHERING: u8 = 1;
    /// It is known what they are; where a record begins is not.
    pub const SETTLED: u8 = 2;
    /// The first bytes of the next record.
    pub const FOLLOWING: u8 = 3;
    /// The first bytes of the handshake, which are in several records.
    pub const CRUMBLED: u8 = 4;
}

/// A power of two less one, for it is a mask: no payload with first bytes begins behind it.
const AT_MOST: usize = 63;
const ROOM: usize = crumbs::ROOM;
const _: () = assert!(AT_MOST >= HELLO_LEN && AT_MOST + HELLO_LEN <= ROOM && HEAD <= HELLO_LEN);
const ALL: u64 = (1 << HELLO_LEN) - 1;
pub(super) const CLIENT_HELLO: u8 = 1;
/// A record's header and its key.
pub(super) const HEAD: usize = RECORD_HEADER + KEY_LEN;
impl Hello {
    /// Nothing is there.
    #[inline(always)]
    pub fn forget(&mut self) {
        (self.have, self.start, self.state) = (0, 0, state::NOTHING);
        (self.tied, self.whole, self.noted) = (0, 0, 0);
        self.crumbs = Crumbs::NONE;
    }

    /// Whether the first byte is there, and begins a TLS handshake (RFC 8446 section 5.1).
    #[inline(always)]
    pub fn is_tls(&self) -> bool {
        self.have & 1 != 0
            && self.bytes[0] == content::HANDSHAKE
            && (self.have & 2 == 0 || self.bytes[1] == 3)
    }

    /// Takes the first bytes of a record that begins in a payload, where none of them came before.
    #[inline(always)]
    pub(super) fn begin(&mut self, skb: *mut __sk_buff, packet: &Packet, from: u32) {
        let len = bounded::<{ HEAD as u64 }>(packet.payload_len - from);
        // SAFETY: there is room for HEAD bytes.
        if unsafe { Skb(skb).copy(packet.payload_at + from, self.bytes.as_mut_ptr(), len) } {
            self.have = (1 << len) - 1;
        }
    }

    /// Takes what a payload that begins `at` bytes behind the start (negative: before it) has of the first `N` bytes.
    #[inline(always)]
    pub(super) fn take<const N: u64>(&mut self, skb: *mut __sk_buff, packet: &Packet, at: i32) {
        let from = if at < 0 { at.unsigned_abs() } else { 0 };
        let to = if at < 0 { 0 } else { at as usize };
        if from >= packet.payload_len || to >= N as usize {
            return;
        }
        let to = masked::<{ AT_MOST as u64 }>(to);
        let len = bounded::<N>(packet.payload_len - from);
        // SAFETY: what lies at AT_MOST or before has room for HELLO_LEN bytes.
        if unsafe { Skb(skb).copy(packet.payload_at + from, self.bytes.as_mut_ptr().add(to), len) } {
            self.have |= ((1 << len) - 1) << to;
        }
    }

    /// The next record begins behind this one, of `len` bytes.
    #[inline(always)]
    pub(super) fn next(&mut self, len: u32) {
        self.start = self.start.wrapping_add(RECORD_HEADER as u32 + len);
        self.have = 0;
        self.state = state::FOLLOWING;
    }

    /// The key in the bytes at `AT`.
    #[inline(always)]
    pub(super) fn key<const AT: usize>(&self) -> &Key {
        const { assert!(AT + KEY_LEN <= ROOM) };
        // SAFETY: KEY_LEN bytes of the array.
        unsafe { &*self.bytes.as_ptr().add(AT).cast() }
    }
}

/// Looks at a payload towards a service of which nothing is proved yet: does the connection speak TLS?
#[inline(always)]
pub fn begin(
    skb: *mut __sk_buff,
    sk: *mut bpf_sock,
    tapped: &mut Tapped,
    packet: &Packet,
    record: &RecordHeader,
) {
    if tapped.conn.phase == phase::OLDER {
        if tapped.conn.last != 1 && records::header(skb, packet) == Some(content::APPLICATION_DATA) {
            tapped.conn.phase = phase::TLS;
            tapped.conn.last = 2;
            tapped.hello.state = state::SETTLED;
        }
        return;
    }
    if tapped.hello.state == state::SETTLED {
        return;
    }
    let at = gather(skb, sk, &mut tapped.hello, packet, record.seq);
    if tapped.hello.is_tls() {
        tapped.conn.phase = phase::TLS;
        tls_budgets(&mut tapped.conn);
    } else if tapped.hello.have & 1 != 0 {
        tapped.hello.state = state::SETTLED;
    } else if at > 0 && tapped.conn.phase == phase::OPENED {
        // Bytes that overtook the first ones: how they look says nothing.
        tapped.conn.phase = phase::GUESSED;
    }
}

#[inline(always)]
fn gather(skb: *mut __sk_buff, sk: *mut bpf_sock, hello: &mut Hello, packet: &Packet, seq: u32) -> i32 {
    if hello.state == state::NOTHING {
        // Nothing has arrived yet: what TCP expects next is the first byte.
        hello.start = expected(sk).unwrap_or(seq);
        hello.state = state::GATHERING;
    }
    let at = seq.wrapping_sub(hello.start) as i32;
    if at < HELLO_LEN as i32 {
        hello.take::<{ HELLO_LEN as u64 }>(skb, packet, at);
    }
    at
}

#[inline(always)]
pub(super) fn expected(sk: *mut bpf_sock) -> Option<u32> {
    // SAFETY: a full socket; null is checked.
    unsafe {
        let tcp = bpf_tcp_sock(sk);
        if tcp.is_null() { None } else { Some((*tcp).rcv_nxt) }
    }
}

/// The first bytes, where they came with the handshake's last packet (deferred accept). `seq`: of the first.
#[inline(always)]
pub fn at_once(skb: *mut __sk_buff, hello: &mut Hello, packet: &Packet, seq: u32) -> bool {
    hello.state = state::GATHERING;
    hello.start = seq;
    hello.take::<{ HELLO_LEN as u64 }>(skb, packet, 0);
    if hello.have & ALL == ALL && crumbs::is_crumbled(hello) {
        crumbs::gather(skb, Of::Handshake, packet, seq);
    }
    hello.is_tls()
}

/// A packet of a connection that speaks TLS.
#[inline(always)]
pub fn ciphertext(
    skb: *mut __sk_buff,
    tapped: &mut Tapped,
    direction: Direction,
    packet: &Packet,
    record: &mut RecordHeader,
) -> Option<()> {
    let wanted = direction == Direction::Egress || tapped.conn.known_start != 0;
    let untied = look(skb, tapped, direction, packet, record);
    if wanted {
        let _ = send(skb, &mut tapped.conn, direction, packet, record);
    }
    // Last, when nothing is needed any more of what the verifier knows of the packet: it goes through this once, not for
    // each way to it.
    if untied { records::follow(skb) } else { None }
}

/// Looks for a handshake. True: whose ciphertext it is has to be noted.
#[inline(always)]
fn look(
    skb: *mut __sk_buff,
    tapped: &mut Tapped,
    direction: Direction,
    packet: &Packet,
    record: &mut RecordHeader,
) -> bool {
    let Tapped { conn, hello } = tapped;
    conn.last = direction as u8 + 1;
    fill(Skb(skb), conn, packet, record);
    if conn.cgroup == 0 {
        conn.cgroup = Skb(skb).cgroup();
        record.cgroup = conn.cgroup;
    }
    if direction == Direction::Egress {
        return false;
    }
    if hello.state == state::GATHERING {
        if hello.have & ALL != ALL {
            let at = record.seq.wrapping_sub(hello.start) as i32;
            if at < HELLO_LEN as i32 {
                hello.take::<{ HELLO_LEN as u64 }>(skb, packet, at);
            }
        }
        note(hello, record);
    }
    if hello.tied != 0 || hello.state < state::SETTLED {
        return false;
    }
    let Some(slot) = slot(hello, record) else { return false };
    (slot.seq, slot.payload_at, slot.payload_len) = (record.seq, packet.payload_at, packet.payload_len);
    true
}

/// Sends the hellos.
#[inline(always)]
fn send(
    skb: *mut __sk_buff,
    conn: &mut Conn,
    direction: Direction,
    packet: &Packet,
    record: &mut RecordHeader,
) -> Option<()> {
    let half = match direction {
        Direction::Ingress => &mut conn.ingress,
        Direction::Egress => &mut conn.egress,
    };
    let take = least(packet.payload_len, half.budget);
    if take == 0 {
        return None;
    }
    half.budget -= take;
    record.flags |= flags::TLS;
    record.wire_len = packet.payload_len;
    let _ = emit::payload(Skb(skb), record, packet.payload_at, take);
    Some(())
}

/// Notes whose handshake it is once its random is there. From then on it is known where each record begins.
#[inline(always)]
pub fn note(hello: &mut Hello, record: &RecordHeader) {
    if hello.have & ALL != ALL {
        return;
    }
    if crumbs::is_crumbled(hello) {
        hello.state = state::CRUMBLED;
        return;
    }
    hello.state = state::SETTLED;
    if hello.bytes[RECORD_HEADER] != CLIENT_HELLO {
        return;
    }
    hello.whole = 1;
    if let Some(slot) = slot(hello, record) {
        noted(hello, &slot.whose);
    }
}

/// Notes whose handshake it is, and where the next record begins. By reference: the stack has no room for a copy.
#[inline(always)]
pub(super) fn noted(hello: &mut Hello, whose: &Whose) {
    if TLS_HELLO.insert(hello.key::<HELLO_KEY_AT>(), whose, 0).is_ok() {
        count::add(Counter::TlsHellos, 1);
    } else {
        count::add(Counter::TableFull, 1);
    }
    hello.next(u32::from(u16::from_be_bytes([hello.bytes[3], hello.bytes[4]])));
}

/// A packet, and who it is about.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Tracked {
    pub(super) whose: Whose,
    pub(super) seq: u32,
    pub(super) payload_at: u32,
    pub(super) payload_len: u32,
    zero: u32,
}

/// Who a record is about, where the maps' helpers can read it: the stack has no room. Only what runs for packets that
/// arrive comes here, in softirqs, which do not interrupt each other.
#[inline(always)]
fn slot(hello: &Hello, record: &RecordHeader) -> Option<&'static mut Tracked> {
    let slot = TLS_WHOSE.get_ptr_mut(0)?;
    // SAFETY: the map's only entry of this CPU, which nobody else has in hand.
    let slot = unsafe { &mut *slot };
    slot.whose.cookie = record.cookie;
    slot.whose.listener = record.listener;
    slot.whose.cgroup = record.cgroup;
    slot.whose.tuple = record.tuple;
    slot.whose.ring = record.ring;
    slot.whose.hello = u32::from(hello.whole);
    Some(slot)
}
