//! The tap's part of TLS: a `ClientHello` that is cut into several records before its random ends.
//!
//! No client does so unless it wants not to be seen: where all of it is in one record, what is gathered byte by byte here is
//! bytes at fixed places. Bytes are taken in order; what overtakes others is not waited for.

use aya_ebpf::bindings::__sk_buff;
use picket_common::tls::{HELLO_LEN, RECORD_HEADER, content};

use super::{
    hello::{Hello, state},
    records::again,
};
use crate::{
    emit::masked,
    maps::{HANDSHAKE, conn_of},
    packet::Packet,
    source::{Skb, Source},
    tap::full_socket,
};

/// Bytes of the handshake that are wanted.
const WANTED: u32 = (HELLO_LEN - RECORD_HEADER) as u32;
/// They come in at most so many: a record for each byte.
const MOST: u32 = WANTED * (RECORD_HEADER as u32 + 1);
/// Where they are put together in [`Hello::bytes`], behind what was gathered.
const TO: usize = 64;
/// A power of two less one, for it is a mask.
const AT_MOST: usize = 63;
const _: () = assert!(TO >= HELLO_LEN && WANTED as usize <= AT_MOST + 1);
/// Room for both.
pub(super) const ROOM: usize = TO + AT_MOST + 1;

/// How far it is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Crumbs {
    /// Bytes of the connection that were looked at.
    seen: u16,
    /// Bytes of the record that are still to come.
    left: u16,
    /// Bytes of the handshake that are there.
    have: u8,
    /// Bytes of the record's header that are there.
    header: u8,
    zero: u16,
}

impl Crumbs {
    /// Nothing was looked at.
    pub(super) const NONE: Self = Self { seen: 0, left: 0, have: 0, header: 0, zero: 0 };
}

/// Whether the first record, of which [`HELLO_LEN`] bytes are there, ends before them.
#[inline(always)]
pub(super) fn is_crumbled(hello: &Hello) -> bool {
    hello.bytes[0] == content::HANDSHAKE
        && u32::from(hello.bytes[3]) << 8 | u32::from(hello.bytes[4]) < WANTED
}

/// Whose hello it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The packet's connection.
    Connection = 0,
    /// The handshake that the packet ends.
    Handshake = 1,
}

/// Goes on with a packet at the sequence number. True: all is there, as if it had come in one record.
#[inline(always)]
pub(super) fn gather(skb: *mut __sk_buff, of: Of, packet: &Packet, seq: u32) -> bool {
    picket_crumbs(skb, of as u64, packet.payload_at.into(), packet.payload_len.into(), seq.into()) != 0
}

/// A function that the verifier reads once, as `picket_deliver` is: read for each way that leads to it, it is too long for
/// Linux 6.1.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn picket_crumbs(
    skb: *mut __sk_buff,
    of: u64,
    payload_at: u64,
    payload_len: u64,
    seq: u64,
) -> u64 {
    let hello = if of == Of::Handshake as u64 {
        // SAFETY: the map's only entry of this CPU.
        HANDSHAKE.get_ptr_mut(0).map(|slot| unsafe { &mut (*slot).hello })
    } else {
        // SAFETY: a full socket.
        full_socket(skb).and_then(|sk| unsafe { conn_of(sk) }).map(|tapped| &mut tapped.hello)
    };
    let Some(hello) = hello else { return 0 };
    for _ in 0..MOST {
        let at = u32::from(again(&hello.crumbs.seen));
        let byte = if at < HELLO_LEN as u32 {
            // SAFETY: a mask that is less than there are bytes.
            unsafe { *hello.bytes.as_ptr().add(masked::<{ AT_MOST as u64 }>(at as usize)) }
        } else {
            let from = again(&hello.start).wrapping_add(at).wrapping_sub(seq as u32);
            if from >= payload_len as u32 {
                return 0;
            }
            let Some([byte]) = Skb(skb).load::<1>(payload_at as u32 + from) else { return 0 };
            byte
        };
        hello.crumbs.seen = at as u16 + 1;
        if !take(hello, byte) {
            break;
        }
        if u32::from(again(&hello.crumbs.have)) == WANTED {
            join(hello);
            return 1;
        }
    }
    hello.state = state::SETTLED;
    0
}

/// False: it is no hello.
#[inline(always)]
fn take(hello: &mut Hello, byte: u8) -> bool {
    let header = again(&hello.crumbs.header);
    if u32::from(header) < RECORD_HEADER as u32 {
        match header {
            0 if byte != content::HANDSHAKE => return false,
            3 => hello.crumbs.left = u16::from(byte) << 8,
            4 => hello.crumbs.left = again(&hello.crumbs.left) | u16::from(byte),
            _ => {}
        }
        hello.crumbs.header = header + 1;
        // An empty record of a handshake is an error (RFC 8446 section 5.1).
        return header + 1 < RECORD_HEADER as u8 || again(&hello.crumbs.left) != 0;
    }
    let have = again(&hello.crumbs.have);
    // SAFETY: behind TO there is room for AT_MOST and one more.
    unsafe { *hello.bytes.as_mut_ptr().add(TO + masked::<{ AT_MOST as u64 }>(have as usize)) = byte };
    hello.crumbs.have = have + 1;
    let left = again(&hello.crumbs.left) - 1;
    hello.crumbs.left = left;
    if left == 0 {
        hello.crumbs.header = 0;
    }
    true
}

/// Puts it where a hello in one record has it, a record that ends where the last of these does.
#[inline(always)]
fn join(hello: &mut Hello) {
    let mut at = 0;
    while at < WANTED as usize {
        hello.bytes[RECORD_HEADER + at] = hello.bytes[TO + at];
        at += 1;
    }
    (hello.bytes[3], hello.bytes[4]) = (0, WANTED as u8);
    let end = u32::from(hello.crumbs.seen) + u32::from(hello.crumbs.left);
    hello.start = hello.start.wrapping_add(end).wrapping_sub(HELLO_LEN as u32);
    hello.state = state::GATHERING;
}
