//! Which stretch of time is looked at.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::{query::Moment, ui::frame::Frame};

/// Stretches that are one click away.
const STRETCHES: [(&str, &str); 6] =
    [("-15m", "15m"), ("-1h", "1h"), ("-6h", "6h"), ("-1d", "24h"), ("-7d", "7d"), ("-30d", "30d")];

/// A stretch of time: as it was asked for, and what it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Range {
    /// As the API and the command line take it; empty: as far as there is something.
    pub from: String,
    /// Likewise; empty: now.
    pub to: String,
    pub start: Option<Timestamp>,
    pub end: Timestamp,
}

impl Range {
    /// What the URL says; else from some time on. What is no time is for the API to complain about.
    pub fn of(frame: &Frame, default: &str) -> Self {
        let from = frame.here.get("from").unwrap_or(default).to_owned();
        let to = frame.here.get("to").unwrap_or_default().to_owned();
        let moment = |text: &str| text.parse::<Moment>().ok().map(|moment| moment.at(frame.now));
        let (start, end) = (moment(&from), moment(&to).unwrap_or(frame.now));
        Self { from, to, start, end }
    }
}

/// The choice of it.
pub fn choice(frame: &Frame, range: &Range) -> Markup {
    let here = frame.here.without("cursor").without("to");
    html! {
        div.range role="group" aria-label="Time" {
            @for (from, name) in STRETCHES {
                @let current = range.to.is_empty() && range.from == from;
                a href=(here.with("from", from)) aria-current=[current.then_some("true")] { (name) }
            }
            details.custom {
                @let custom = !range.to.is_empty() || !STRETCHES.iter().any(|(from, _)| range.from == *from);
                summary.current[custom] { @if custom { (said(frame, range)) } @else { "Custom" } }
                form.panel method="get" action=(here.path()) {
                    @for (name, value) in here.parameters().filter(|(name, _)| *name != "from") {
                        input type="hidden" name=(name) value=(value);
                    }
                    label.field { span { "From" } input type="text" name="from" value=(range.from) placeholder="-3h"; }
                    label.field { span { "To" } input type="text" name="to" value=(range.to) placeholder="now"; }
                    p.hint { "-90m, -3h, -2d, or a time such as 2026-11-22T04:40:00Z" }
                    button.button.primary { "Show" }
                }
            }
        }
    }
}

/// A stretch that was not one click away, in words.
fn said(frame: &Frame, range: &Range) -> String {
    let Some(start) = range.start else { return "all".to_owned() };
    let short = |at: Timestamp| at.to_zoned(frame.zone.clone()).strftime("%-d %b %H:%M").to_string();
    format!("{} – {}", short(start), if range.to.is_empty() { "now".to_owned() } else { short(range.end) })
}
