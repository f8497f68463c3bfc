//! TCP/IP headers of a packet as `cgroup_skb` sees it: from the network header on.

use aya_ebpf::bindings::__sk_buff;
use picket_common::{conn::Direction, record::RecordHeader};

use crate::{
    emit::ring_of,
    source::{Skb, Source},
};

/// IPv6 extension headers that are stepped over.
const MAX_EXTENSIONS: usize = 6;

pub const SYN: u8 = 0x02;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;
pub const FIN: u8 = 0x01;

/// What the tap needs of a TCP packet beside its addresses and sequence number.
pub struct Packet {
    /// TCP flags.
    pub flags: u8,
    /// Where the payload begins, from the network header.
    pub payload_at: u32,
    /// Bytes of payload.
    pub payload_len: u32,
}

/// Reads the headers; addresses and sequence number go straight into `record`, for there is little
/// stack. `None`: not TCP over IP, or not readable.
#[inline(always)]
pub fn read(skb: *mut __sk_buff, direction: Direction, record: &mut RecordHeader) -> Option<Packet> {
    let head: [u8; 40] = Skb(skb).load(0)?;
    // SAFETY: `len` is a field of the context the verifier knows.
    let total = unsafe { (*skb).len };
    let tuple = &mut record.tuple;
    let (source, destination) = match direction {
        Direction::Ingress => (&mut tuple.remote_addr, &mut tuple.local_addr),
        Direction::Egress => (&mut tuple.local_addr, &mut tuple.remote_addr),
    };
    let tcp_at = match head[0] >> 4 {
        4 => {
            if head[9] != 6 {
                return None;
            }
            map(source, [head[12], head[13], head[14], head[15]]);
            map(destination, [head[16], head[17], head[18], head[19]]);
            u32::from(head[0] & 0x0f) * 4
        }
        6 => {
            source.copy_from_slice(&head[8..24]);
            destination.copy_from_slice(&head[24..40]);
            step_over_extensions(skb, head[6])?
        }
        _ => return None,
    };
    if tcp_at < 20 {
        return None;
    }
    let tcp: [u8; 20] = if tcp_at == 20 {
        // IPv4 without options: the load above holds the TCP header as well.
        let mut tcp = [0; 20];
        tcp.copy_from_slice(&head[20..40]);
        tcp
    } else {
        Skb(skb).load(tcp_at)?
    };
    let from = u16::from_be_bytes([tcp[0], tcp[1]]);
    let to = u16::from_be_bytes([tcp[2], tcp[3]]);
    match direction {
        Direction::Ingress => (tuple.remote_port, tuple.local_port) = (from, to),
        Direction::Egress => (tuple.local_port, tuple.remote_port) = (from, to),
    }
    let payload_at = tcp_at + u32::from(tcp[12] >> 4) * 4;
    record.ring = ring_of(&record.tuple);
    record.dir = direction as u8;
    record.seq = u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]);
    Some(Packet { flags: tcp[13], payload_at, payload_len: total.saturating_sub(payload_at) })
}

/// An IPv4-mapped address (RFC 4291 section 2.5.5.2). `zero` is zero before, and stays so where it is: written
/// again, those bytes would be cleared by a call.
#[inline(always)]
fn map(zero: &mut [u8; 16], v4: [u8; 4]) {
    (zero[10], zero[11]) = (0xff, 0xff);
    zero[12..].copy_from_slice(&v4);
}

/// Where the header after the extension headers begins, if it is TCP's.
#[inline(always)]
fn step_over_extensions(skb: *mut __sk_buff, first: u8) -> Option<u32> {
    let mut next = first;
    let mut at = 40u32;
    for _ in 0..MAX_EXTENSIONS {
        match next {
            6 => return Some(at),
            // Hop-by-hop, routing, destination options (RFC 8200 section 4).
            0 | 43 | 60 => {
                let extension: [u8; 2] = Skb(skb).load(at)?;
                next = extension[0];
                at += (u32::from(extension[1]) + 1) * 8;
            }
            _ => return None,
        }
    }
    None
}

/// What the first bytes of a payload look like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// A request line, or the start of one cut short by the packet's end.
    Request,
    /// A response's status line.
    Response,
    /// Text that could be a request of a method not known here.
    Perhaps,
    /// Nothing of HTTP/1.x.
    Other,
}

/// Looks at the first bytes (RFC 9112 sections 2.2, 3 and 4). An empty line before a request is
/// allowed there, so CR and LF count as the start of a request.
#[inline(always)]
pub fn looks<S: Source>(source: S, packet: &Packet) -> Looks {
    let mut b = [0u8; 8];
    if packet.payload_len >= 8 {
        let Some(first) = source.load(packet.payload_at) else { return Looks::Other };
        b = first;
        let word = u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        if word == u32::from_le_bytes(*b"HTTP") {
            return if b[4] == b'/' { Looks::Response } else { Looks::Perhaps };
        }
        let known = [
            *b"GET ", *b"POST", *b"PUT ", *b"HEAD", *b"DELE", *b"OPTI", *b"PATC", *b"CONN", *b"TRAC",
            *b"PRI ",
        ];
        let mut i = 0;
        while i < known.len() {
            if word == u32::from_le_bytes(known[i]) {
                return Looks::Request;
            }
            i += 1;
        }
    } else {
        let Some([first]) = source.load(packet.payload_at) else { return Looks::Other };
        b[0] = first;
    }
    match b[0] {
        b'A'..=b'Z' | b'a'..=b'z' | b'\r' | b'\n' => Looks::Perhaps,
        _ => Looks::Other,
    }
}
