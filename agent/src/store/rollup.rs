//! Counts of events by hour, by day and of all: tables that answer in milliseconds what millions of rows would be asked for.
//!
//! They are kept by the same statements in both directions, within the transaction that stores or deletes the
//! events; so they hold what `GROUP BY` over the events would give, always.
#![forbid(unsafe_code)]

use rusqlite::{Connection, Result};

/// A rollup's table, its dimensions as they are over `event_facts f`.
struct Rollup {
    table: &'static str,
    dimensions: &'static [&'static str],
}

const SERVICE: &str = "coalesce(f.service, '')";
const KIND: &str = "coalesce(f.kind, '')";
const BUSINESS: &str = "f.business";
const ATTACK: &str = "f.rules <> '[]'";
const STATUS: &str = "coalesce(f.status, 0)";

const ROLLUPS: [Rollup; 5] = [
    Rollup {
        table: "rollup_facts_rows",
        dimensions: &[
            SERVICE,
            KIND,
            "coalesce(f.method, '')",
            STATUS,
            "f.blocked",
            "f.types",
            BUSINESS,
            ATTACK,
        ],
    },
    Rollup {
        table: "rollup_clients_rows",
        dimensions: &["coalesce(f.client_ip, '')", SERVICE, KIND, "f.types", ATTACK],
    },
    Rollup {
        table: "rollup_users_rows",
        dimensions: &["coalesce(f.user_id, '')", SERVICE, KIND, "f.types", BUSINESS, ATTACK],
    },
    Rollup { table: "rollup_paths_rows", dimensions: &["coalesce(f.path, '')", SERVICE, STATUS] },
    Rollup { table: "rollup_rules_rows", dimensions: &[SERVICE, KIND, "f.types", "f.rules"] },
];

/// Views over the rollups, with the columns of `events` as far as they have them; the small ones first.
pub(super) const VIEWS: [&str; 5] =
    ["rollup_facts", "rollup_rules", "rollup_users", "rollup_clients", "rollup_paths"];
/// Number of the hours' level, and nanoseconds of an hour.
pub(super) const HOURS: (i64, i64) = (0, 3_600_000_000_000);
/// Number of the days' level, and nanoseconds of a day.
pub(super) const DAYS: (i64, i64) = (1, 24 * HOURS.1);
/// The level that has everything in one start, 0.
pub(super) const ALL: (i64, i64) = (2, i64::MAX);

/// The times of the events that one transaction is about.
const TIMES: &str = "CREATE TEMP TABLE IF NOT EXISTS batch (time INTEGER PRIMARY KEY)";

/// Makes the table that [`select`] fills.
pub(super) fn prepare(db: &Connection) -> Result<()> {
    db.execute_batch(TIMES)
}

/// Puts the times of events into `batch`; they are read back from it.
pub(super) fn select(db: &Connection, times: impl IntoIterator<Item = i64>) -> Result<()> {
    db.prepare_cached("DELETE FROM temp.batch")?.execute([])?;
    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO temp.batch VALUES (?)")?;
    for time in times {
        insert.execute([time])?;
    }
    Ok(())
}

/// Whether the events in `batch` come or go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Add,
    Remove,
}

/// Counts the events in `batch`, which are in `event_facts` now.
pub(super) fn count(db: &Connection, direction: Direction) -> Result<()> {
    let sign = if direction == Direction::Add { "" } else { "-" };
    for Rollup { table, dimensions } in &ROLLUPS {
        let columns = dimensions.join(", ");
        let group: Vec<String> = (1..=dimensions.len() + 2).map(|column| column.to_string()).collect();
        let group = group.join(", ");
        db.prepare_cached(&format!(
            "INSERT INTO {table} SELECT l.level, f.time / l.size, {columns}, {sign}count(*)
             FROM temp.batch b CROSS JOIN event_facts f CROSS JOIN rollup_levels l
             WHERE f.time = b.time GROUP BY {group}
             ON CONFLICT DO UPDATE SET count = count + excluded.count"
        ))?
        .execute([])?;
    }
    Ok(())
}

/// Deletes rows that count nothing any more; an index has them.
pub(super) fn sweep(db: &Connection) -> Result<()> {
    for Rollup { table, .. } in &ROLLUPS {
        let name = table.trim_end_matches("_rows");
        db.prepare_cached(&format!("DELETE FROM {table} INDEXED BY {name}_empty WHERE count <= 0"))?
            .execute([])?;
    }
    Ok(())
}

/// Counts all events anew.
pub(super) fn rebuild(db: &Connection) -> Result<()> {
    for Rollup { table, .. } in &ROLLUPS {
        db.execute(&format!("DELETE FROM {table}"), [])?;
    }
    let mut last = i64::MIN;
    loop {
        let times: Vec<i64> = db
            .prepare_cached("SELECT time FROM event_facts WHERE time > ? ORDER BY time LIMIT 10000")?
            .query_map([last], |row| row.get(0))?
            .collect::<Result<_>>()?;
        let Some(newest) = times.last() else { return Ok(()) };
        last = *newest;
        select(db, times)?;
        count(db, Direction::Add)?;
    }
}
