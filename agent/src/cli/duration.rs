//! Durations as people write and read them.

use std::time::Duration;

use crate::config::{NotADuration, parse_duration};

/// Reads `90s`, `10m`, `1h30m`, `7d`; a day has 24 hours.
pub fn parse(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text).map_err(|why| match why {
        NotADuration::Malformed => "expected something like 90s, 10m, 1h30m or 7d",
        NotADuration::Calendar => "months and years have no fixed length; write days, such as 365d",
    })?;
    if duration < Duration::from_secs(1) {
        return Err("a block lasts at least 1s".to_owned());
    }
    Ok(duration)
}

/// Writes the two largest units: `9m 12s`, `2d 3h`, `0s`.
pub fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts =
        [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let shown: Vec<String> = parts
        .iter()
        .skip(first)
        .take(2)
        .enumerate()
        .filter(|(at, (count, _))| *at == 0 || *count > 0)
        .map(|(_, (count, unit))| format!("{count}{unit}"))
        .collect();
    shown.join(" ")
}

/// How far one time is from another; zero when it is not after it.
pub fn between(from: jiff::Timestamp, to: jiff::Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        for (text, seconds) in
            [("90s", 90), ("10m", 600), ("1h30m", 5400), ("7d", 604_800), ("2w", 1_209_600)]
        {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "10", "ten minutes", "-5m", "0s", "1mo", "1y", "1h30", "∞"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_two_largest_units_are_written() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (552, "9m 12s"),
            (3600, "1h"),
            (3659, "1h"),
            (183_600, "2d 3h"),
        ] {
            assert_eq!(short(Duration::from_secs(seconds)), text);
        }
    }
}
