//! Turns: which bytes of a connection leave the kernel.
//!
//! A connection takes turns: bytes towards the service, bytes from it.
//! Each turn has a budget a direction; what is over it is skipped, and the next record says so. A
//! turn normally is one message, so heads and the first part of bodies are inside the budget. Where
//! the agent has parsed the head of a long message it says, by sequence number, from where on bytes
//! are wanted again ([`Advice`](picket_common::advice::Advice)); where it has not, a packet that starts
//! like a message ends the skipping, and the end of each write of the client is sent: the next request may
//! share its packet.
//!
//! The same holds for packets and for what TLS libraries give out, a call being a packet.

use aya_ebpf::helpers::generated::bpf_ktime_get_ns;
use picket_common::{
    advice,
    conn::Direction,
    limits::{MAX_UNKNOWN_TURNS, PROBE_BUDGET, TAIL, TAIL_CREDIT},
    record::{RecordHeader, flags},
    stats::Counter,
};

use crate::{
    conn::{Conn, Half, phase},
    count,
    emit::{self, Emitted},
    maps::{ADVICE, tap_config},
    packet::{self, FIN, Looks, PSH, Packet},
    source::Source,
};

/// Sends what is wanted of a payload. `Some`/`None` only let `?` end it early.
#[inline(always)]
pub fn payload<S: Source>(
    source: S,
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
        if turned && !still_wanted(source, conn) {
            return None;
        }
    } else {
        let looks =
            if turned || conn.phase == phase::OLDER { packet::looks(source, packet) } else { Looks::Perhaps };
        if !probe(source, conn, direction, turned, looks, packet.payload_len >= 8) {
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
    let (from, take) = wanted(source, half, direction, packet, record.seq, full);
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
        conn.cgroup = source.cgroup();
    }
    fill(source, conn, packet, record);
    record.flags |= bits;
    record.seq = record.seq.wrapping_add(from);
    record.wire_len = take + rest;
    if emit::payload(source, record, packet.payload_at + from, take) == Emitted::Lost {
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
fn probe<S: Source>(
    source: S,
    conn: &mut Conn,
    direction: Direction,
    turned: bool,
    looks: Looks,
    long: bool,
) -> bool {
    match (conn.phase, direction) {
        // A client reads its answer: of TLS libraries both sides are seen. In the middle of a message it says nothing: a
        // request's head may be read in parts of which one begins with its version.
        (phase::OPENED, Direction::Ingress) if conn.plain != 0 && looks == Looks::Response => {
            ignore(conn);
            false
        }
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
                if conn.plain == 0 {
                    ignore(conn);
                } else {
                    // The library may have been in use before it was watched: in the middle of a message.
                    conn.phase = phase::OLDER;
                }
                return false;
            }
            conn.phase = if looks == Looks::Request { phase::PROBING } else { phase::GUESSED };
            true
        }
        (phase::OPENED, Direction::Egress) => {
            // The service speaks first: no HTTP, unless it answers a request that never came (408).
            if conn.plain != 0 && looks != Looks::Request {
                // The library was in use before it was watched: in the middle of a response.
                conn.phase = phase::OLDER;
            } else if looks != Looks::Response {
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
            if turned && advised(source).is_some_and(|a| a.flags & advice::flags::IGNORE != 0) {
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
fn still_wanted<S: Source>(source: S, conn: &mut Conn) -> bool {
    conn.turns = conn.turns.wrapping_add(1);
    if conn.turns.is_multiple_of(LOOK_EVERY)
        && advised(source).is_some_and(|a| a.flags & advice::flags::IGNORE != 0)
    {
        ignore(conn);
        return false;
    }
    true
}

#[inline(always)]
pub fn ignore(conn: &mut Conn) {
    conn.phase = phase::IGNORED;
    count::add(Counter::Ignored, 1);
}

#[inline(always)]
fn advised<S: Source>(source: S) -> Option<advice::Advice> {
    // SAFETY: the value is copied at once.
    unsafe { ADVICE.get(source.cookie()).copied() }
}

/// Which bytes of the payload are wanted: offset and length; length 0: none.
#[inline(always)]
fn wanted<S: Source>(
    source: S,
    half: &mut Half,
    direction: Direction,
    packet: &Packet,
    seq: u32,
    full: u32,
) -> (u32, u32) {
    if half.skip == 0 && half.budget == 0 {
        // Over the budget: has the agent said from where on it wants bytes again?
        if let Some(advice) = advised(source) {
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
        match packet::looks(source, packet) {
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
pub fn least(a: u32, b: u32) -> u32 {
    if a < b { a } else { b }
}

/// Who and when.
#[inline(always)]
pub fn fill<S: Source>(source: S, conn: &mut Conn, packet: &Packet, record: &mut RecordHeader) {
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
    if conn.fresh != 0 {
        conn.fresh = 0;
        record.flags |= flags::FRESH;
    }
    record.listener = conn.listener;
    record.cgroup = conn.cgroup;
    if conn.plain == 0 {
        record.pid = conn.client;
    }
    record.cookie = source.cookie();
    // SAFETY: a helper without arguments.
    record.ktime = unsafe { bpf_ktime_get_ns() };
}
