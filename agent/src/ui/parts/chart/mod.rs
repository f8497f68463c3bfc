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

    /// Times at quarters, and how they are written: with the day when there are several.
    pub fn labels(&self, zone: &jiff::tz::TimeZone) -> Vec<String> {
        let whole = self.to.duration_since(self.from);
        let format = match whole.as_secs() {
            0..600 => "%H:%M:%S",
            600..86_401 => "%H:%M",
            86_401..864_000 => "%-d %b %H:%M",
            _ => "%-d %b",
        };
        let at = |quarter: i32| self.from.checked_add(whole / 4 * quarter).unwrap_or(self.to);
        (0..=4).map(|quarter| at(quarter).to_zoned(zone.clone()).strftime(format).to_string()).collect()
    }
}

/// A number of a drawing.
pub fn number(number: f64) -> String {
    format!("{number:.1}")
}
