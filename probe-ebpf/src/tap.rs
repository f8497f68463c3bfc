//! The tap: `cgroup_skb` ingress and egress.
//!
//! Both programs return 1 on every path: they see packets, they never decide over them.
//!
//! Which bytes leave the kernel. A connection takes turns: bytes towards the service, bytes from it.
//! Each turn has a budget a direction; what is over it is skipped, and the next record says so. A
//! turn normally is one message, so heads and the first part of bodies are inside the budget. Where
//! the agent has parsed the head of a long message it says, by sequence number, from where on bytes
//! are wanted again ([`Advice`](picket_common::advice::Advice)); where it has not, a packet that starts
//! like a message ends the skipping, and the end of each write of the client is sent: the next request may
//! share its packet.

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
    advice,
    conn::Direction,
    limits::{MAX_AHEAD, MAX_UNKNOWN_TURNS, PROBE_BUDGET, TAIL, TAIL_CREDIT},
    record::{RecordHeader, flags},
    stats::Counter,
};

use crate::{
    conn::{Conn, Half, phase},
    count,
    emit::{self, Emitted},
    maps::{ADVICE, HANDSHAKE, Handshake, conn_of, conn_or_new, tap_config},
    packet::{self, ACK, FIN, Looks, PSH, Packet, SYN},
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
    if let Some(conn) = &known
        && conn.phase == phase::IGNORED
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
            && let Some(conn) = known
            && conn.phase >= phase::PROBING
        {
            // Ends a response that has no length.
            fill(skb, conn, &packet, record);
            let _ = emit::bare(record);
        }
        return None;
    }
    if direction == Direction::Ingress && !in_window(sk, record.seq, packet.payload_len) {
        count::add(Counter::OutOfWindow, 1);
        return None;
    }
    count::add(Counter::Packets, 1);
    let conn = match known {
        Some(conn) => conn,
        // SAFETY: a full socket.
        None => match unsafe { conn_or_new(sk) } {
            Some(conn) => conn,
            None => {
                count::add(Counter::TableFull, 1);
                return None;
            }
        },
    };
    payload(skb, conn, direction, &packet, record)
}

#[inline(always)]
fn full_socket(skb: *mut __sk_buff) -> Option<*mut bpf_sock> {
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
    if packet.payload_len > 0 {
        count::add(Counter::Packets, 1);
        if packet::looks(skb, packet) != Looks::Other {
            record.flags = flags::KNOWN_START | flags::PENDING;
            record.listener = listener;
            record.wire_len = packet.payload_len;
            // SAFETY: helpers that take the context or nothing.
            unsafe {
                record.ktime = bpf_ktime_get_ns();
                record.cgroup = bpf_skb_cgroup_id(skb);
            }
            if emit::payload(skb, record, packet.payload_at, packet.payload_len) == Emitted::All {
                pending = 1;
            }
        }
    }
    // SAFETY: the map's only entry of this CPU.
    unsafe { slot.write(Handshake { listener, tuple: record.tuple, pending }) };
}

#[inline(always)]
fn payload(
    skb: *mut __sk_buff,
    conn: &mut Conn,
    direction: Direction,
    packet: &Packet,
    record: &mut RecordHeader,
) -> Option<()> {
    let config = tap_config();
    let (me, full) = match direction {
        Direction::Ingress => (1, config.ingress_budget),
        Direction::Egress => (2, config.egress_budget),
    };
    let turned = conn.last != me;
    conn.last = me;

    if conn.phase == phase::HTTP {
        // It may have become something else (an upgrade, a tunnel): ask now and then.
        if turned && !still_wanted(skb, conn) {
            return None;
        }
    } else {
        let looks =
            if turned || conn.phase == phase::OLDER { packet::looks(skb, packet) } else { Looks::Perhaps };
        if !probe(skb, conn, direction, turned, looks, packet.payload_len >= 8) {
            return None;
        }
    }

    let guessed = conn.phase == phase::GUESSED;
    let half = match direction {
        Direction::Ingress => &mut conn.ingress,
        Direction::Egress => &mut conn.egress,
    };
    if turned && half.skip == 0 {
        half.budget = if guessed { least(full, PROBE_BUDGET) } else { full };
        half.tails = TAIL_CREDIT;
    }
    let (from, take) = wanted(skb, half, direction, packet, record.seq, full);
    if take == 0 {
        half.skipped = 1;
        count::add(Counter::SkippedBytes, u64::from(packet.payload_len));
        return None;
    }
    half.budget = half.budget.saturating_sub(take);
    let after = from + take;
    let rest = packet.payload_len.saturating_sub(after);
    if from + rest > 0 {
        count::add(Counter::SkippedBytes, u64::from(from + rest));
    }
    let mut bits = 0;
    if half.lost != 0 {
        bits |= flags::AFTER_LOSS;
    }
    if half.skipped != 0 || from > 0 {
        bits |= flags::AFTER_SKIP;
    }
    half.lost = 0;
    half.skipped = u8::from(rest > 0);
    if conn.cgroup == 0 {
        // SAFETY: the helper takes the context.
        conn.cgroup = unsafe { bpf_skb_cgroup_id(skb) };
    }
    fill(skb, conn, packet, record);
    record.flags |= bits;
    record.seq = record.seq.wrapping_add(from);
    record.wire_len = take + rest;
    if emit::payload(skb, record, packet.payload_at + from, take) == Emitted::Lost {
        let half = match direction {
            Direction::Ingress => &mut conn.ingress,
            Direction::Egress => &mut conn.egress,
        };
        half.lost = 1;
    }
    Some(())
}

/// Whether a connection that is not yet known to be HTTP is worth a look at this packet; moves its
/// phase on.
#[inline(always)]
fn probe(
    skb: *mut __sk_buff,
    conn: &mut Conn,
    direction: Direction,
    turned: bool,
    looks: Looks,
    long: bool,
) -> bool {
    match (conn.phase, direction) {
        (phase::OLDER, Direction::Ingress) => match looks {
            Looks::Request => {
                conn.phase = phase::PROBING;
                true
            }
            _ => {
                if turned {
                    conn.turns = conn.turns.saturating_add(1);
                    if conn.turns > MAX_UNKNOWN_TURNS {
                        ignore(conn);
                    }
                }
                false
            }
        },
        (phase::OLDER, Direction::Egress) => {
            // Requests on the way out: this is a client's socket.
            if turned && looks == Looks::Request {
                ignore(conn);
            }
            false
        }
        (phase::OPENED, Direction::Ingress) => {
            if looks == Looks::Other {
                ignore(conn);
                return false;
            }
            conn.phase = if looks == Looks::Request { phase::PROBING } else { phase::GUESSED };
            true
        }
        (phase::OPENED, Direction::Egress) => {
            // The service speaks first: no HTTP, unless it answers a request that never came (408).
            if looks != Looks::Response {
                ignore(conn);
            }
            false
        }
        // The first bytes the service ever sends on it, and enough to tell.
        (_, Direction::Egress) if conn.known_start != 0 && long && looks != Looks::Response => {
            ignore(conn);
            false
        }
        (_, Direction::Egress) if turned && looks == Looks::Response => {
            conn.phase = phase::HTTP;
            true
        }
        _ => {
            if turned && advised(skb).is_some_and(|a| a.flags & advice::flags::IGNORE != 0) {
                ignore(conn);
                return false;
            }
            true
        }
    }
}

/// Turns of an HTTP connection between two looks at the advice table.
const LOOK_EVERY: u8 = 16;

#[inline(always)]
fn still_wanted(skb: *mut __sk_buff, conn: &mut Conn) -> bool {
    conn.turns = conn.turns.wrapping_add(1);
    if conn.turns.is_multiple_of(LOOK_EVERY)
        && advised(skb).is_some_and(|a| a.flags & advice::flags::IGNORE != 0)
    {
        ignore(conn);
        return false;
    }
    true
}

#[inline(always)]
fn ignore(conn: &mut Conn) {
    conn.phase = phase::IGNORED;
    count::add(Counter::Ignored, 1);
}

#[inline(always)]
fn advised(skb: *mut __sk_buff) -> Option<advice::Advice> {
    // SAFETY: the helper takes the context; the value is copied at once.
    unsafe { ADVICE.get(bpf_get_socket_cookie(skb.cast())).copied() }
}

/// Which bytes of the payload are wanted: offset and length; length 0: none.
#[inline(always)]
fn wanted(
    skb: *mut __sk_buff,
    half: &mut Half,
    direction: Direction,
    packet: &Packet,
    seq: u32,
    full: u32,
) -> (u32, u32) {
    if half.skip == 0 && half.budget == 0 {
        // Over the budget: has the agent said from where on it wants bytes again?
        if let Some(advice) = advised(skb) {
            let (bit, until) = match direction {
                Direction::Ingress => (advice::flags::SKIP_INGRESS, advice.ingress_until),
                Direction::Egress => (advice::flags::SKIP_EGRESS, advice.egress_until),
            };
            // An old word about bytes that have passed says nothing.
            if advice.flags & bit != 0 && (until.wrapping_sub(seq) as i32) > 0 {
                half.skip = 1;
                half.until = until;
            }
        }
    }
    if half.skip != 0 {
        let before = half.until.wrapping_sub(seq) as i32;
        if before >= packet.payload_len as i32 {
            return (0, 0);
        }
        half.skip = 0;
        half.budget = full;
        let from = if before > 0 { before as u32 } else { 0 };
        return (from, least(packet.payload_len - from, full));
    }
    if half.budget == 0 {
        match packet::looks(skb, packet) {
            Looks::Request | Looks::Response => half.budget = full,
            _ => return tail(half, direction, packet),
        }
    }
    (0, least(packet.payload_len, half.budget))
}

/// Of a packet over the budget: its last bytes, if it ends a write of the client. (TCP sets PSH there, RFC 9293
/// section 3.9.1; a client that waits for its answer has ended a write with its request.)
#[inline(always)]
fn tail(half: &mut Half, direction: Direction, packet: &Packet) -> (u32, u32) {
    if direction == Direction::Egress {
        return (0, 0);
    }
    let take = least(packet.payload_len, TAIL);
    if packet.flags & PSH == 0 || half.tails < take {
        half.tails = least(half.tails.wrapping_add(packet.payload_len / 16), TAIL_CREDIT);
        return (0, 0);
    }
    half.tails -= take;
    (packet.payload_len - take, take)
}

#[inline(always)]
fn least(a: u32, b: u32) -> u32 {
    if a < b { a } else { b }
}

/// Who and when.
#[inline(always)]
fn fill(skb: *mut __sk_buff, conn: &mut Conn, packet: &Packet, record: &mut RecordHeader) {
    if conn.known_start != 0 {
        record.flags |= flags::KNOWN_START;
    }
    // From the first answer on, a first record is no first byte any more (the agent forgot the
    // connection, or a record was lost).
    if record.dir == Direction::Egress as u8 {
        conn.known_start = 0;
    }
    if packet.flags & FIN != 0 {
        record.flags |= flags::FIN;
    }
    record.listener = conn.listener;
    record.cgroup = conn.cgroup;
    // SAFETY: helpers that take the context or nothing.
    unsafe {
        record.cookie = bpf_get_socket_cookie(skb.cast());
        record.ktime = bpf_ktime_get_ns();
    }
}
