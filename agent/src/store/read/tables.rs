//! Lists, audit, counters and what stages keep for themselves.

use rusqlite::{OptionalExtension, params_from_iter};
use serde::Serialize;

use super::{
    super::{
        error::ReadError,
        rows::{AuditEntry, EndpointRow, ListEntry, ListKind, ListState, Window},
        sql::Sql,
    },
    Between, Reader,
};
use crate::limits;

/// Nanoseconds of a minute.
const MINUTE: i64 = 60_000_000_000;

/// What counters are summed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountBy {
    /// Minute since the epoch; after a day, the first of each hour.
    Minute,
    /// Service.
    Service,
    /// Rule; events without one are not in it.
    Rule,
    /// Actor; `*`: all without a row of their own, and all after a day.
    Actor,
}

/// A sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Of what.
    pub value: String,
    /// Events, stored or not.
    pub count: i64,
}

/// Events that were counted and not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The service.
    pub service: String,
    /// The rule; empty: events.
    pub rule: String,
    /// `sampled`, `queue`, `disk`.
    pub why: String,
    /// How many.
    pub count: i64,
}

impl Reader {
    /// Entries of the lists, those added last first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn lists(&self, kind: Option<ListKind>, active_only: bool) -> Result<Vec<ListEntry>, ReadError> {
        let state = active_only.then(|| ListState::Active.word());
        self.ask(|db, _| {
            db.prepare_cached(&format!(
                "SELECT {} FROM lists
                 WHERE kind = coalesce(?, kind) AND state = coalesce(?, state) ORDER BY since DESC, value",
                ListEntry::COLUMNS
            ))?
            .query_map((kind.map(ListKind::word), state), ListEntry::read)?
            .collect()
        })
    }

    /// Who did what, the newest first, with its number; of one who did, if named. `before`: the number after which the
    /// page goes on.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn audit(
        &self,
        between: Between,
        who: Option<&str>,
        limit: usize,
        before: Option<i64>,
    ) -> Result<Vec<(i64, AuditEntry)>, ReadError> {
        let limit = limit.clamp(1, limits::STORE_PAGE) as i64;
        self.ask(|db, _| {
            db.prepare_cached(
                "SELECT number, time, who, action, what, before, after FROM audit
                 WHERE time >= ?1 AND time < ?2 AND number < ?3 AND (?4 IS NULL OR who = ?4)
                 ORDER BY number DESC LIMIT ?5",
            )?
            .query_map((between.first(), between.end(), before.unwrap_or(i64::MAX), who, limit), |row| {
                Ok((row.get(0)?, AuditEntry::read(row, 1)?))
            })?
            .collect()
        })
    }

    /// Exact counts of events, stored or not, up to a second ago; of one service, one rule or one actor where these
    /// are given. Summed by minute they are in its order, otherwise the largest come first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn counters(
        &self,
        between: Between,
        by: CountBy,
        of: (Option<&str>, Option<&str>, Option<&str>),
        limit: usize,
    ) -> Result<Vec<Count>, ReadError> {
        let limit = limit.min(limits::STORE_FACET_VALUES);
        let (column, order) = match by {
            CountBy::Minute => ("minute", "1"),
            CountBy::Service => ("service", "2 DESC, 1"),
            CountBy::Rule => ("rule", "2 DESC, 1"),
            CountBy::Actor => ("actor", "2 DESC, 1"),
        };
        let rule = match (of.1, by) {
            (Some(_), _) => "rule = ?4",
            (None, CountBy::Rule) => "rule != coalesce(?4, '')",
            (None, _) => "rule = coalesce(?4, '')",
        };
        let text = format!(
            "SELECT CAST({column} AS TEXT), sum(count) FROM counters
             WHERE minute >= ?1 AND minute < ?2 AND service = coalesce(?3, service) AND {rule}
               AND actor = coalesce(?5, actor) GROUP BY {column} ORDER BY {order} LIMIT {limit}"
        );
        let (first, end) = minutes(between);
        self.ask(|db, _| {
            db.prepare_cached(&text)?
                .query_map((first, end, of.0, of.1, of.2), |row| {
                    Ok(Count { value: row.get(0)?, count: row.get(1)? })
                })?
                .collect()
        })
    }

    /// What was counted and not stored, by service, rule and reason, the most first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn left_out(&self, between: Between, limit: usize) -> Result<Vec<Counted>, ReadError> {
        let (first, end) = minutes(between);
        let limit = limit.clamp(1, limits::STORE_PAGE) as i64;
        self.ask(|db, _| {
            db.prepare_cached(
                "SELECT service, rule, why, sum(count) FROM left_out WHERE minute >= ? AND minute < ?
                 GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT ?",
            )?
            .query_map((first, end, limit), |row| {
                Ok(Counted { service: row.get(0)?, rule: row.get(1)?, why: row.get(2)?, count: row.get(3)? })
            })?
            .collect()
        })
    }

    /// Endpoints (columns of `e`: those of [`EndpointRow`]), those asked last first.
    ///
    /// # Errors
    /// When the clause is none, or it takes too long.
    pub fn endpoints(&self, condition: &Sql, limit: usize) -> Result<Vec<EndpointRow>, ReadError> {
        let limit = limit.min(limits::STORE_FACET_VALUES);
        let text = format!(
            "SELECT service, method, route, time, json FROM endpoints e WHERE {}
             ORDER BY time DESC, service, route, method LIMIT {limit}",
            condition.text()
        );
        self.ask(|db, _| {
            db.prepare_cached(&text)?
                .query_map(params_from_iter(&condition.params), |row| {
                    Ok(EndpointRow {
                        service: row.get(0)?,
                        method: row.get(1)?,
                        route: row.get(2)?,
                        time: row.get(3)?,
                        json: row.get(4)?,
                    })
                })?
                .collect()
        })
    }

    /// States of detection rules.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn windows(&self) -> Result<Vec<Window>, ReadError> {
        self.ask(|db, _| {
            db.prepare_cached("SELECT name, version, time, bytes FROM windows ORDER BY name")?
                .query_map([], window)?
                .collect()
        })
    }

    /// The state under one name: of the others, which may be large, nothing is read.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn window(&self, name: &str) -> Result<Option<Window>, ReadError> {
        self.ask(|db, _| {
            db.prepare_cached("SELECT name, version, time, bytes FROM windows WHERE name = ?")?
                .query_row([name], window)
                .optional()
        })
    }

    /// When the state under a name was saved, nanoseconds; none: there is none.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn window_time(&self, name: &str) -> Result<Option<i64>, ReadError> {
        self.ask(|db, _| {
            db.prepare_cached("SELECT time FROM windows WHERE name = ?")?
                .query_row([name], |row| row.get(0))
                .optional()
        })
    }

    /// A setting of the store's users.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn meta(&self, key: &str) -> Result<Option<String>, ReadError> {
        self.ask(|db, _| {
            db.prepare_cached("SELECT value FROM meta WHERE key = ?")?
                .query_row([key], |row| row.get(0))
                .optional()
        })
    }
}

fn window(row: &rusqlite::Row<'_>) -> rusqlite::Result<Window> {
    Ok(Window { name: row.get(0)?, version: row.get(1)?, time: row.get(2)?, bytes: row.get(3)? })
}

fn minutes(between: Between) -> (i64, i64) {
    let end = between.end();
    (between.first() / MINUTE, end / MINUTE + i64::from(end % MINUTE != 0))
}
