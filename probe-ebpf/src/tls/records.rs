//! The tap's part of TLS: where records begin, whatever packets they are in, and whose ciphertext is in them.

use aya_ebpf::bindings::{__sk_buff, bpf_sock};
use picket_common::{
    stats::Counter,
    tls::{KEY_LEN, RECORD_HEADER, Whose, content},
};

use super::{
    crumbs::{self, Of},
    hello::{CLIENT_HELLO, HEAD, Hello, Tracked, expected, noted, state},
};
use crate::{
    conn::Tapped,
    count,
    maps::{TLS_RECORD, TLS_TIED, TLS_WHOSE, conn_of},
    packet::Packet,
    source::{Skb, Source},
    tap::full_socket,
};

/// `change_cipher_spec`, the first of the types of records; `application_data` is the last (RFC 8446 section 5.1).
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALL_HEADER: u64 = (1 << RECORD_HEADER) - 1;
const ALL_HEAD: u64 = (1 << HEAD) - 1;

/// Records of a connection that are noted one after the other: a service that nobody reads would have the table of records to
/// itself. rustls skips less than that of what it can't decrypt (16 KiB after refused early data).
const NOTED: u16 = 2048;
/// Of the packets after that the first record of one in so many, as long as no object is tied: a connection that is busy while
/// an agent starts has sent more before the probes are there. No power of two, as what a client repeats often is.
const SELDOM: u8 = 7;
/// Records that are looked at in a packet.
const PACKET_RECORDS: usize = 64;
/// What it counts as to look in a packet for a record, after it was lost where the next one begins.
const LOOK: u16 = 32;
/// The longest record: 2¹⁴ bytes and what TLS 1.2 allows ciphertext to be longer (RFC 5246 section 6.2.3).
const LONGEST: u32 = (1 << 14) + 2048;

/// Goes from record to record, whichever packets they are in, and notes whose ciphertext it is ([`TLS_WHOSE`]) while no
/// object is tied to the connection.
#[inline(always)]
pub fn follow(skb: *mut __sk_buff) -> Option<()> {
    let sk = full_socket(skb)?;
    // SAFETY: a full socket.
    let Tapped { conn, hello } = (unsafe { conn_of(sk) })?;
    // SAFETY: the map's only entry of this CPU, which nobody else has in hand.
    let slot = unsafe { &mut *TLS_WHOSE.get_ptr_mut(0)? };
    let Tracked { whose, seq, payload_at, payload_len, .. } = slot;
    if TLS_TIED.get_ptr(whose.cookie).is_some() {
        hello.tied = 1;
        return None;
    }
    if hello.state == state::CRUMBLED {
        let packet = Packet { flags: 0, payload_at: *payload_at, payload_len: *payload_len };
        if crumbs::gather(skb, Of::Connection, &packet, *seq) && hello.bytes[RECORD_HEADER] == CLIENT_HELLO {
            (hello.whole, whose.hello) = (1, 1);
            noted(hello, whose);
        }
        return None;
    }
    let seldom = hello.noted >= NOTED;
    if seldom {
        conn.turns = conn.turns.wrapping_add(1);
        if !conn.turns.is_multiple_of(SELDOM) {
            return None;
        }
        lose(hello);
    }
    if hello.state == state::FOLLOWING && is_lost(sk, hello, *seq) {
        lose(hello);
    }
    let mut packet = Packet { flags: 0, payload_at: *payload_at, payload_len: *payload_len };
    if hello.state == state::SETTLED {
        // A packet that begins with a record is likely to be the first of a write.
        if !seldom {
            hello.noted += LOOK;
        }
        header(skb, &packet)?;
        (hello.start, hello.have, hello.state) = (*seq, 0, state::FOLLOWING);
    }
    whose.hello = u32::from(hello.whole);
    hello.take::<{ HEAD as u64 }>(skb, &packet, seq.wrapping_sub(hello.start) as i32);
    // Read again, here and below: the verifier forgets what the ways to here have told it of them, and follows one.
    let seq = again(seq);
    packet.payload_len = again(payload_len);
    // By reference: the stack has no room for a copy.
    let whose: &Whose = whose;
    for _ in 0..PACKET_RECORDS {
        if hello.have & ALL_HEADER != ALL_HEADER {
            return None;
        }
        let Some(len) =
            length([hello.bytes[0], hello.bytes[1], hello.bytes[2], hello.bytes[3], hello.bytes[4]])
        else {
            lose(hello);
            return None;
        };
        // What is shorter is no ciphertext of any cipher.
        if hello.bytes[0] == content::APPLICATION_DATA && len >= KEY_LEN as u32 {
            if hello.have & ALL_HEAD != ALL_HEAD {
                return None;
            }
            if TLS_RECORD.insert(hello.key::<RECORD_HEADER>(), whose, 0).is_err() {
                count::add(Counter::TableFull, 1);
            }
            if seldom {
                return None;
            }
            hello.noted += 1;
        }
        hello.next(len);
        let from = again(&hello.start).wrapping_sub(seq);
        if from >= packet.payload_len {
            return None;
        }
        hello.begin(skb, &packet, from);
    }
    None
}

/// What a map's entry holds, of which the verifier knows nothing.
#[inline(always)]
pub(super) fn again<T: Copy>(number: &T) -> T {
    // SAFETY: a reference.
    unsafe { core::ptr::read_volatile(number) }
}

/// Whether the record's first bytes went by unseen: TCP has them, and the packet at `seq` begins behind them. (If TCP has
/// not, the packet only came before its turn.)
#[inline(always)]
fn is_lost(sk: *mut bpf_sock, hello: &Hello, seq: u32) -> bool {
    let behind = |at: u32| at.wrapping_sub(hello.start) as i32 >= HEAD as i32;
    behind(seq) && expected(sk).is_none_or(behind)
}

#[inline(always)]
fn lose(hello: &mut Hello) {
    hello.state = state::SETTLED;
    hello.whole = 0;
}

/// The type of the record that a packet begins with, if it begins with one.
#[inline(always)]
pub fn header(skb: *mut __sk_buff, packet: &Packet) -> Option<u8> {
    if packet.payload_len < RECORD_HEADER as u32 {
        return None;
    }
    let header: [u8; RECORD_HEADER] = Skb(skb).load(packet.payload_at)?;
    length(header).map(|_| header[0])
}

/// The length that a record's header tells, if it is one, of a version there is.
#[inline(always)]
fn length(header: [u8; RECORD_HEADER]) -> Option<u32> {
    let known = header[0] >= CHANGE_CIPHER_SPEC && header[0] <= content::APPLICATION_DATA;
    let len = u32::from(u16::from_be_bytes([header[3], header[4]]));
    if known && header[1] == 3 && header[2] <= 4 && len <= LONGEST { Some(len) } else { None }
}
