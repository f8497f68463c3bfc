//! From the kernel's clock to the wall's.
#![forbid(unsafe_code)]

use jiff::Timestamp;

use crate::time::Ktime;

/// Turns record times into wall clock times, by readings of both clocks taken at the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallClock {
    /// Wall clock minus `CLOCK_MONOTONIC`, nanoseconds.
    offset: i128,
}

impl WallClock {
    /// From one moment on both clocks. Take a new reading now and then: the wall clock is set and slewed.
    #[must_use]
    pub fn new(wall: Timestamp, monotonic: Ktime) -> Self {
        Self { offset: wall.as_nanosecond() - i128::from(monotonic) }
    }

    /// The wall clock time of a moment; at the end of what a [`Timestamp`] holds (year 9999) it stays there.
    #[must_use]
    pub fn at(&self, time: Ktime) -> Timestamp {
        Timestamp::from_nanosecond(self.offset + i128::from(time)).unwrap_or(Timestamp::MAX)
    }
}

/// RFC 3339 in UTC with nine digits after the second.
pub(super) mod rfc3339 {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{time:.9}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::deserialize(deserializer)
    }
}
