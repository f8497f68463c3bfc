//! Ids of events: unique, and in the order of their times.
#![forbid(unsafe_code)]

use jiff::Timestamp;
use uuid::{Builder, Uuid};

/// Makes ids, one source per worker.
///
/// ```text
///  UUID version 7 (RFC 9562 section 5.7)
///  | 48: Unix milliseconds | 4: version | 12: fraction of it | 2: variant | 22: counter | 40: worker's random number |
/// ```
#[derive(Clone, Debug)]
pub struct EventIds {
    random: u64,
    counter: u32,
}

impl EventIds {
    /// With the worker's own random number, of which the lower 40 bits count.
    #[must_use]
    pub fn new(random: u64) -> Self {
        Self { random: random & ((1 << 40) - 1), counter: 0 }
    }

    /// The next id, for an event of this time.
    pub fn next(&mut self, time: Timestamp) -> Uuid {
        self.counter = (self.counter + 1) & 0x3f_ffff;
        let nanoseconds = u128::try_from(time.as_nanosecond()).unwrap_or(0);
        let millis = u64::try_from(nanoseconds / 1_000_000).unwrap_or(u64::MAX);
        // 1/4096ths of a millisecond (section 6.2, method 3).
        let fraction = u16::try_from(nanoseconds % 1_000_000 * 4096 / 1_000_000).unwrap_or(0xfff);
        let tail = u64::from(self.counter) << 40 | self.random;
        let [a, b] = fraction.to_be_bytes();
        let [c, d, e, f, g, h, i, j] = tail.to_be_bytes();
        Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j]).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_in_the_order_of_their_times() {
        let start = Timestamp::from_nanosecond(1_763_786_000_123_456_789).unwrap();
        let (mut one, mut other) = (EventIds::new(1), EventIds::new(2));
        let mut ids = Vec::new();
        for step in 0..5_000 {
            // Three ids of one worker in the same nanosecond, and one of another.
            let time = Timestamp::from_nanosecond(start.as_nanosecond() + step * 300).unwrap();
            ids.extend([one.next(time), one.next(time), one.next(time)]);
            assert_ne!(other.next(time), one.clone().next(time));
        }
        assert!(ids.is_sorted());
        ids.dedup();
        assert_eq!(ids.len(), 15_000);
        let id = ids.first().unwrap();
        assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        assert_eq!(id.get_timestamp().unwrap().to_unix(), (1_763_786_000, 123_000_000));
    }
}
