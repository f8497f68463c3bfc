//! How many signals there are, of which values, and when.

use rusqlite::params_from_iter;
use serde::Serialize;

use super::{
    super::{
        error::ReadError,
        sql::{FacetExpression, Sql},
    },
    Between, FacetValue, Reach, Reader, Timeline,
    timeline::{Lines, width},
    values::{Values, first},
};
use crate::limits;

/// The signals of a detection rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleSignals {
    /// The rule's id.
    pub rule: String,
    /// How many are stored.
    pub count: i64,
    /// When the latest of their events happened, nanoseconds since the epoch.
    pub last_seen: i64,
}

impl Reader {
    /// Signals by a value, the most frequent first.
    ///
    /// # Errors
    /// When clause or expression is none, or it takes too long.
    pub fn signal_facet(
        &self,
        condition: &Sql,
        facet: &FacetExpression,
        between: Between,
        limit: usize,
    ) -> Result<Vec<(FacetValue, i64)>, ReadError> {
        Ok(self.signal_facets(condition, &[facet], between, limit)?.pop().unwrap_or_default())
    }

    /// The same of several: each signal is looked at once.
    ///
    /// # Errors
    /// As [`Self::signal_facet`].
    pub fn signal_facets(
        &self,
        condition: &Sql,
        facets: &[&FacetExpression],
        between: Between,
        limit: usize,
    ) -> Result<Vec<Vec<(FacetValue, i64)>>, ReadError> {
        let columns: Vec<&str> = facets.iter().map(|facet| facet.expression.as_str()).collect();
        let params = facets.iter().flat_map(|facet| &facet.params).chain(&condition.params);
        let text = text(&columns.join(", "), condition, between);
        self.ask(|db, _| {
            let mut all: Vec<Values> = facets.iter().map(|facet| Values::of(facet)).collect();
            let mut statement = db.prepare_cached(&text)?;
            let mut rows = statement.query(params_from_iter(params))?;
            while let Some(row) = rows.next()? {
                for (column, values) in all.iter_mut().enumerate() {
                    values.add(row.get_ref(column)?, 1);
                }
            }
            Ok(all.into_iter().map(|values| first(values.finish().0, limit, None)).collect())
        })
    }

    /// Signals by the time they were seen last, as [`Self::timeline`] counts events; without an end, up to `now`.
    ///
    /// # Errors
    /// As [`Self::signal_facet`].
    pub fn signal_timeline(
        &self,
        condition: &Sql,
        between: Between,
        now: i64,
        points: usize,
        by: Option<(&FacetExpression, usize)>,
    ) -> Result<Timeline, ReadError> {
        let column = by.map_or(String::new(), |(facet, _)| format!(", {}", facet.expression));
        let draw = |lines: &mut Lines<'_>| {
            self.ask(|db, _| {
                let oldest: Option<i64> =
                    db.prepare_cached("SELECT min(time) FROM signals")?.query_row([], |row| row.get(0))?;
                let from = between.from.or(oldest).unwrap_or(now);
                let to = between.to.unwrap_or(now).max(from);
                let width = width(to - from, points);
                let columns = format!("e.time / {width} * {width}{column}, 1");
                let mut statement = db.prepare_cached(&text(&columns, condition, between))?;
                let params = by.into_iter().flat_map(|(facet, _)| &facet.params).chain(&condition.params);
                let mut rows = statement.query(params_from_iter(params))?;
                while let Some(row) = rows.next()? {
                    lines.add(row)?;
                }
                Ok((width, Reach { complete: true, since: from }))
            })
        };
        let frequent = |facet: &FacetExpression, most| self.signal_facet(condition, facet, between, most);
        let (lines, series, (width, reach)) = Lines::drawn(by, limits::STORE_TIMELINE_HELD, draw, frequent)?;
        Ok(Timeline { width, points: lines.points(), series, reach })
    }

    /// Signals by their rule.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn signals_by_rule(&self) -> Result<Vec<RuleSignals>, ReadError> {
        self.ask(|db, _| {
            db.prepare_cached("SELECT rule, count(*), max(time) FROM signals GROUP BY rule ORDER BY rule")?
                .query_map([], |row| {
                    Ok(RuleSignals { rule: row.get(0)?, count: row.get(1)?, last_seen: row.get(2)? })
                })?
                .collect()
        })
    }
}

/// What is asked of the signals of a stretch of time.
fn text(columns: &str, condition: &Sql, between: Between) -> String {
    let (first, end, condition) = (between.first(), between.end(), condition.text());
    format!("SELECT {columns} FROM signals e WHERE e.time >= {first} AND e.time < {end} AND {condition}")
}
