//! Times: how long ago, with the exact time on hover.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::{cli::duration, ui::frame::Frame};

/// How long ago. A script keeps it up to date, and writes the exact time in the viewer's zone.
pub fn ago(frame: &Frame, at: Timestamp) -> Markup {
    html! {
        time datetime=(format!("{at:.3}")) title=(exact(frame, at)) { (duration::ago(at, frame.now)) }
    }
}

/// Hour, minute and second, with the whole time on hover: for rows of one day.
pub fn clock(frame: &Frame, at: Timestamp) -> Markup {
    let local = at.to_zoned(frame.zone.clone());
    let today = local.date() == frame.now.to_zoned(frame.zone.clone()).date();
    let text = local.strftime(if today { "%H:%M:%S" } else { "%-d %b %H:%M:%S" }).to_string();
    html! { time.clock datetime=(format!("{at:.3}")) title=(exact(frame, at)) { (text) } }
}

/// A time to the second in the viewer's zone.
pub fn exact(frame: &Frame, at: Timestamp) -> String {
    at.to_zoned(frame.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// How long something took: `1h 5m`.
pub fn took(from: Timestamp, to: Timestamp) -> String {
    duration::short(duration::between(from, to))
}

/// Microseconds as people read them: `850 µs`, `12 ms`, `1.5 s`.
pub fn micros(micros: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    match micros {
        0..1000 => format!("{micros} µs"),
        1000..1_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{:.1} s", micros as f64 / 1_000_000.0),
    }
}
