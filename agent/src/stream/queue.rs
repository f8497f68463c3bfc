//! Segments held because something before them is missing.

use std::collections::VecDeque;

use super::StreamStats;
use crate::time::Ktime;

/// A segment out of order, with a copy of its bytes.
#[derive(Debug)]
pub(super) struct Held {
    /// Sequence number of the first byte.
    pub seq: u32,
    /// The bytes that were captured.
    pub data: Box<[u8]>,
    /// Bytes it stands for, `>= data.len()`.
    pub wire_len: u32,
    /// When it came.
    pub at: Ktime,
}

impl Held {
    /// Memory it takes, bytes.
    fn size(&self) -> usize {
        self.data.len() + size_of::<Self>()
    }
}

/// The out-of-order queue, sorted by sequence number.
///
/// Which bytes win where segments overlap follows Linux (`tcp_data_queue_ofo` and
/// `tcp_ofo_queue` in `net/ipv4/tcp_input.c`, 4.18 and later), because the service reads what its
/// kernel delivers:
///
/// - a segment that lies wholly within one that is held is dropped;
/// - a segment that covers held ones wholly replaces them;
/// - of two that overlap in part both are kept, and the one that starts earlier wins the common
///   bytes when they are delivered.
#[derive(Debug, Default)]
pub(super) struct Queue {
    held: VecDeque<Held>,
    bytes: usize,
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Memory held, bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the oldest of the held segments came.
    pub fn oldest(&self) -> Option<Ktime> {
        self.held.iter().map(|h| h.at).min()
    }

    /// Sequence number of the first held byte.
    pub fn front_seq(&self) -> Option<u32> {
        self.held.front().map(|h| h.seq)
    }

    pub fn pop_front(&mut self) -> Option<Held> {
        let first = self.held.pop_front()?;
        self.bytes -= first.size();
        if self.held.is_empty() {
            self.held = VecDeque::new();
        }
        Some(first)
    }

    /// Inserts a segment that starts after `next`, the sequence number the direction is at.
    pub fn insert(&mut self, mut new: Held, next: u32, stats: &mut StreamStats) {
        // Everything held lies within 2 GiB after `next`: offsets from it order what wraps.
        let offset = |seq: u32| u64::from(seq.wrapping_sub(next));
        let end = |h: &Held| offset(h.seq) + u64::from(h.wire_len);
        let (new_start, new_end) = (offset(new.seq), end(&new));

        let mut at = self.held.partition_point(|h| offset(h.seq) <= new_start);
        let mut overlaps = false;
        // An earlier start may reach over all of the new one, and not only the nearest one's.
        if self.held.range(..at).any(|h| end(h) >= new_end) {
            stats.retransmitted += u64::from(new.wire_len);
            return;
        }
        if let Some(before) = at.checked_sub(1).and_then(|i| self.held.get(i)) {
            if offset(before.seq) == new_start {
                at -= 1; // covered wholly: the loop below replaces it
            } else {
                overlaps |= end(before) > new_start;
            }
        }
        while let Some(h) = self.held.get(at) {
            if offset(h.seq) >= new_end {
                break;
            }
            if end(h) > new_end {
                overlaps = true;
                break;
            }
            stats.retransmitted += u64::from(h.wire_len);
            new.at = new.at.min(h.at);
            self.bytes -= h.size();
            self.held.remove(at);
        }
        stats.overlaps += u64::from(overlaps);
        stats.out_of_order += 1;
        self.bytes += new.size();
        self.held.insert(at, new);
    }
}
