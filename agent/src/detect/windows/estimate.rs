//! How many different values came, when they are too many to be known one by one (HyperLogLog).

use serde::{Deserialize, Serialize};

use super::{Hash, buckets::inside};
use crate::limits;

/// Bits of a hash that choose a register.
const BITS: u32 = 10;
const REGISTERS: usize = 1 << BITS;
/// Ranks of the other bits of a hash; one more for those that are all zero.
const RANKS: usize = 64 - BITS as usize;
/// Standard error of an estimate: 1.04 / sqrt(1024) (Flajolet et al., HyperLogLog, 2007).
pub const STANDARD_ERROR: f64 = 0.0325;

/// Registers by bucket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    buckets: Vec<(u32, Vec<u8>)>,
    /// What they were last asked for, kept up to date: looking through all of them is dear.
    #[serde(skip)]
    last: Option<Box<Ranks>>,
}

/// How many registers have each rank, in the newest buckets taken together.
#[derive(Clone, Debug, PartialEq)]
struct Ranks {
    /// Seen from which bucket, and how many of them.
    now: u32,
    buckets: u32,
    of_rank: [u16; RANKS + 2],
    /// How many values that is, if it was asked for since they changed.
    count: Option<f64>,
}

impl Estimate {
    /// A value came.
    pub(super) fn add(&mut self, value: Hash, bucket: u32, now: u32, window: u32) {
        // The upper bits choose, the zeros at the front of the rest are counted.
        let register = usize::try_from(value >> (64 - BITS)).unwrap_or(0);
        let rank = ((value << BITS) | (1 << (BITS - 1))).leading_zeros() + 1;
        let rank = u8::try_from(rank).unwrap_or(u8::MAX);
        let Self { buckets, last } = self;
        let at = buckets.iter().rposition(|(known, _)| *known == bucket).unwrap_or_else(|| {
            buckets.retain(|(known, _)| inside(*known, now, window));
            buckets.push((bucket, vec![0; REGISTERS]));
            *last = None;
            buckets.len() - 1
        });
        let known = buckets.get(at).and_then(|(_, registers)| registers.get(register)).copied();
        if known.is_none_or(|known| known >= rank) {
            return;
        }
        if let Some(ranks) = last.as_mut().filter(|ranks| inside(bucket, ranks.now, ranks.buckets)) {
            let counted = buckets.iter().filter(|(known, _)| inside(*known, ranks.now, ranks.buckets));
            let most = counted.filter_map(|(_, registers)| registers.get(register)).max().copied();
            ranks.rise(most.unwrap_or(0), rank);
        }
        if let Some(known) = buckets.get_mut(at).and_then(|(_, registers)| registers.get_mut(register)) {
            *known = rank;
        }
    }

    /// How many there are in the newest buckets.
    pub(super) fn count(&mut self, now: u32, buckets: u32) -> f64 {
        if self.last.as_ref().is_none_or(|last| (last.now, last.buckets) != (now, buckets)) {
            self.last = Some(Box::new(Ranks::new(&self.buckets, now, buckets)));
        }
        self.last.as_mut().map_or(0.0, |last| last.count())
    }

    /// Bytes on the heap.
    pub(super) fn heap(&self) -> usize {
        self.buckets.len() * REGISTERS
            + self.buckets.capacity() * size_of::<(u32, Vec<u8>)>()
            + self.last.as_ref().map_or(0, |_| size_of::<Ranks>())
    }

    /// What a saved state has to keep to.
    pub(super) fn is_sound(&self) -> bool {
        self.buckets.len() as u64 <= limits::DETECT_BUCKETS
            && self.buckets.iter().all(|(_, registers)| registers.len() == REGISTERS)
    }
}

impl Ranks {
    fn new(all: &[(u32, Vec<u8>)], now: u32, buckets: u32) -> Self {
        let mut union = [0_u8; REGISTERS];
        for (_, registers) in all.iter().filter(|(bucket, _)| inside(*bucket, now, buckets)) {
            for (most, rank) in union.iter_mut().zip(registers) {
                *most = (*most).max(*rank);
            }
        }
        let mut of_rank = [0; RANKS + 2];
        for rank in union {
            if let Some(count) = of_rank.get_mut(usize::from(rank).min(RANKS + 1)) {
                *count += 1;
            }
        }
        Self { now, buckets, of_rank, count: None }
    }

    /// A register whose rank was `from` has `to` if that is more.
    fn rise(&mut self, from: u8, to: u8) {
        if to <= from {
            return;
        }
        if let Some(count) = self.of_rank.get_mut(usize::from(from).min(RANKS + 1)) {
            *count = count.saturating_sub(1);
        }
        if let Some(count) = self.of_rank.get_mut(usize::from(to).min(RANKS + 1)) {
            *count += 1;
        }
        self.count = None;
    }

    fn count(&mut self) -> f64 {
        *self.count.get_or_insert_with(|| estimate(&self.of_rank))
    }
}

/// Ertl's improved raw estimate (New cardinality estimation algorithms for `HyperLogLog` sketches, 2017, algorithm 6):
/// right for few and for many values without tables.
fn estimate(of_rank: &[u16; RANKS + 2]) -> f64 {
    let all = f64::from(1_u32 << BITS);
    let share = |rank: usize| f64::from(of_rank.get(rank).copied().unwrap_or(0)) / all;
    let mut sum = all * tau(1.0 - share(RANKS + 1));
    for rank in (1..=RANKS).rev() {
        sum = 0.5 * (sum + all * share(rank));
    }
    sum += all * sigma(share(0));
    if sum.is_finite() { (all * all / (2.0 * std::f64::consts::LN_2 * sum)).round() } else { 0.0 }
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * y;
        y += y;
        if sum <= before {
            return sum;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        y *= 0.5;
        sum -= (1.0 - x).powi(2) * y;
        if sum >= before {
            return sum / 3.0;
        }
    }
}
