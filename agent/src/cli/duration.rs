//! Durations as people write and read them.

use std::time::Duration;

use jiff::Timestamp;

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
pub fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// How long ago something was, in its largest unit: `12 s ago`, `3 min ago`, `5 h ago`, `4 d ago`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let (gone, to_come) = (between(at, now).as_secs(), between(now, at).as_secs());
    match (gone, to_come) {
        (0, 0) => "now".to_owned(),
        (0, to_come) => format!("in {}", rough(to_come)),
        (gone, _) => format!("{} ago", rough(gone)),
    }
}

fn rough(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        // "1 d" would hide most of a day.
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A time to the second, in UTC.
pub fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
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
    fn ago_has_one_unit() {
        let now: Timestamp = "2026-01-02T03:09:05Z".parse().expect("time");
        for (seconds, text) in [
            (0, "now"),
            (12, "12 s ago"),
            (59, "59 s ago"),
            (60, "1 min ago"),
            (3599, "59 min ago"),
            (7200, "2 h ago"),
            (172_799, "47 h ago"),
            (172_800, "2 d ago"),
            (-90, "in 1 min"),
        ] {
            let at = now.checked_sub(jiff::SignedDuration::from_secs(seconds)).expect("in range");
            assert_eq!(ago(at, now), text);
        }
        assert_eq!(exact(now), "2026-01-02 03:09:05Z");
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
