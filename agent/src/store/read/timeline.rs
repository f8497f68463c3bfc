//! How many, and when: all events, and those of the most frequent values of a facet.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Row, types::ValueRef};
use serde::Serialize;

use super::{
    super::{
        error::ReadError,
        sql::{FacetExpression, Sql},
    },
    Between, FacetValue, Reach, Reader,
    question::Question,
    tally::stretch,
    values::first,
    walk::walk,
};
use crate::limits;

/// Widths of a timeline's stretches, seconds. Half an hour and half a day are left out: an hour and a day are counted
/// already, and what they are summed up of is fifty times as much.
const WIDTHS: [i64; 14] =
    [1, 5, 10, 30, 60, 300, 600, 3600, 10_800, 21_600, 86_400, 604_800, 2_592_000, 31_536_000];

/// Nanoseconds of the longest of them.
const LONGEST: i64 = 31_536_000_000_000_000;

/// How many events there are in each stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// Length of a stretch, nanoseconds: a round one, at least what was asked for.
    pub width: i64,
    /// Starts (nanoseconds since the epoch, multiples of the width) and events, the oldest first; those
    /// without any are left out.
    pub points: Vec<(i64, i64)>,
    /// The same of the most frequent values of a facet, the most frequent first; an event counts for each of its values.
    pub series: Vec<Series>,
    /// How far it was counted.
    #[serde(flatten)]
    pub reach: Reach,
}

/// Events with a value, in each stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Series {
    /// The value.
    pub value: FacetValue,
    /// As those of the timeline.
    pub points: Vec<(i64, i64)>,
}

/// Events by the start of their stretch.
type Points = BTreeMap<i64, i64>;

impl Reader {
    /// Counts events by time, in at most about `points` stretches of the time asked for (without a start or an end, of the
    /// time from which there are events); and those of the most frequent values of a facet, at
    /// most so many.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn timeline(
        &self,
        condition: &Sql,
        between: Between,
        points: usize,
        by: Option<(&FacetExpression, usize)>,
    ) -> Result<Timeline, ReadError> {
        self.timeline_holding(condition, between, points, by, limits::STORE_TIMELINE_HELD)
    }

    /// The same, with so many points of values held at most.
    pub(in super::super) fn timeline_holding(
        &self,
        condition: &Sql,
        between: Between,
        points: usize,
        by: Option<(&FacetExpression, usize)>,
        most_held: usize,
    ) -> Result<Timeline, ReadError> {
        let draw = |lines: &mut Lines<'_>| self.draw(condition, between, points, lines);
        let frequent =
            |facet: &FacetExpression, most| Ok(self.facet(condition, facet, between, most)?.values);
        let (lines, series, (width, reach)) = Lines::drawn(by, most_held, draw, frequent)?;
        Ok(Timeline { width, points: lines.points(), series, reach })
    }

    /// Counts into lines. Gives the width of their stretches.
    fn draw(
        &self,
        condition: &Sql,
        between: Between,
        points: usize,
        lines: &mut Lines<'_>,
    ) -> Result<(i64, Reach), ReadError> {
        self.ask(|db, deadline| {
            let stretch = stretch(db, between)?;
            // Of the time that was asked for: what happened within a minute of a day is one bar of that day.
            let from = between.from.unwrap_or(stretch.from).max(0);
            let to = between.to.unwrap_or(stretch.to);
            let width = width(to.saturating_sub(from), points);
            let by = lines.by.map_or(String::new(), |facet| format!(", {}", facet.expression));
            let question = Question {
                columns: format!("{{time}} / {width} * {width}{by}"),
                params: lines.by.map_or(&[], |facet| &facet.params),
                condition,
                among: None,
                coarsest: width,
            };
            let (view, coarsest) = question.place(db, stretch, deadline)?;
            let since = walk(stretch, coarsest, deadline, &mut |part| {
                // All of a part or nothing.
                let mut of_part = lines.anew();
                question.rows(db, view, part, &mut |row| of_part.add(row))?;
                lines.merge(of_part);
                Ok(())
            })?;
            Ok((width, Reach { complete: since == stretch.from, since }))
        })
    }
}

/// A round width that cuts so many nanoseconds into at most about so many stretches.
pub(super) fn width(length: i64, points: usize) -> i64 {
    let points = i64::try_from(points.clamp(1, limits::STORE_TIMELINE)).unwrap_or(1);
    let least = length / points;
    let widths = WIDTHS.iter().map(|seconds| seconds * 1_000_000_000);
    widths.into_iter().find(|width| *width >= least).unwrap_or(LONGEST)
}

/// What was counted so far.
pub(super) struct Lines<'f> {
    by: Option<&'f FacetExpression>,
    all: Points,
    /// By what the rows have: a value, or a list of values as it is.
    of: HashMap<FacetValue, Points>,
    /// Points in all of these.
    held: usize,
    most_held: usize,
    /// There are more than can be held: all were let go.
    crowded: bool,
    /// The only values that are of interest.
    only: Option<Vec<FacetValue>>,
}

impl<'f> Lines<'f> {
    /// Has lines drawn, and those of the most frequent values. Where there are too many values to hold the times of all, it
    /// is first found which, then when.
    pub fn drawn<T>(
        by: Option<(&'f FacetExpression, usize)>,
        most_held: usize,
        mut draw: impl FnMut(&mut Self) -> Result<T, ReadError>,
        frequent: impl FnOnce(&FacetExpression, usize) -> Result<Vec<(FacetValue, i64)>, ReadError>,
    ) -> Result<(Self, Vec<Series>, T), ReadError> {
        let mut lines = Self { most_held, ..Self::new(by.map(|(facet, _)| facet)) };
        let drawn = draw(&mut lines)?;
        let series = match by {
            None => Vec::new(),
            Some((_, most)) if !lines.crowded => lines.most_frequent(most),
            Some((facet, most)) => {
                let values = frequent(facet, most)?.into_iter().map(|(value, _)| value);
                let mut again = Self { only: Some(values.collect()), ..Self::new(Some(facet)) };
                draw(&mut again)?;
                again.most_frequent(most)
            }
        };
        Ok((lines, series, drawn))
    }

    pub fn new(by: Option<&'f FacetExpression>) -> Self {
        let most_held = limits::STORE_TIMELINE_HELD;
        Self { by, all: Points::new(), of: HashMap::new(), held: 0, most_held, crowded: false, only: None }
    }

    /// Without any events, and otherwise the same.
    fn anew(&self) -> Self {
        let Self { by, most_held, crowded, .. } = *self;
        Self { crowded, only: self.only.clone(), most_held, ..Self::new(by) }
    }

    /// Adds a row: a start, what it is told apart by, if anything, and a count.
    pub fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let (start, count): (i64, i64) = (row.get(0)?, row.get(1 + usize::from(self.by.is_some()))?);
        *self.all.entry(start).or_default() += count;
        if self.by.is_some() && !self.crowded {
            self.add_value(row.get_ref(1)?, start, count);
        }
        Ok(())
    }

    fn add_value(&mut self, value: ValueRef<'_>, start: i64, count: i64) {
        let Some(value) = FacetValue::of(value) else { return };
        if self.is_of_interest(&value) {
            self.add_points(value, [(start, count)]);
        }
    }

    fn is_of_interest(&self, value: &FacetValue) -> bool {
        let Some(only) = &self.only else { return true };
        match (self.by, value) {
            (Some(by), FacetValue::Text(list)) if by.each => {
                FacetValue::of_list(list).any(|value| only.contains(&value))
            }
            _ => only.contains(value),
        }
    }

    fn add_points(&mut self, value: FacetValue, points: impl IntoIterator<Item = (i64, i64)>) {
        let of = self.of.entry(value).or_default();
        for (start, count) in points {
            let before = of.len();
            *of.entry(start).or_default() += count;
            self.held += of.len() - before;
        }
        if self.held > self.most_held && self.only.is_none() {
            self.crowded = true;
            self.of.clear();
            self.held = 0;
        }
    }

    fn merge(&mut self, part: Self) {
        for (start, count) in part.all {
            *self.all.entry(start).or_default() += count;
        }
        if part.crowded {
            self.crowded = true;
            self.of.clear();
        }
        if !self.crowded {
            part.of.into_iter().for_each(|(value, points)| self.add_points(value, points));
        }
    }

    /// Those of all.
    pub fn points(&self) -> Vec<(i64, i64)> {
        self.all.iter().map(|(start, count)| (*start, *count)).filter(|(_, count)| *count > 0).collect()
    }

    /// The most frequent values, each with its points.
    pub fn most_frequent(&self, most: usize) -> Vec<Series> {
        let mut lines: HashMap<FacetValue, Points> = HashMap::new();
        let is_list = self.by.is_some_and(|by| by.each);
        for (value, points) in &self.of {
            let values: Vec<FacetValue> = match value {
                FacetValue::Text(list) if is_list => FacetValue::of_list(list).collect(),
                _ => vec![value.clone()],
            };
            for value in values {
                if self.only.as_ref().is_some_and(|only| !only.contains(&value)) {
                    continue;
                }
                let line = lines.entry(value).or_default();
                for (start, count) in points {
                    *line.entry(*start).or_default() += count;
                }
            }
        }
        // What counts nothing any more is no value.
        let counted = lines.iter().map(|(value, points)| (value.clone(), points.values().sum()));
        let counted: Vec<(FacetValue, i64)> = counted.filter(|(_, count)| *count > 0).collect();
        let series = |(value, _)| {
            let points = lines.remove(&value).unwrap_or_default().into_iter().collect();
            Series { value, points }
        };
        first(counted, most, None).into_iter().map(series).collect()
    }
}
