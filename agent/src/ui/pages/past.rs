//! The past of an actor or user: their events over time, their signals, their latest requests.

use maud::{Markup, html};

use crate::{
    api::{ApiError, types::TimelineView},
    detect::Signal,
    event::Event,
    ui::{
        frame::Frame,
        pages::events,
        parts::{badge, chart::timeline::Timeline, link, range::Range, table::table, time},
        target::Target,
        visit::{Rows, Visit},
    },
};

/// From when on, unless asked otherwise.
const SINCE: &str = "-7d";

/// What somebody did.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Past {
    /// Takes their events, and their signals.
    term: String,
    /// What bars are told apart by.
    by: &'static str,
    range: Range,
    timeline: TimelineView,
    events: Rows<Event>,
    signals: Rows<Signal>,
}

/// The time that is looked at.
pub(in crate::ui) fn range(frame: &Frame) -> Range {
    Range::of(frame, SINCE)
}

impl Past {
    /// Of whom a term takes.
    pub async fn of(visit: &Visit, term: String, range: &Range) -> Result<Self, ApiError> {
        let (query, within) = (("query", term.as_str()), visit.within());
        let (from, to) = (("from", range.from.as_str()), ("to", range.to.as_str()));
        let (timeline, events, signals) = tokio::join!(
            visit.get(
                "/v1/events/timeline",
                &[("by", "@rule.type"), query, from, to, ("buckets", "100"), within]
            ),
            visit.rows("/v1/events", &[query, from, to, ("limit", "25")]),
            visit.rows("/v1/signals", &[query, ("limit", "10")]),
        );
        let (timeline, events, signals) = (timeline?, events?, signals?);
        Ok(Self { term, by: "@rule.type", range: range.clone(), timeline, events, signals })
    }

    /// The same without signals: of what signals are not about.
    pub async fn of_events(visit: &Visit, term: String, range: &Range) -> Result<Self, ApiError> {
        let (query, within) = (("query", term.as_str()), visit.within());
        let (from, to) = (("from", range.from.as_str()), ("to", range.to.as_str()));
        let (timeline, events) = tokio::join!(
            visit.get(
                "/v1/events/timeline",
                &[("by", "service"), query, from, to, ("buckets", "100"), within]
            ),
            visit.rows("/v1/events", &[query, from, to, ("limit", "25")]),
        );
        let (timeline, events) = (timeline?, events?);
        let signals = Rows::NONE;
        Ok(Self { term, by: "service", range: range.clone(), timeline, events, signals })
    }

    pub fn show(&self, frame: &Frame) -> Markup {
        html! { (self.times(frame)) (self.latest(frame)) }
    }

    /// All their events.
    fn all(&self) -> Target {
        Target::new("/events")
            .with("query", &self.term)
            .with("from", &self.range.from)
            .with("to", &self.range.to)
    }

    /// Events over time, and signals.
    pub fn times(&self, frame: &Frame) -> Markup {
        let timeline =
            Timeline { of: "events", by: self.by, view: &self.timeline, range: &self.range, to: self.all() };
        html! {
            section.card { header { h2 { "Events over time" } } (timeline.show(frame)) }
            @if !self.signals.items.is_empty() {
                section.card { header { h2 { "Signals" } } (feed(frame, &self.signals.items)) }
            }
        }
    }

    /// The latest requests.
    pub fn latest(&self, frame: &Frame) -> Markup {
        html! {
            section.card {
                header { h2 { "Latest requests" } a href=(self.all()) { "All events" } }
                (self.events.note())
                @if self.events.items.is_empty() { p.hint { "None in this time." } } @else {
                    (table("Latest requests", &events::heads(frame), &html! { @for event in &self.events.items { (events::row(frame, event)) } }))
                }
            }
        }
    }
}

/// Signals, a few.
pub(in crate::ui) fn feed(frame: &Frame, signals: &[Signal]) -> Markup {
    html! {
        ul.feed {
            @for signal in signals {
                li data-id=(signal.id) {
                    (badge::severity(signal.severity))
                    div.what {
                        a href=(link::signal(&signal.id)) { (link::text(&signal.title)) }
                        p {
                            (link::several(&signal.services, 2, link::text)) " · "
                            (link::several(&signal.actors, 1, link::address))
                        }
                    }
                    (badge::status(signal))
                    (time::ago(frame, signal.last_seen))
                }
            }
        }
    }
}

/// Names; empty when there are none, so that the fact is left out.
pub(in crate::ui) fn several(names: &[String], show: impl Fn(&str) -> Markup) -> Markup {
    if names.is_empty() {
        html! {}
    } else {
        link::several(names, 6, show)
    }
}

/// When nothing is known.
pub(in crate::ui) fn nothing() -> Markup {
    html! { p.hint { "No events of this time are stored. Choose a longer time." } }
}
