//! How many, and of which values: from rollups where they know what is asked, from events otherwise.

use rusqlite::Connection;
use serde::Serialize;

use super::{
    super::{
        error::ReadError,
        sql::{FacetExpression, Sql},
    },
    Between, Reader,
    parts::Stretch,
    pool::Deadline,
    question::Question,
    values::{FacetValue, Values, first},
    walk::{Coarsest, walk},
};

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

/// How far something was counted before the deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// Everything that was asked for is counted.
    pub complete: bool,
    /// Counted are events from here on.
    pub since: i64,
}

impl Reader {
    /// Counts events.
    ///
    /// # Errors
    /// When the clause is none, or not even the newest events could be looked at in time.
    pub fn count(&self, condition: &Sql, between: Between) -> Result<Total, ReadError> {
        self.ask(|db, deadline| {
            let stretch = stretch(db, between)?;
            let question =
                Question { columns: "0".to_owned(), params: &[], condition, among: None, coarsest: i64::MAX };
            let (view, coarsest) = question.place(db, stretch, deadline)?;
            let mut count = 0;
            let since = walk(stretch, coarsest, deadline, &mut |part| {
                let mut of_part = 0_i64;
                question.rows(db, view, part, &mut |row| {
                    of_part += row.get::<_, i64>(1)?;
                    Ok(())
                })?;
                count += of_part;
                Ok(())
            })?;
            Ok(Total { count, reach: Reach { complete: since == stretch.from, since } })
        })
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

    /// Counts events by several values, in one snapshot; what the same rows tell is counted in one go. All share the
    /// deadline: those that take longest come last.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn facets(
        &self,
        condition: &Sql,
        facets: &[&FacetExpression],
        between: Between,
        limit: usize,
    ) -> Result<Vec<Facet>, ReadError> {
        let counted = self.values(condition, facets, between)?;
        let facet = |(values, reach)| Facet { values: first(values, limit, None), reach };
        Ok(counted.into_iter().map(facet).collect())
    }

    /// The same of one, of values that come behind one and its count.
    pub(super) fn facet_after(
        &self,
        condition: &Sql,
        facet: &FacetExpression,
        between: Between,
        limit: usize,
        after: Option<&(FacetValue, i64)>,
    ) -> Result<Facet, ReadError> {
        let mut counted = self.values(condition, &[facet], between)?;
        // One was asked for.
        let (values, reach) = counted.pop().unwrap_or_default();
        Ok(Facet { values: first(values, limit, after), reach })
    }

    /// All values of each facet, in no order.
    fn values(
        &self,
        condition: &Sql,
        facets: &[&FacetExpression],
        between: Between,
    ) -> Result<Vec<Counted>, ReadError> {
        self.ask(|db, deadline| {
            let stretch = stretch(db, between)?;
            let mut groups: Vec<Group<'_>> = Vec::new();
            let question = |facets: &[&FacetExpression]| {
                let columns: Vec<&str> = facets.iter().map(|facet| facet.expression.as_str()).collect();
                let params: Vec<_> = facets.iter().flat_map(|facet| facet.params.clone()).collect();
                (columns.join(", "), params)
            };
            let size =
                Question { columns: "0".to_owned(), params: &[], condition, among: None, coarsest: i64::MAX }
                    .size(db, stretch, deadline)?;
            for (at, facet) in facets.iter().enumerate() {
                let (columns, params) = question(&[facet]);
                let question =
                    Question { columns, params: &params, condition, among: None, coarsest: i64::MAX };
                let place = size.map_or_else(|| question.rollup(db), |size| ("events", size));
                match groups.iter_mut().find(|group| group.place == place) {
                    Some(group) => group.facets.push((at, facet)),
                    None => groups.push(Group { place, facets: vec![(at, facet)] }),
                }
            }
            // One by one where there is no rollup: last, because it takes what time there is.
            groups.sort_by_key(|group| group.place.1 == Coarsest::Events);
            let mut counted = vec![Counted::default(); facets.len()];
            for Group { place: (view, coarsest), facets } in groups {
                let (places, facets): (Vec<usize>, Vec<&FacetExpression>) = facets.into_iter().unzip();
                let (columns, params) = question(&facets);
                let question =
                    Question { columns, params: &params, condition, among: None, coarsest: i64::MAX };
                let (values, since) = values(db, deadline, &question, stretch, (view, coarsest), &facets)?;
                for (values, at) in values.into_iter().zip(places) {
                    let (values, complete) = values.finish();
                    let reach = Reach { complete: complete && since == stretch.from, since };
                    if let Some(counted) = counted.get_mut(at) {
                        *counted = (values, reach);
                    }
                }
            }
            Ok(counted)
        })
    }
}

/// The values of a facet, in no order, and how far they were counted.
type Counted = (Vec<(FacetValue, i64)>, Reach);

/// Facets that the same rows tell, with their places in what was asked.
struct Group<'f> {
    place: (&'static str, Coarsest),
    facets: Vec<(usize, &'f FacetExpression)>,
}

/// Counts the columns of a question, and since when.
fn values(
    db: &Connection,
    deadline: &Deadline,
    question: &Question<'_>,
    stretch: Stretch,
    (view, coarsest): (&str, Coarsest),
    facets: &[&FacetExpression],
) -> rusqlite::Result<(Vec<Values>, i64)> {
    let mut all: Vec<Values> = facets.iter().map(|facet| Values::of(facet)).collect();
    let since = walk(stretch, coarsest, deadline, &mut |part| {
        // All of a part or nothing.
        let mut of_part: Vec<Values> = all.iter().map(Values::anew).collect();
        question.rows(db, view, part, &mut |row| {
            let count: i64 = row.get(facets.len())?;
            for (column, values) in of_part.iter_mut().enumerate() {
                values.add(row.get_ref(column)?, count);
            }
            Ok(())
        })?;
        all.iter_mut().zip(of_part).for_each(|(all, of_part)| all.merge(of_part));
        Ok(())
    })?;
    Ok((all, since))
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
