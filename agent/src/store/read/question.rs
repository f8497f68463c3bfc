//! What is asked of the events, and what can be asked of a rollup instead.

use rusqlite::{Connection, OptionalExtension as _, Result, Row, params_from_iter};

use super::{
    super::{
        rollup,
        sql::{Sql, SqlValue},
    },
    parts::{Part, Stretch},
    pool::Deadline,
    walk::Coarsest,
};

/// Events that are looked at one by one where an index has them.
const FEW: i64 = 10_000;

/// Starts of a rollup that are named one by one, at most.
const STARTS: i64 = 128;

/// Rows of columns and a count.
pub(super) struct Question<'q> {
    /// Expressions over `e`; `{time}` stands for the time, in what is asked no coarser than the rollup allows.
    pub columns: String,
    /// Values of the `?` in them.
    pub params: &'q [SqlValue],
    /// Which events.
    pub condition: &'q Sql,
    /// Only rows whose key is one of these; the column that an index has, and the keys.
    pub among: Option<(&'static str, &'q [String])>,
    /// Longest stretch of a rollup that tells the times apart; `i64::MAX`: it does not matter.
    pub coarsest: i64,
}

impl Question<'_> {
    /// What is best asked: where it is found out, and how far rollups may be used.
    pub fn place(
        &self,
        db: &Connection,
        stretch: Stretch,
        deadline: &Deadline,
    ) -> Result<(&'static str, Coarsest)> {
        let size = self.size(db, stretch, deadline)?;
        Ok(size.map_or_else(|| self.rollup(db), |size| ("events", size)))
    }

    /// Whether the events are few or none.
    pub fn size(&self, db: &Connection, stretch: Stretch, deadline: &Deadline) -> Result<Option<Coarsest>> {
        if is_none(db, self.condition, deadline)? {
            return Ok(Some(Coarsest::None));
        }
        Ok(self.is_about_few(db, stretch, deadline)?.then_some(Coarsest::Few))
    }

    /// The same, when the events are not few.
    pub fn rollup(&self, db: &Connection) -> (&'static str, Coarsest) {
        // Of one start: SQLite drops all beside an empty list before it looks at names.
        let part = Part::Level(rollup::HOURS, 0, 1);
        // The first rollup that has all columns: SQLite knows, when it prepares the question.
        let rollup = rollup::VIEWS.into_iter().find(|view| db.prepare_cached(&self.text(view, part)).is_ok());
        match rollup {
            Some(view) if self.coarsest >= rollup::HOURS.1 => (view, Coarsest::Level(self.coarsest)),
            _ => ("events", Coarsest::Events),
        }
    }

    /// Whether an index has the events, and they are few enough to look at all of them.
    fn is_about_few(&self, db: &Connection, stretch: Stretch, deadline: &Deadline) -> Result<bool> {
        if self.condition.clause.trim().is_empty() {
            return Ok(false);
        }
        let condition = self.condition.text();
        let events =
            format!("SELECT 1 FROM events e WHERE e.time >= ? AND e.time < ? AND {condition} LIMIT {FEW}");
        let own: [SqlValue; 2] = [stretch.from.into(), stretch.to.into()];
        let params = || params_from_iter(own.iter().chain(&self.condition.params));
        if !plan(db, &events, params())?.iter().any(|step| step.contains("INDEX event_facts_")) {
            return Ok(false);
        }
        // What else is asked of them may take longer than the index.
        let counted = deadline.until(deadline.elapsed() + deadline.patience / 4, || {
            db.prepare_cached(&format!("SELECT count(*) FROM ({events})"))?
                .query_row(params(), |row| row.get::<_, i64>(0))
        });
        match counted {
            Err(error) if Deadline::is_why(&error) && !deadline.over() => Ok(false),
            counted => Ok(counted? < FEW),
        }
    }

    /// Gives the rows of a part to `each`; the count is the column behind the others.
    pub fn rows(
        &self,
        db: &Connection,
        view: &str,
        part: Part,
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let (first, end) = match part {
            Part::Events(first, end) | Part::Level(_, first, end) => (first, end),
        };
        let mut own: Vec<SqlValue> = Vec::new();
        if self.starts(part).is_none() {
            own.extend([first.into(), end.into()]);
        }
        own.extend(self.among.iter().flat_map(|(_, keys)| keys.iter().map(|key| key.as_str().into())));
        let mut statement = db.prepare_cached(&self.text(view, part))?;
        let params = self.params.iter().chain(&own).chain(&self.condition.params);
        let mut rows = statement.query(params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            each(row)?;
        }
        Ok(())
    }

    /// The starts of a part one by one: then the index finds the keys in each of them.
    fn starts(&self, part: Part) -> Option<Vec<String>> {
        match part {
            Part::Level(_, first, end) if self.among.is_some() && end.saturating_sub(first) <= STARTS => {
                Some((first..end).map(|start| start.to_string()).collect())
            }
            _ => None,
        }
    }

    fn text(&self, view: &str, part: Part) -> String {
        let Self { columns, condition, .. } = self;
        let (view, count, time, mut between) = match part {
            Part::Events(..) => ("events", "1", "e.time".to_owned(), "e.time >= ? AND e.time < ?".to_owned()),
            Part::Level((level, size), ..) => {
                let starts = match self.starts(part) {
                    Some(starts) => format!("e.start IN ({})", starts.join(", ")),
                    None => "e.start >= ? AND e.start < ?".to_owned(),
                };
                (view, "e.count", format!("e.start * {size}"), format!("e.level = {level} AND {starts}"))
            }
        };
        if let Some((key, keys)) = self.among {
            let marks = vec!["?"; keys.len()].join(", ");
            between.push_str(&format!(" AND e.{key} IN ({marks})"));
        }
        let columns = columns.replace("{time}", &time);
        format!("SELECT {columns}, {count} FROM {view} e WHERE {between} AND {}", condition.text())
    }
}

/// Whether no event fits at all, at whatever time; false where that can't be told at once. The rollup of everything has
/// a row for each kind of event, a few thousand: a service of which nothing is stored is known by it in a millisecond.
pub(super) fn is_none(db: &Connection, condition: &Sql, deadline: &Deadline) -> Result<bool> {
    if condition.clause.trim().is_empty() {
        return Ok(false);
    }
    let (level, _) = rollup::ALL;
    let text = format!(
        "SELECT 1 FROM rollup_facts e WHERE e.level = {level} AND e.count > 0 AND {} LIMIT 1",
        condition.text()
    );
    // It does not have all that may be asked for.
    let Ok(mut statement) = db.prepare_cached(&text) else { return Ok(false) };
    let any = deadline.until(deadline.elapsed() + deadline.patience / 8, || {
        statement.query_row(params_from_iter(&condition.params), |_| Ok(())).optional()
    });
    match any {
        Err(error) if Deadline::is_why(&error) && !deadline.over() => Ok(false),
        any => Ok(any?.is_none()),
    }
}

/// How SQLite would find what is asked for.
pub(in super::super) fn plan(
    db: &Connection,
    text: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<String>> {
    db.prepare(&format!("EXPLAIN QUERY PLAN {text}"))?.query_map(params, |row| row.get(3))?.collect()
}
