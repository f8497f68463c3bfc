//! How many, of which values, and when: from rollups where they know what is asked, from events otherwise.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, types::ValueRef};
use serde::Serialize;

use super::{
    super::{
        error::ReadError,
        sql::{FacetExpression, Sql},
    },
    Between, Reader,
    parts::{Part, Stretch},
    question::Question,
    walk::walk,
};
use crate::limits;

/// A value of a facet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum FacetValue {
    /// A whole number.
    Integer(i64),
    /// Text, and what is neither.
    Text(String),
}

/// How many events there are of each value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facet {
    /// Values and their events, the most frequent first.
    pub values: Vec<(FacetValue, i64)>,
    /// How far it was counted.
    #[serde(flatten)]
    pub reach: Reach,
}

/// How many events there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Total {
    /// Events.
    pub count: i64,
    /// How far it was counted.
    #[serde(flatten)]
    pub reach: Reach,
}

/// How many events there are in each stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// Length of a stretch, nanoseconds: a round one, at least what was asked for.
    pub width: i64,
    /// Starts (nanoseconds since the epoch, multiples of the width) and events, the oldest first; those
    /// without any are left out.
    pub points: Vec<(i64, i64)>,
    /// How far it was counted.
    #[serde(flatten)]
    pub reach: Reach,
}

/// How far something was counted before the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// Everything that was asked for is counted.
    pub complete: bool,
    /// Counted are events from here on.
    pub since: i64,
}

/// What is counted by.
enum Key<'k> {
    One,
    Facet(&'k FacetExpression),
    Time(i64),
}

impl Key<'_> {
    fn question<'q>(&'q self, condition: &'q Sql) -> Question<'q> {
        let mut question = Question {
            columns: "0".to_owned(),
            join: String::new(),
            params: &[],
            condition,
            coarsest: i64::MAX,
        };
        match self {
            Self::One => (),
            Self::Time(width) => {
                question.columns = format!("{{time}} / {width} * {width}");
                question.coarsest = *width;
            }
            Self::Facet(FacetExpression { expression, params, each }) => {
                question.params = params;
                if *each {
                    question.columns = "facet.value".to_owned();
                    question.join = format!(", json_each({expression}) facet");
                } else {
                    question.columns.clone_from(expression);
                }
            }
        }
        question
    }
}

/// Widths of a timeline's stretches, seconds. Half an hour and half a day are left out: an hour and a day are counted
/// already, and what they are summed up of is fifty times as much.
const WIDTHS: [i64; 14] =
    [1, 5, 10, 30, 60, 300, 600, 3600, 10_800, 21_600, 86_400, 604_800, 2_592_000, 31_536_000];

impl Reader {
    /// Counts events.
    ///
    /// # Errors
    /// When the clause is none, or not even the newest events could be looked at in time.
    pub fn count(&self, condition: &Sql, between: Between) -> Result<Total, ReadError> {
        let (counts, reach) = self.tally(condition, &Key::One, between)?;
        Ok(Total { count: counts.iter().map(|(_, count)| count).sum(), reach })
    }

    /// Counts events by a value; those without one are left out. When the deadline passes, the newest events
    /// are counted, and [`Reach`] says since when.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn facet(
        &self,
        condition: &Sql,
        facet: &FacetExpression,
        between: Between,
        limit: usize,
    ) -> Result<Facet, ReadError> {
        self.facet_after(condition, facet, between, limit, None)
    }

    /// The same, of values that come behind one and its count.
    pub(super) fn facet_after(
        &self,
        condition: &Sql,
        facet: &FacetExpression,
        between: Between,
        limit: usize,
        after: Option<&(FacetValue, i64)>,
    ) -> Result<Facet, ReadError> {
        let (mut values, reach) = self.tally(condition, &Key::Facet(facet), between)?;
        let order = |a: &(FacetValue, i64), b: &(FacetValue, i64)| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0));
        if let Some(after) = after {
            values.retain(|value| order(value, after).is_gt());
        }
        if limit < values.len() && limit > 0 {
            values.select_nth_unstable_by(limit, order);
        }
        values.truncate(limit);
        values.sort_unstable_by(order);
        Ok(Facet { values, reach })
    }

    /// Counts events by time, in at most about `points` stretches.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn timeline(&self, condition: &Sql, between: Between, points: usize) -> Result<Timeline, ReadError> {
        let points = i64::try_from(points.clamp(1, limits::STORE_TIMELINE)).unwrap_or(1);
        let (from, to) = self.bounds(between)?;
        let least = (to - from) / points;
        let widths = WIDTHS.iter().map(|seconds| seconds * 1_000_000_000);
        let longest = 31_536_000_000_000_000;
        let width = widths.into_iter().find(|width| *width >= least).unwrap_or(longest);
        let (counts, reach) = self.tally(condition, &Key::Time(width), Between::new(from, to))?;
        let points: BTreeMap<i64, i64> = counts
            .into_iter()
            .filter_map(|(start, count)| match start {
                FacetValue::Integer(start) => Some((start, count)),
                FacetValue::Text(_) => None,
            })
            .collect();
        Ok(Timeline { width, points: points.into_iter().collect(), reach })
    }

    /// The stretch that was asked for, as far as there are events.
    fn bounds(&self, between: Between) -> Result<(i64, i64), ReadError> {
        self.ask(|db, _| stretch(db, between).map(|stretch| (stretch.from, stretch.to)))
    }

    fn tally(
        &self,
        condition: &Sql,
        key: &Key<'_>,
        between: Between,
    ) -> Result<(Vec<(FacetValue, i64)>, Reach), ReadError> {
        let question = key.question(condition);
        self.ask(|db, deadline| {
            let stretch = stretch(db, between)?;
            let (view, coarsest) = question.place(db, stretch, deadline)?;
            let mut counts = Counts::default();
            let since = walk(stretch, coarsest, deadline, &mut |part| counts.add(db, &question, view, part))?;
            let reach = Reach { complete: counts.complete && since == stretch.from, since };
            Ok((counts.into_values(), reach))
        })
    }
}

/// The stretch that was asked for, as far as there are events.
pub(super) fn stretch(db: &Connection, between: Between) -> rusqlite::Result<Stretch> {
    let (oldest, newest): (Option<i64>, Option<i64>) = db
        .prepare_cached("SELECT (SELECT min(time) FROM event_facts), (SELECT max(time) FROM event_facts)")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let first = oldest.unwrap_or(0);
    let end = newest.map_or(0, |newest| newest.saturating_add(1));
    let from = between.first().max(first);
    let to = between.end().min(end).max(from);
    Ok(Stretch { from, to, oldest: from <= first, newest: to >= end && from < to })
}

/// Values counted so far.
struct Counts {
    texts: HashMap<String, i64>,
    numbers: HashMap<i64, i64>,
    complete: bool,
}

impl Default for Counts {
    fn default() -> Self {
        Self { texts: HashMap::new(), numbers: HashMap::new(), complete: true }
    }
}

impl Counts {
    /// Adds a part; all of it or nothing.
    fn add(
        &mut self,
        db: &Connection,
        question: &Question<'_>,
        view: &str,
        part: Part,
    ) -> rusqlite::Result<()> {
        let mut counts = Self::default();
        question.rows(db, view, part, &mut |row| {
            let count: i64 = row.get(1)?;
            match row.get_ref(0)? {
                ValueRef::Null => {}
                ValueRef::Integer(number) => counts.add_number(number, count),
                ValueRef::Real(number) => counts.add_text(&number.to_string(), count),
                ValueRef::Text(text) | ValueRef::Blob(text) => {
                    counts.add_text(&String::from_utf8_lossy(text), count);
                }
            }
            Ok(())
        })?;
        if self.texts.is_empty() && self.numbers.is_empty() {
            *self = counts;
            return Ok(());
        }
        self.complete &= counts.complete;
        counts.numbers.into_iter().for_each(|(number, count)| self.add_number(number, count));
        counts.texts.into_iter().for_each(|(text, count)| self.add_text(&text, count));
        Ok(())
    }

    fn add_text(&mut self, text: &str, count: i64) {
        if let Some(known) = self.texts.get_mut(text) {
            *known += count;
        } else if self.texts.len() < limits::STORE_FACET_VALUES {
            self.texts.insert(text.to_owned(), count);
        } else {
            self.complete = false;
        }
    }

    fn add_number(&mut self, number: i64, count: i64) {
        if let Some(known) = self.numbers.get_mut(&number) {
            *known += count;
        } else if self.numbers.len() < limits::STORE_FACET_VALUES {
            self.numbers.insert(number, count);
        } else {
            self.complete = false;
        }
    }

    fn into_values(self) -> Vec<(FacetValue, i64)> {
        let numbers = self.numbers.into_iter().map(|(number, count)| (FacetValue::Integer(number), count));
        let texts = self.texts.into_iter().map(|(text, count)| (FacetValue::Text(text), count));
        numbers.chain(texts).filter(|(_, count)| *count > 0).collect()
    }
}
