//! Lists, newest first, page by page.

use std::{fmt, str::FromStr, time::Duration};

use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde::Serialize;

use super::{
    super::{
        error::ReadError,
        rollup,
        rows::{SignalChange, SignalRow},
        sql::{Sql, SqlValue},
    },
    Between, Reader,
    pool::Deadline,
    question::is_none,
};
use crate::limits;

/// Where the next page begins. It stays where it is while events come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Nanoseconds since the epoch; of clients and users, how many events they have.
    pub(super) place: i64,
    pub(super) id: String,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.place, self.id)
    }
}

impl FromStr for Cursor {
    type Err = ReadError;

    fn from_str(text: &str) -> Result<Self, ReadError> {
        let wrong = || ReadError::Cursor(text.chars().take(64).collect());
        let (place, id) = text.split_once('-').ok_or_else(wrong)?;
        let place = place.parse().ok().filter(|place| *place >= 0).ok_or_else(wrong)?;
        Ok(Self { place, id: id.to_owned() })
    }
}

/// Some rows, and where the next ones begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, newest first.
    pub rows: Vec<T>,
    /// Where the next page begins; none: there are no more.
    pub next: Option<Cursor>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredEvent {
    /// Its id.
    pub id: String,
    /// Where it lies: its time, nanoseconds since the epoch, or up to a second beside it.
    pub time: i64,
    /// All of it.
    pub json: String,
}

impl Reader {
    /// Events, newest first.
    ///
    /// # Errors
    /// When the clause is none, or it takes too long.
    pub fn events(
        &self,
        condition: &Sql,
        between: Between,
        limit: usize,
        after: Option<&Cursor>,
    ) -> Result<Page<StoredEvent>, ReadError> {
        let limit = limit.clamp(1, limits::STORE_PAGE);
        let end = after.map_or(between.end(), |cursor| cursor.place.min(between.end()));
        let mut rows = self.ask(|db, deadline| {
            let mut found = Found { db, condition, most: limit + 1, rows: Vec::new() };
            found.newest(between.first(), end, deadline)?;
            Ok(found.rows)
        })?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|event| Cursor { place: event.time, id: event.id.clone() });
        Ok(Page { rows, next })
    }

    /// The event with this id.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn event(&self, id: &str) -> Result<Option<StoredEvent>, ReadError> {
        self.ask(|db, _| {
            db.prepare_cached("SELECT id, time, json FROM event_bodies WHERE id = ?")?
                .query_row([id], event)
                .optional()
        })
    }

    /// Signals (columns of `e`: those of [`SignalRow`]), those seen last first.
    ///
    /// # Errors
    /// When the clause is none, or it takes too long.
    pub fn signals(
        &self,
        condition: &Sql,
        between: Between,
        limit: usize,
        after: Option<&Cursor>,
    ) -> Result<Page<SignalRow>, ReadError> {
        let limit = limit.clamp(1, limits::STORE_PAGE);
        let (first, end) = (between.first(), between.end());
        let (time, id) = after.map_or((i64::MAX, ""), |cursor| (cursor.place, cursor.id.as_str()));
        let mut rows = self.ask(|db, _| {
            // Those that fit by the index first: it is smaller than the table by far.
            let mut statement = db.prepare_cached(&format!(
                "SELECT {SIGNAL} FROM (
                     SELECT e.id AS found FROM signals e
                     WHERE e.time >= ? AND e.time < ? AND (e.time, e.id) < (?, ?) AND {}
                     ORDER BY e.time DESC, e.id DESC LIMIT {}
                 ) CROSS JOIN signals e ON e.id = found ORDER BY e.time DESC, e.id DESC",
                condition.text(),
                limit + 1
            ))?;
            let own: [SqlValue; 4] = [first.into(), end.into(), time.into(), id.into()];
            statement
                .query_map(params_from_iter(own.iter().chain(&condition.params)), signal)?
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|signal| Cursor { place: signal.time, id: signal.id.clone() });
        Ok(Page { rows, next })
    }

    /// The signal with this id.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn signal(&self, id: &str) -> Result<Option<SignalRow>, ReadError> {
        self.ask(|db, _| {
            db.prepare_cached(&format!("SELECT {SIGNAL} FROM signals e WHERE e.id = ?"))?
                .query_row([id], signal)
                .optional()
        })
    }

    /// What happened to a signal, the oldest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn signal_history(&self, id: &str) -> Result<Vec<SignalChange>, ReadError> {
        self.ask(|db, _| {
            db.prepare_cached(
                "SELECT signal, time, who, what, json FROM signal_history WHERE signal = ? ORDER BY number LIMIT 10000",
            )?
            .query_map([id], |row| {
                Ok(SignalChange {
                    signal: row.get(0)?,
                    time: row.get(1)?,
                    who: row.get(2)?,
                    what: row.get(3)?,
                    json: row.get(4)?,
                })
            })?
            .collect()
        })
    }

    /// The sampled events of a signal that are stored, newest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn signal_events(&self, id: &str) -> Result<Vec<StoredEvent>, ReadError> {
        self.ask(|db, _| {
            db.prepare_cached(
                "SELECT b.id, b.time, b.json FROM signal_events s JOIN event_bodies b ON b.id = s.event
                 WHERE s.signal = ? ORDER BY b.time DESC LIMIT 1000",
            )?
            .query_map([id], event)?
            .collect()
        })
    }
}

/// First stretch that is looked through, nanoseconds; then longer ones.
const STRETCH: i64 = 60_000_000_000;
/// A stretch that took less is followed by a longer one.
const SHORT: Duration = Duration::from_millis(3);
/// How long it is looked for without asking a rollup where there is anything.
const SOON: Duration = Duration::from_millis(5);

/// Events that fit, as far as they are found.
struct Found<'f> {
    db: &'f Connection,
    condition: &'f Sql,
    most: usize,
    rows: Vec<StoredEvent>,
}

impl Found<'_> {
    /// The newest of a stretch. What is frequent is found at once. Where it is not, and a rollup can be asked, that has
    /// the days and the hours that have some: what is rare is found without a look at everything.
    fn newest(&mut self, from: i64, to: i64, deadline: &Deadline) -> rusqlite::Result<()> {
        let newest: Option<i64> =
            self.db.prepare_cached("SELECT max(time) FROM event_facts")?.query_row([], |row| row.get(0))?;
        let Some(newest) = newest else { return Ok(()) };
        if is_none(self.db, self.condition, deadline)? {
            return Ok(());
        }
        let (mut end, mut length) = (to.min(newest.saturating_add(1)), STRETCH);
        let mut before = deadline.elapsed();
        let soon = before + SOON;
        while end > from && before < soon {
            let start = from.max(end.saturating_sub(length));
            if self.look(start, end)? {
                return Ok(());
            }
            end = start;
            let now = deadline.elapsed();
            if now - before < SHORT {
                length = length.saturating_mul(4);
            }
            before = now;
        }
        if end <= from {
            return Ok(());
        }
        for view in ["rollup_facts", "rollup_rules"] {
            let Ok(days) = self.starts(view, rollup::DAYS, from, end) else { continue };
            for (first, end) in days {
                for (first, end) in self.starts(view, rollup::HOURS, first, end)? {
                    if self.look(first, end)? {
                        return Ok(());
                    }
                }
            }
            return Ok(());
        }
        self.look(from, end).map(drop)
    }

    /// Days or hours of a stretch that have something, newest first.
    fn starts(
        &self,
        view: &str,
        (level, size): (i64, i64),
        from: i64,
        to: i64,
    ) -> rusqlite::Result<Vec<(i64, i64)>> {
        if self.condition.clause.trim().is_empty() {
            return Ok(vec![(from, to)]);
        }
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT DISTINCT e.start FROM {view} e
             WHERE e.level = {level} AND e.start >= ? AND e.start <= ? AND {} ORDER BY e.start DESC",
            self.condition.text()
        ))?;
        let own: [SqlValue; 2] = [(from / size).into(), (to / size).into()];
        statement
            .query_map(params_from_iter(own.iter().chain(&self.condition.params)), |row| {
                let start = row.get::<_, i64>(0)?.saturating_mul(size);
                Ok((from.max(start), to.min(start.saturating_add(size))))
            })?
            .collect()
    }

    /// Adds those of a stretch; whether these are enough.
    fn look(&mut self, first: i64, end: i64) -> rusqlite::Result<bool> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT e.id, e.time, e.json FROM events e WHERE e.time >= ? AND e.time < ? AND {}
             ORDER BY e.time DESC LIMIT ?",
            self.condition.text()
        ))?;
        let left = self.most.saturating_sub(self.rows.len());
        let own: [SqlValue; 2] = [first.into(), end.into()];
        let left = SqlValue::Integer(i64::try_from(left).unwrap_or(i64::MAX));
        let params = own.iter().chain(&self.condition.params).chain(std::iter::once(&left));
        for row in statement.query_map(params_from_iter(params), event)? {
            self.rows.push(row?);
        }
        Ok(self.rows.len() >= self.most)
    }
}

fn event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    Ok(StoredEvent { id: row.get(0)?, time: row.get(1)?, json: row.get(2)? })
}

const SIGNAL: &str = "e.id, e.time, e.first_seen, e.rule, e.severity, e.status, e.assignee, e.json";

fn signal(row: &Row<'_>) -> rusqlite::Result<SignalRow> {
    Ok(SignalRow {
        id: row.get(0)?,
        time: row.get(1)?,
        first_seen: row.get(2)?,
        rule: row.get(3)?,
        severity: row.get(4)?,
        status: row.get(5)?,
        assignee: row.get(6)?,
        json: row.get(7)?,
    })
}
