//! How many by time: bars, stacked by the values of a facet.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::{Scale, WIDTH, number};
use crate::{
    api::types::{TimelineBucket, TimelineView},
    cli::screen::grouped,
    detect::Severity,
    ui::{frame::Frame, parts::range::Range, target::Target, terms},
};

/// Height of the drawing, in its own units.
const HEIGHT: f64 = 100.0;
/// Values that have a colour of their own; all others share one.
const COLOURS: usize = 6;

/// What the bars count, and where they lead.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Timeline<'t> {
    /// What is counted: `signals`.
    pub of: &'t str,
    /// The facet that bars are told apart by, as the query language calls it.
    pub by: &'t str,
    pub view: &'t TimelineView,
    pub range: &'t Range,
    /// The page that a click on a bar narrows.
    pub to: Target,
}

impl Timeline<'_> {
    /// The bars, their axis and their legend.
    pub fn show(&self, frame: &Frame) -> Markup {
        let Some(scale) = self.scale(frame) else {
            return html! { div.chart.nothing { p { "No " (self.of) " in this time" } } };
        };
        let values = self.values();
        let most = self.view.items.iter().map(|bucket| bucket.count).max().unwrap_or(0);
        let total: u64 = self.view.items.iter().map(|bucket| bucket.count).sum();
        let said = format!("{} {} in all, at most {} in one bar", grouped(total), self.of, grouped(most));
        let named: u64 = self.view.items.iter().flat_map(|bucket| bucket.values.values()).sum();
        let rest = named < total && !values.is_empty();
        let title = format!("{} over time", self.of);
        html! {
            figure.chart {
                div.plot {
                    span.most aria-hidden="true" { (grouped(most)) " " (self.of) " in " (self.width()) }
                    svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="group"
                        aria-label=(format!("{title}: {said}")) data-brush=(self.to)
                        data-from=(scale.from.as_millisecond()) data-to=(scale.to.as_millisecond()) {
                        desc { (said) }
                        line.grid x1="0" x2=(WIDTH) y1="0.5" y2="0.5" {}
                        line.grid x1="0" x2=(WIDTH) y1=(HEIGHT / 2.0) y2=(HEIGHT / 2.0) {}
                        @for bucket in &self.view.items { (self.bar(frame, bucket, &scale, &values, most)) }
                    }
                }
                div.axis aria-hidden="true" { @for label in scale.labels(&frame.zone) { span { (label) } } }
                @if !values.is_empty() { figcaption { (self.legend(&values, rest)) } }
            }
        }
    }

    /// From where to where; none: nothing to draw.
    fn scale(&self, frame: &Frame) -> Option<Scale> {
        let first = self.view.items.first().map(|bucket| bucket.start);
        let from = self.range.start.or(first)?;
        let to =
            self.range.end.min(frame.now).max(self.ends(self.view.items.last()?.start).min(self.range.end));
        (from < to).then_some(Scale { from, to })
    }

    /// How long a bar is, in words.
    fn width(&self) -> String {
        crate::cli::duration::short(std::time::Duration::from_secs(self.view.width_seconds))
    }

    fn ends(&self, start: Timestamp) -> Timestamp {
        let width = SignedDuration::from_secs(i64::try_from(self.view.width_seconds).unwrap_or(i64::MAX));
        start.checked_add(width).unwrap_or(Timestamp::MAX)
    }

    /// Values in the order in which they are stacked, each with its class.
    fn values(&self) -> Vec<(String, String)> {
        let mut sums: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
        for (value, count) in self.view.items.iter().flat_map(|bucket| &bucket.values) {
            *sums.entry(value).or_default() += count;
        }
        let mut values: Vec<(&str, u64)> = sums.into_iter().collect();
        if self.by == "severity" {
            let rank = |name: &str| Severity::ALL.iter().position(|severity| severity.name() == name);
            values.sort_by_key(|(name, _)| std::cmp::Reverse(rank(name)));
            return values.into_iter().map(|(name, _)| (name.to_owned(), format!("of-{name}"))).collect();
        }
        values.sort_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then(a.cmp(b)));
        let class = |at: usize| format!("of-{}", at.min(COLOURS));
        values.into_iter().enumerate().map(|(at, (name, _))| (name.to_owned(), class(at))).collect()
    }

    fn bar(
        &self,
        frame: &Frame,
        bucket: &TimelineBucket,
        scale: &Scale,
        values: &[(String, String)],
        most: u64,
    ) -> Markup {
        let end = self.ends(bucket.start);
        let (left, right) = (scale.place(bucket.start), scale.place(end));
        // A little air between bars; the shortest can still be seen.
        let width = ((right - left) * 0.86).max(3.0);
        let left = left.min(WIDTH - width);
        #[expect(clippy::cast_precision_loss, reason = "heights of a drawing")]
        let height = |count: u64| count as f64 / most.max(1) as f64 * (HEIGHT - 2.0);
        let mut top = HEIGHT;
        let mut parts = Vec::new();
        let mut named = 0;
        for (value, class) in values {
            let Some(count) = bucket.values.get(value).filter(|count| **count > 0) else { continue };
            named += count;
            top -= height(*count);
            parts.push((class.as_str(), top, height(*count)));
        }
        let rest = bucket.count.saturating_sub(named);
        if rest > 0 {
            top -= height(rest);
            // When nothing is told apart, the bars are no "other".
            let class = if values.is_empty() { "of-0" } else { "of-rest" };
            parts.push((class, top, height(rest)));
        }
        let when = crate::ui::parts::time::exact(frame, bucket.start);
        let mut said = format!("{when}: {} {}", grouped(bucket.count), self.of);
        for (value, count) in bucket.values.iter().filter(|(_, count)| **count > 0) {
            said.push_str(&format!("\n{}  {}", grouped(*count), crate::event::printable(value)));
        }
        let to = self.to.without("cursor").with("from", bucket.start).with("to", end);
        html! {
            a href=(to) tabindex="-1" {
                title { (said) }
                rect.hit x=(number(left)) y="0" width=(number((right - left).max(1.0))) height=(HEIGHT) {}
                @for (class, top, height) in &parts {
                    rect class=(class) x=(number(left)) y=(number(*top)) width=(number(width)) height=(number(*height)) {}
                }
            }
        }
    }

    fn legend(&self, values: &[(String, String)], rest: bool) -> Markup {
        let query = self.to.get("query").unwrap_or_default();
        html! {
            ul.legend {
                @for (value, class) in values {
                    li {
                        a href=(self.to.with("query", terms::with(query, &terms::term(self.by, value)))) {
                            span.swatch.(class) aria-hidden="true" {} (crate::event::printable(value))
                        }
                    }
                }
                @if rest { li { span.swatch.of-rest aria-hidden="true" {} " other" } }
            }
        }
    }
}
