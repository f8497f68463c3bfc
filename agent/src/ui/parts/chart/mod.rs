//! Pictures over time, as SVG made here: colours by classes, so that they follow the theme; a title and a description
//! for those who do not see them; links, so that a click narrows without a script.
//!
//! The numbers of the drawing are thousandths of its width; text stands beside it, as HTML, and is never stretched.

pub(in crate::ui) mod flow;
pub(in crate::ui) mod timeline;

use jiff::Timestamp;

/// Width of a drawing, in its own units.
pub const WIDTH: f64 = 1000.0;

/// A stretch of time, drawn from left to right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::ui) struct Scale {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Scale {
    /// Where a time stands; what is outside stands at the edge.
    pub fn place(&self, at: Timestamp) -> f64 {
        let whole = self.to.duration_since(self.from).as_secs_f64();
        if whole <= 0.0 {
            return 0.0;
        }
        (at.duration_since(self.from).as_secs_f64() / whole).clamp(0.0, 1.0) * WIDTH
    }

    /// Times at quarters, and how they are written: with the day when there are several, with milliseconds when they are
    /// within a few seconds. One where nothing lies between.
    pub fn labels(&self, zone: &jiff::tz::TimeZone) -> Vec<String> {
        let whole = self.to.duration_since(self.from);
        let format = match whole.as_secs() {
            0..4 => "%H:%M:%S.%3f",
            4..600 => "%H:%M:%S",
            600..86_401 => "%H:%M",
            86_401..864_000 => "%-d %b %H:%M",
            _ => "%-d %b",
        };
        let at = |quarter: i32| self.from.checked_add(whole / 4 * quarter).unwrap_or(self.to);
        let last = if whole.as_millis() < 4 { 0 } else { 4 };
        (0..=last).map(|quarter| at(quarter).to_zoned(zone.clone()).strftime(format).to_string()).collect()
    }
}

/// A number of a drawing.
pub fn number(number: f64) -> String {
    format!("{number:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_quarters_are_written_alike() {
        let from: Timestamp = "2026-11-23T19:07:47.25Z".parse().expect("a time");
        let labels = |ms: i64| {
            let to = from.checked_add(jiff::SignedDuration::from_millis(ms)).expect("a time");
            Scale { from, to }.labels(&jiff::tz::TimeZone::UTC)
        };
        for ms in [4, 5, 900, 3999, 4000, 60_000, 600_000, 86_400_000, 90_000_000, 864_000_000] {
            let mut labels = labels(ms);
            assert_eq!(labels.len(), 5);
            labels.dedup();
            assert_eq!(labels.len(), 5, "{ms}: {labels:?}");
        }
        assert_eq!(labels(0), ["19:07:47.250"]);
        assert_eq!(labels(1000).last().map(String::as_str), Some("19:07:48.250"));
    }
}
