//! Times as people write them: `now`, `-15m`, `2026-11-22T04:40:00Z`.

use std::{fmt, str::FromStr, time::Duration};

use jiff::Timestamp;

use crate::config::{NotADuration, parse_duration};

/// A moment; one that depends on now is not fixed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// `now`
    Now,
    /// `-1h`: so long before now.
    Ago(Duration),
    /// RFC 3339, with its offset from UTC.
    At(Timestamp),
}

/// Why a text is no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAMoment {
    /// It looks like a duration.
    #[error("{0:?} is not a time: expected now, -15m, -1h, -7d or a time such as 2026-11-22T04:40:00Z")]
    Malformed(String),
    /// Months or years before now.
    #[error("months and years have no fixed length; write days, such as -365d")]
    Calendar,
}

impl Moment {
    /// The time it is, with the time that is now. What is before the earliest or behind the latest
    /// [`Timestamp`] is that one.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Now => now,
            Self::Ago(ago) => now.saturating_sub(ago).unwrap_or(Timestamp::MIN),
            Self::At(time) => time,
        }
    }
}

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        let text = text.trim();
        let malformed = || NotAMoment::Malformed(text.chars().take(64).collect());
        if text == "now" {
            return Ok(Self::Now);
        }
        if let Some(ago) = text.strip_prefix('-') {
            return match parse_duration(ago) {
                // What is before now is said once.
                _ if !ago.starts_with(|c: char| c.is_ascii_digit()) => Err(malformed()),
                Ok(ago) => Ok(Self::Ago(ago)),
                Err(NotADuration::Calendar) => Err(NotAMoment::Calendar),
                Err(NotADuration::Malformed) => Err(malformed()),
            };
        }
        text.parse().map(Self::At).map_err(|_| malformed())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::Ago(ago) if ago.subsec_nanos() == 0 => write!(f, "-{}s", ago.as_secs()),
            Self::Ago(ago) => write!(f, "-{}ns", ago.as_nanos()),
            Self::At(time) => time.fmt(f),
        }
    }
}
