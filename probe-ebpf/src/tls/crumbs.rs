//! The tap's part of TLS: a `ClientHello` that is cut into several records before its random ends.
//!
//! No client does so unless it wants not to be seen: where all of it is in one record, what is gathered byte by byte here is
//! bytes at fixed places. Bytes are taken in order; what overtakes others is not waited for.

use aya_ebpf::bindings::__sk_buff;
use picket_common::tls::{HELLO_LEN, RECORD_HEADER, content};

use super::hello::{Hello, state};
use crate::{
    emit::masked,
    packet::Packet,
    source::{Skb, Source},
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

/// Goes on with a packet at the sequence number. True: all is there, as if it had come in one record.
#[inline(always)]
pub(super) fn gather(skb: *mut __sk_buff, hello: &mut Hello, packet: &Packet, seq: u32) -> bool {
    for _ in 0..MOST {
        let at = u32::from(hello.crumbs.seen);
        let byte = if at < HELLO_LEN as u32 {
            // SAFETY: a mask that is less than there are bytes.
            unsafe { *hello.bytes.as_ptr().add(masked::<{ AT_MOST as u64 }>(at as usize)) }
        } else {
            let from = hello.start.wrapping_add(at).wrapping_sub(seq);
            if from >= packet.payload_len {
                return false;
            }
            let Some([byte]) = Skb(skb).load::<1>(packet.payload_at + from) else { return false };
            byte
        };
        hello.crumbs.seen += 1;
        if !take(hello, byte) {
            hello.state = state::SETTLED;
            return false;
        }
        if u32::from(hello.crumbs.have) == WANTED {
            join(hello);
            return true;
        }
    }
    hello.state = state::SETTLED;
    false
}

/// False: it is no hello.
#[inline(always)]
fn take(hello: &mut Hello, byte: u8) -> bool {
    let crumbs = &mut hello.crumbs;
    if u32::from(crumbs.header) < RECORD_HEADER as u32 {
        match crumbs.header {
            0 if byte != content::HANDSHAKE => return false,
            3 => crumbs.left = u16::from(byte) << 8,
            4 => crumbs.left |= u16::from(byte),
            _ => {}
        }
        crumbs.header += 1;
        // An empty record of a handshake is an error (RFC 8446 section 5.1).
        return crumbs.header < RECORD_HEADER as u8 || crumbs.left != 0;
    }
    // SAFETY: behind TO there is room for AT_MOST and one more.
    unsafe { *hello.bytes.as_mut_ptr().add(TO + masked::<{ AT_MOST as u64 }>(crumbs.have as usize)) = byte };
    crumbs.have += 1;
    crumbs.left -= 1;
    if crumbs.left == 0 {
        crumbs.header = 0;
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
