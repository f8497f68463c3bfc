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

use crate::{
    conn::{Conn, Tapped, phase, tls_budgets},
    count,
    emit::{self, bounded},
    maps::{TLS_HELLO, TLS_RECORD, TLS_TIED, TLS_WHOSE},
    packet::Packet,
    source::{Skb, Source},
    turns::{fill, least},
};

/// The first bytes of a connection, however they are split and in whatever order they come.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Hello {
    /// Which of `bytes` are there, a bit each.
    have: u64,
    /// More room than is needed, so that the verifier can see that there is enough.
    bytes: [u8; ROOM],
    /// Sequence number of the first.
    start: u32,
    /// One of [`state`].
    state: u8,
    /// 1: an object of a library is tied to the connection.
    tied: u8,
    zero: u16,
}

/// Values of [`Hello::state`].
mod state {
    pub const NOTHING: u8 = 0;
    pub const GATHERING: u8 = 1;
    /// It is known what they are.
    pub const SETTLED: u8 = 2;
}

/// A power of two less one, for it is a mask: no payload with first bytes begins behind it.
const AT_MOST: usize = 63;
const ROOM: usize = 112;
const _: () = assert!(AT_MOST >= HELLO_LEN && AT_MOST + HELLO_LEN <= ROOM);
const ALL: u64 = (1 << HELLO_LEN) - 1;
const CLIENT_HELLO: u8 = 1;
/// `change_cipher_spec`, which clients send before their first encrypted record (RFC 8446 appendix D.4).
const CHANGE_CIPHER_SPEC: u8 = 20;

impl Hello {
    /// Nothing is there.
    #[inline(always)]
    pub fn forget(&mut self) {
        (self.have, self.start, self.state, self.tied) = (0, 0, state::NOTHING, 0);
    }

    /// Whether the first byte is there, and begins a TLS handshake (RFC 8446 section 5.1).
    #[inline(always)]
    pub fn is_tls(&self) -> bool {
        self.have & 1 != 0
            && self.bytes[0] == content::HANDSHAKE
            && (self.have & 2 == 0 || self.bytes[1] == 3)
    }

    /// Takes what a payload that begins `at` bytes behind the start has of the first bytes.
    #[inline(always)]
    fn take(&mut self, skb: *mut __sk_buff, packet: &Packet, at: i32) {
        if at < 0 || at >= HELLO_LEN as i32 {
            return;
        }
        let at = at as usize & AT_MOST;
        let len = bounded::<{ HELLO_LEN as u64 }>(packet.payload_len);
        // SAFETY: what lies at AT_MOST or before has room for HELLO_LEN bytes.
        if unsafe { Skb(skb).copy(packet.payload_at, self.bytes.as_mut_ptr().add(at), len) } {
            self.have |= ((1 << len) - 1) << at;
        }
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
        if tapped.conn.last != 1
            && let Some(head) = head(skb, packet, 0)
            && head[0] == content::APPLICATION_DATA
        {
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
        hello.take(skb, packet, at);
    }
    at
}

#[inline(always)]
fn expected(sk: *mut bpf_sock) -> Option<u32> {
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
    hello.take(skb, packet, 0);
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
    let Tapped { conn, hello } = tapped;
    conn.last = direction as u8 + 1;
    let answered = conn.known_start == 0;
    fill(Skb(skb), conn, packet, record);
    if conn.cgroup == 0 {
        conn.cgroup = Skb(skb).cgroup();
        record.cgroup = conn.cgroup;
    }
    if direction == Direction::Ingress {
        if hello.state != state::SETTLED {
            if hello.have & ALL != ALL {
                let at = record.seq.wrapping_sub(hello.start) as i32;
                if at < HELLO_LEN as i32 {
                    hello.take(skb, packet, at);
                }
            }
            note(hello, record);
        }
        if answered {
            if hello.tied == 0 {
                track(skb, conn, hello, packet, record);
            }
            return None;
        }
    }
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

/// Notes whose handshake it is once its random is there.
#[inline(always)]
pub fn note(hello: &mut Hello, record: &RecordHeader) {
    if hello.have & ALL != ALL {
        return;
    }
    hello.state = state::SETTLED;
    if hello.bytes[RECORD_HEADER] != CLIENT_HELLO {
        return;
    }
    let mut key: Key = [0; KEY_LEN];
    let mut i = 0;
    while i < KEY_LEN {
        key[i] = hello.bytes[HELLO_KEY_AT + i];
        i += 1;
    }
    let Some(whose) = whose(hello, record) else { return };
    if TLS_HELLO.insert(key, whose, 0).is_ok() {
        count::add(Counter::TlsHellos, 1);
    } else {
        count::add(Counter::TableFull, 1);
    }
}

/// Notes whose ciphertext it is, while no object is tied to the connection: of a packet that begins with a record
/// the first records.
#[inline(always)]
fn track(skb: *mut __sk_buff, conn: &mut Conn, hello: &mut Hello, packet: &Packet, record: &RecordHeader) {
    conn.turns = conn.turns.checked_add(1).unwrap_or(TRACKED_PACKETS + 1);
    if conn.turns > TRACKED_PACKETS && conn.turns % TRACKED_SELDOM != 0 {
        return;
    }
    if TLS_TIED.get_ptr(record.cookie).is_some() {
        hello.tied = 1;
        return;
    }
    let Some(whose) = whose(hello, record) else { return };
    let mut at = 0;
    for _ in 0..TRACKED_RECORDS {
        let Some(head) = head(skb, packet, at) else { return };
        if head[0] == content::APPLICATION_DATA {
            if TLS_RECORD.insert(key_of(&head), whose, 0).is_err() {
                count::add(Counter::TableFull, 1);
            }
        } else if head[0] != CHANGE_CIPHER_SPEC {
            return;
        }
        at += RECORD_HEADER as u32 + u32::from(u16::from_be_bytes([head[3], head[4]]));
    }
}

/// Packets of which ciphertext is noted one after the other.
const TRACKED_PACKETS: u8 = 64;
/// Of those after them one in so many, as long as no object is tied: a connection that is busy while an agent starts has
/// sent more before the probes are there. They are counted round and round, 191 a round, so that each place in what a
/// client repeats has its turn.
const TRACKED_SELDOM: u8 = 8;
/// Records of a packet: a client's last ones of the handshake, and its request.
const TRACKED_RECORDS: usize = 4;
const HEAD: usize = RECORD_HEADER + KEY_LEN;

/// A record's header and what follows, of a version there is.
#[inline(always)]
fn head(skb: *mut __sk_buff, packet: &Packet, at: u32) -> Option<[u8; HEAD]> {
    if at > 0xffff || at + HEAD as u32 > packet.payload_len {
        return None;
    }
    let head: [u8; HEAD] = Skb(skb).load(packet.payload_at + at)?;
    if head[1] == 3 && head[2] <= 4 { Some(head) } else { None }
}

#[inline(always)]
fn key_of(head: &[u8; HEAD]) -> Key {
    let mut key: Key = [0; KEY_LEN];
    let mut i = 0;
    while i < KEY_LEN {
        key[i] = head[RECORD_HEADER + i];
        i += 1;
    }
    key
}

/// Who a record is about, where the maps' helpers can read it: the stack has no room. Only what runs for packets that
/// arrive comes here, in softirqs, which do not interrupt each other.
#[inline(always)]
fn whose(hello: &Hello, record: &RecordHeader) -> Option<&'static Whose> {
    let slot = TLS_WHOSE.get_ptr_mut(0)?;
    // SAFETY: the map's only entry of this CPU, which nobody else has in hand.
    let slot = unsafe { &mut *slot };
    slot.cookie = record.cookie;
    slot.listener = record.listener;
    slot.cgroup = record.cgroup;
    slot.tuple = record.tuple;
    slot.ring = record.ring;
    slot.hello = u32::from(hello.have & ALL == ALL);
    Some(slot)
}
