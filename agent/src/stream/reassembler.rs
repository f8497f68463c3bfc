//! One direction of a connection.

use super::{
    Piece, StreamStats,
    queue::{Held, Queue},
};
use crate::{
    capture::record::{Hole, Segment},
    limits,
    time::Ktime,
};

/// Sequence numbers further away than this from where a direction is are not believed at once:
/// no TCP window is larger (RFC 7323 section 2.3: at most 1 GiB).
const PLAUSIBLE: u32 = 1 << 30;

/// Bounds of one direction.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes held out of order.
    pub out_of_order_bytes: usize,
    /// Segments held out of order.
    pub out_of_order_segments: usize,
    /// How long a hole is waited for, nanoseconds.
    pub hole_timeout: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            out_of_order_bytes: limits::OUT_OF_ORDER_BYTES,
            out_of_order_segments: limits::OUT_OF_ORDER_SEGMENTS,
            hole_timeout: limits::HOLE_TIMEOUT,
        }
    }
}

/// Puts the segments of one direction in order.
///
/// The first segment seen fixes where the direction starts. A segment that is in order, with
/// nothing held, is handed on as the borrowed slice it came as; only what comes out of order is
/// copied.
#[derive(Debug)]
pub struct Reassembler {
    limits: Limits,
    /// Sequence number of the next byte to hand on; `None` before the first segment.
    next: Option<u32>,
    queue: Queue,
    /// Sequence number of the FIN.
    fin: Option<u32>,
    /// Where the last implausible segment ended: if the next one continues there, the direction
    /// really is there.
    jumped_to: Option<u32>,
}

impl Reassembler {
    /// A direction of which nothing was seen yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, next: None, queue: Queue::default(), fin: None, jumped_to: None }
    }

    /// Takes a segment and hands on what is now in order.
    pub fn push(
        &mut self,
        segment: &Segment<'_>,
        now: Ktime,
        stats: &mut StreamStats,
        mut sink: impl FnMut(Piece<'_>),
    ) {
        stats.segments += 1;
        let wire_len = segment.wire_len.max(u32::try_from(segment.data.len()).unwrap_or(u32::MAX));
        let Some(next) = self.next else {
            self.next = Some(segment.seq);
            if let Some(hole) = segment.hole {
                gap(0, hole, stats, &mut sink);
            }
            self.deliver(segment.seq, segment.data, wire_len, stats, &mut sink);
            self.note_fin(segment, wire_len);
            return;
        };
        if segment.seq == next && self.queue.is_empty() {
            self.jumped_to = None;
            self.deliver(next, segment.data, wire_len, stats, &mut sink);
            self.note_fin(segment, wire_len);
            return;
        }
        self.push_slow(segment, wire_len, next, now, stats, &mut sink);
    }

    fn push_slow(
        &mut self,
        segment: &Segment<'_>,
        wire_len: u32,
        next: u32,
        now: Ktime,
        stats: &mut StreamStats,
        sink: &mut impl FnMut(Piece<'_>),
    ) {
        let seq = segment.seq;
        let ahead = seq.wrapping_sub(next);
        let behind = next.wrapping_sub(seq);
        if ahead <= PLAUSIBLE {
            self.jumped_to = None;
            if let Some(hole) = segment.hole {
                self.give_up_before(seq, hole, stats, sink);
            }
        } else if behind > PLAUSIBLE {
            // More than a window away both ways. The tap says when it skipped that much on
            // purpose; anyone else has to show that the direction goes on there.
            let continues = self.jumped_to == Some(seq);
            if segment.hole.is_none() && !continues {
                stats.implausible += 1;
                self.jumped_to = Some(seq.wrapping_add(wire_len));
                return;
            }
            self.flush(stats, sink);
            if continues {
                stats.resynchronised += 1;
            }
            self.jumped_to = None;
            self.give_up_before(seq, segment.hole.unwrap_or(Hole::Lost), stats, sink);
        }
        self.note_fin(segment, wire_len);
        if wire_len == 0 {
            return;
        }
        let next = self.next.unwrap_or(seq);
        let ahead = seq.wrapping_sub(next);
        if ahead == 0 || ahead > PLAUSIBLE {
            self.deliver(seq, segment.data, wire_len, stats, sink);
            self.drain(stats, sink);
            return;
        }
        let held = Held { seq, data: segment.data.into(), wire_len, at: now };
        self.queue.insert(held, next, stats);
        while self.queue.bytes() > self.limits.out_of_order_bytes
            || self.queue.len() > self.limits.out_of_order_segments
        {
            stats.over_cap += 1;
            self.give_up_first(stats, sink);
        }
    }

    /// Gives up holes that stood open for longer than the limit. Call it now and then while
    /// [`held`](Self::held) is not 0.
    pub fn expire(&mut self, now: Ktime, stats: &mut StreamStats, mut sink: impl FnMut(Piece<'_>)) {
        while self.queue.oldest().is_some_and(|at| now.saturating_sub(at) >= self.limits.hole_timeout) {
            stats.hole_timeouts += 1;
            self.give_up_first(stats, &mut sink);
        }
    }

    /// The connection is closed: hands on what is held, with gaps where bytes are missing.
    pub fn finish(&mut self, stats: &mut StreamStats, mut sink: impl FnMut(Piece<'_>)) {
        self.flush(stats, &mut sink);
        if let (Some(next), Some(fin)) = (self.next, self.fin) {
            let missing = fin.wrapping_sub(next);
            if missing > 0 && missing <= PLAUSIBLE {
                gap(missing, Hole::Lost, stats, &mut sink);
                self.next = Some(fin);
            }
        }
    }

    /// Memory held for segments out of order, bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        self.queue.bytes()
    }

    /// Sequence number of the next byte to be handed on, once a segment was seen.
    #[must_use]
    pub fn next_seq(&self) -> Option<u32> {
        self.next
    }

    /// The sender has closed this direction, and all of it was handed on.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.fin.is_some() && self.fin == self.next
    }

    fn note_fin(&mut self, segment: &Segment<'_>, wire_len: u32) {
        if segment.fin {
            self.fin = Some(segment.seq.wrapping_add(wire_len));
        }
    }

    /// Hands on what of a segment is new; `seq` is not after `next`.
    fn deliver(
        &mut self,
        seq: u32,
        data: &[u8],
        wire_len: u32,
        stats: &mut StreamStats,
        sink: &mut impl FnMut(Piece<'_>),
    ) {
        let next = self.next.unwrap_or(seq);
        let old = next.wrapping_sub(seq);
        if old >= wire_len {
            stats.retransmitted += u64::from(wire_len);
            return;
        }
        if old > 0 {
            stats.retransmitted += u64::from(old);
            stats.overlaps += 1;
        }
        self.next = Some(seq.wrapping_add(wire_len));
        let fresh = data.get(old as usize..).unwrap_or_default();
        if !fresh.is_empty() {
            stats.bytes += fresh.len() as u64;
            sink(Piece::Data(fresh));
        }
        let missing = (wire_len - old) - u32::try_from(fresh.len()).unwrap_or(u32::MAX);
        if missing > 0 {
            gap(missing, Hole::Skipped, stats, sink);
        }
    }

    /// Hands on held segments as long as there is no hole before them.
    fn drain(&mut self, stats: &mut StreamStats, sink: &mut impl FnMut(Piece<'_>)) {
        while let (Some(next), Some(seq)) = (self.next, self.queue.front_seq()) {
            let ahead = seq.wrapping_sub(next);
            if ahead != 0 && ahead <= PLAUSIBLE {
                return;
            }
            if let Some(held) = self.queue.pop_front() {
                self.deliver(held.seq, &held.data, held.wire_len, stats, sink);
            }
        }
    }

    /// Gives up the first hole.
    fn give_up_first(&mut self, stats: &mut StreamStats, sink: &mut impl FnMut(Piece<'_>)) {
        if let Some(seq) = self.queue.front_seq() {
            self.jump(seq, Hole::Lost, stats, sink);
            self.drain(stats, sink);
        }
    }

    /// Gives up every hole.
    fn flush(&mut self, stats: &mut StreamStats, sink: &mut impl FnMut(Piece<'_>)) {
        while !self.queue.is_empty() {
            self.give_up_first(stats, sink);
        }
    }

    /// Gives up every hole before `seq`: nothing will fill them.
    fn give_up_before(
        &mut self,
        seq: u32,
        hole: Hole,
        stats: &mut StreamStats,
        sink: &mut impl FnMut(Piece<'_>),
    ) {
        while let (Some(next), Some(front)) = (self.next, self.queue.front_seq()) {
            if front.wrapping_sub(next) > seq.wrapping_sub(next) {
                break;
            }
            self.jump(front, hole, stats, sink);
            self.drain(stats, sink);
            if self.next.is_some_and(|next| seq.wrapping_sub(next) > PLAUSIBLE) {
                return; // what was held reaches beyond it
            }
        }
        self.jump(seq, hole, stats, sink);
    }

    fn jump(&mut self, to: u32, hole: Hole, stats: &mut StreamStats, sink: &mut impl FnMut(Piece<'_>)) {
        let missing = to.wrapping_sub(self.next.unwrap_or(to));
        if missing > 0 {
            gap(missing, hole, stats, sink);
            self.next = Some(to);
        }
    }
}

fn gap(len: u32, hole: Hole, stats: &mut StreamStats, sink: &mut impl FnMut(Piece<'_>)) {
    match hole {
        Hole::Skipped => stats.gaps_skipped += 1,
        Hole::Lost => stats.gaps_lost += 1,
    }
    sink(Piece::Gap { len, skipped: hole == Hole::Skipped });
}
