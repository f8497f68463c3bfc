//! The tap: `cgroup_skb` ingress and egress.
//!
//! Both programs return 1 on every path: they see packets, they never decide over them.
//!
//! Which bytes of a connection leave the kernel [`turns`](crate::turns) says.

use core::mem::MaybeUninit;

use aya_ebpf::{
    EbpfContext,
    bindings::{__sk_buff, bpf_sock},
    helpers::generated::{
        bpf_get_socket_cookie, bpf_ktime_get_ns, bpf_sk_fullsock, bpf_skb_cgroup_id, bpf_tcp_sock,
    },
    macros::cgroup_skb,
    programs::SkBuffContext,
};
use picket_common::{
    conn::Direction,
    limits::MAX_AHEAD,
    record::{RecordHeader, flags},
    stats::Counter,
};

use crate::{
    conn::{Tapped, phase},
    count,
    emit::{self, Emitted},
    maps::{HANDSHAKE, conn_of, conn_or_new},
    packet::{self, ACK, FIN, Looks, Packet, SYN},
    source::Skb,
    tls::hello,
    turns::{fill, payload},
};

const LISTEN: u32 = 10;

#[cgroup_skb(ingress)]
pub fn picket_ingress(ctx: SkBuffContext) -> i32 {
    let _ = tap(ctx.as_ptr().cast(), Direction::Ingress);
    1
}

#[cgroup_skb(egress)]
pub fn picket_egress(ctx: SkBuffContext) -> i32 {
    let _ = tap(ctx.as_ptr().cast(), Direction::Egress);
    1
}

/// `Some`/`None` only let `?` end it early.
#[inline(always)]
fn tap(skb: *mut __sk_buff, direction: Direction) -> Option<()> {
    let sk = full_socket(skb)?;
    // SAFETY: a full socket.
    let state = unsafe { (*sk).state };
    // SAFETY: a full socket.
    let known = unsafe { conn_of(sk) };
    if let Some(tapped) = &known
        && tapped.conn.phase == phase::IGNORED
    {
        return None;
    }
    let mut slot = MaybeUninit::uninit();
    let record = emit::blank(&mut slot);
    let packet = packet::read(skb, direction, record)?;
    if state == LISTEN {
        if direction == Direction::Ingress {
            handshake(skb, &packet, record);
        }
        return None;
    }
    if packet.payload_len == 0 {
        if direction == Direction::Egress
            && packet.flags & FIN != 0
            && let Some(Tapped { conn, .. }) = known
            && conn.phase >= phase::PROBING
            && conn.phase != phase::TLS
        {
            // Ends a response that has no length. What stands before it was skipped, or lost: the agent can't tell.
            fill(Skb(skb), conn, &packet, record);
            if conn.egress.lost != 0 {
                record.flags |= flags::AFTER_LOSS;
            }
            if conn.egress.skipped != 0 {
                record.flags |= flags::AFTER_SKIP;
            }
            let _ = emit::bare(record);
        }
        return None;
    }
    if direction == Direction::Ingress && !in_window(sk, record.seq, packet.payload_len) {
        count::add(Counter::OutOfWindow, 1);
        return None;
    }
    count::add(Counter::Packets, 1);
    let tapped = match known {
        Some(tapped) => tapped,
        // SAFETY: a full socket.
        None => match unsafe { conn_or_new(sk) } {
            Some(tapped) => tapped,
            None => {
                count::add(Counter::TableFull, 1);
                return None;
            }
        },
    };
    if direction == Direction::Ingress && tapped.conn.phase <= phase::GUESSED {
        hello::begin(skb, sk, tapped, &packet, record);
    }
    if tapped.conn.phase == phase::TLS {
        return hello::ciphertext(skb, tapped, direction, &packet, record);
    }
    payload(Skb(skb), &mut tapped.conn, direction, &packet, record)
}

/// The socket of a packet, if it has one that is more than a request or a remainder.
#[inline(always)]
pub fn full_socket(skb: *mut __sk_buff) -> Option<*mut bpf_sock> {
    // SAFETY: a field of the context; null is checked before each use.
    unsafe {
        let sk = (*skb).__bindgen_anon_2.sk;
        if sk.is_null() {
            return None;
        }
        let sk = bpf_sk_fullsock(sk);
        if sk.is_null() { None } else { Some(sk) }
    }
}

/// Whether the service's TCP may take a segment. The tap comes before TCP's own checks: without this,
/// forged segments (old bytes with other content, bytes far ahead) would be believed.
#[inline(always)]
fn in_window(sk: *mut bpf_sock, seq: u32, len: u32) -> bool {
    // SAFETY: a full socket; null is checked.
    unsafe {
        let tcp = bpf_tcp_sock(sk);
        if tcp.is_null() {
            return true;
        }
        let ahead = seq.wrapping_sub((*tcp).rcv_nxt) as i32;
        ahead.wrapping_add(len as i32) > 0 && ahead < MAX_AHEAD as i32
    }
}

/// The last packet of a handshake (and, with deferred accept, the first bytes of the request in it):
/// its socket is the listener, and the connection's own is made when the program has returned.
#[inline(always)]
fn handshake(skb: *mut __sk_buff, packet: &Packet, record: &mut RecordHeader) {
    if packet.flags & (SYN | ACK) != ACK {
        return;
    }
    let Some(slot) = HANDSHAKE.get_ptr_mut(0) else { return };
    // SAFETY: the helper takes the context.
    let listener = unsafe { bpf_get_socket_cookie(skb.cast()) };
    let mut pending = 0;
    // SAFETY: the map's only entry of this CPU. What it holds is of a handshake that is over.
    let slot = unsafe { &mut *slot };
    slot.hello.forget();
    if packet.payload_len > 0 {
        count::add(Counter::Packets, 1);
        let tls = hello::at_once(skb, &mut slot.hello, packet, record.seq);
        if tls || packet::looks(Skb(skb), packet) != Looks::Other {
            record.flags = flags::KNOWN_START | flags::PENDING | if tls { flags::TLS } else { 0 };
            record.listener = listener;
            record.wire_len = packet.payload_len;
            // SAFETY: helpers that take the context or nothing.
            unsafe {
                record.ktime = bpf_ktime_get_ns();
                record.cgroup = bpf_skb_cgroup_id(skb);
            }
            if emit::payload(Skb(skb), record, packet.payload_at, packet.payload_len) == Emitted::All || tls {
                pending = 1;
            }
        }
    }
    slot.listener = listener;
    slot.tuple = record.tuple;
    slot.pending = pending;
}
