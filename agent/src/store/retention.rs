//! What is too old or too much goes, in small batches between writes.
#![forbid(unsafe_code)]

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, TransactionBehavior};

use super::{
    counts::OTHERS,
    directory::BESIDE,
    rollup::{self, Direction},
};

/// Events deleted in one transaction, at most, and at least when the store is too large.
const BATCH: u64 = 2000;
const LEAST: u64 = 16;
/// Bytes that an event takes, between these; what its deletion gives back is learnt.
const EVENT: (u64, u64) = (1024, 1 << 20);
/// Room for the WAL within the size: an eighth, at most this. `journal_size_limit` has the same.
const BESIDE_MOST: u64 = 16 << 20;
/// How long one go may delete; the next batch of events waits as long.
const LONGEST: Duration = Duration::from_millis(250);
/// Pages given back to the file system in one go: 8 MiB.
const PAGES: i64 = 2000;
/// Signals deleted in one go.
const SIGNALS: i64 = 200;
/// Counters are kept by minute and actor for so long, then by hour.
const FINE: i64 = 24;
/// Nanoseconds of an hour.
const HOUR: i64 = 3_600_000_000_000;
/// Where folding stands, in `meta`.
const FOLDED: &str = "counters_folded";

/// How long things are kept, and how much.
#[derive(Debug)]
pub(super) struct Retention {
    pub path: PathBuf,
    pub max_age: Duration,
    pub signal_max_age: Duration,
    pub max_size: u64,
    /// Events up to this time that are there still are kept for a signal.
    pub looked_to: i64,
    /// Goes since everything was looked at.
    pub goes: u32,
    /// Bytes that come free by the deletion of an event, as far as was seen.
    pub per_event: u64,
}

impl Retention {
    /// One go. Gives the number of events that were deleted, and the bytes that the store takes.
    pub fn tick(&mut self, db: &mut Connection) -> Result<(usize, u64)> {
        self.tick_at(db, Timestamp::now().as_nanosecond() as i64)
    }

    /// [`Self::tick`] at a time, nanoseconds since the epoch.
    pub fn tick_at(&mut self, db: &mut Connection, now: i64) -> Result<(usize, u64)> {
        // Late events, and events whose signal is gone, lie before the mark.
        self.goes += 1;
        if self.goes.is_multiple_of(600) {
            self.looked_to = -1;
        }
        let start = Instant::now();
        // The WAL holds pages twice: what is measured is the database without it, against the size without its room.
        if self.bytes() > self.max_size {
            checkpoint(db)?;
        }
        let room = self.max_size - (self.max_size / 8).min(BESIDE_MOST);
        let oldest = before(now, self.max_age);
        let mut deleted = 0;
        while start.elapsed() < LONGEST {
            let full = used(db)?;
            let batch = match full.checked_sub(room) {
                // Half of what seems to be too much at a time: an estimate that is wrong deletes little too much.
                Some(over) if over > 0 => {
                    let most = (over / self.per_event / 2).clamp(LEAST, BATCH);
                    let batch = self.delete(db, i64::MAX, most)?;
                    self.learn(full.saturating_sub(used(db)?), batch as u64);
                    batch
                }
                _ => self.delete(db, oldest, BATCH)?,
            };
            deleted += batch;
            if batch == 0 {
                break;
            }
        }
        self.delete_others(db, now)?;
        fold(db, now)?;
        if self.bytes() > self.max_size {
            give_back(db)?;
        }
        Ok((deleted, self.bytes()))
    }

    /// Takes into account what a deletion has given back; a page comes free only with its last row, so one batch
    /// alone says little.
    fn learn(&mut self, bytes: u64, events: u64) {
        if let Some(each) = bytes.checked_div(events) {
            self.per_event = ((self.per_event * 3 + each) / 4).clamp(EVENT.0, EVENT.1);
        }
    }

    /// Bytes of events after whose coming it is time for a go, whatever the clock says: what comes between two
    /// goes is on top of the size.
    pub fn stride(&self) -> u64 {
        (self.max_size / 16).min(BESIDE_MOST)
    }

    /// Bytes of the database and what is beside it.
    fn bytes(&self) -> u64 {
        self.length("") + BESIDE.iter().map(|end| self.length(end)).sum::<u64>()
    }

    fn length(&self, end: &str) -> u64 {
        fs::metadata(format!("{}{end}", self.path.display())).map_or(0, |metadata| metadata.len())
    }

    /// Deletes so many of the oldest events before a time, but none that a signal refers to.
    fn delete(&mut self, db: &mut Connection, before: i64, most: u64) -> Result<usize> {
        let doomed: Vec<i64> = db
            .prepare_cached(
                "SELECT b.time FROM event_bodies b
                 WHERE b.time > ? AND b.time < ?
                   AND NOT EXISTS (SELECT 1 FROM signal_events s WHERE s.event = b.id)
                 ORDER BY b.time LIMIT ?",
            )?
            .query_map((self.looked_to, before, most.cast_signed()), |row| row.get(0))?
            .collect::<Result<_>>()?;
        let Some(last) = doomed.last().copied() else { return Ok(0) };
        let count = doomed.len();
        let deletion = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        rollup::select(&deletion, doomed)?;
        rollup::count(&deletion, Direction::Remove)?;
        rollup::sweep(&deletion)?;
        for table in ["event_facts", "event_bodies"] {
            deletion
                .prepare_cached(&format!("DELETE FROM {table} WHERE time IN (SELECT time FROM temp.batch)"))?
                .execute([])?;
        }
        deletion.commit()?;
        self.looked_to = last;
        Ok(count)
    }

    fn delete_others(&mut self, db: &mut Connection, now: i64) -> Result<()> {
        let signals = before(now, self.signal_max_age);
        let minute = before(now, self.max_age) / (HOUR / 60);
        let deletion = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let gone = deletion
            .prepare_cached(
                "DELETE FROM signals WHERE id IN (SELECT id FROM signals WHERE time < ? ORDER BY time LIMIT ?)",
            )?
            .execute((signals, SIGNALS))?;
        for statement in [
            "DELETE FROM audit WHERE time < ?",
            "DELETE FROM lists WHERE state != 'active' AND coalesce(until, since) < ?",
            "DELETE FROM endpoints WHERE time < ?",
        ] {
            deletion.prepare_cached(statement)?.execute([signals])?;
        }
        for statement in ["DELETE FROM counters WHERE minute < ?", "DELETE FROM left_out WHERE minute < ?"] {
            deletion.prepare_cached(statement)?.execute([minute])?;
        }
        deletion.commit()?;
        if gone > 0 {
            self.looked_to = -1;
        }
        Ok(())
    }
}

/// Bytes of the database's pages that are not free.
fn used(db: &Connection) -> Result<u64> {
    let number = |pragma| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    Ok((pages * number("page_size")?).unsigned_abs())
}

/// Gives free pages back to the file system.
fn give_back(db: &Connection) -> Result<()> {
    checkpoint(db)?;
    // Each step frees a page: the rows have to be asked for until there are none.
    let mut vacuum = db.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    let mut rows = vacuum.query([])?;
    while rows.next()?.is_some() {}
    drop(rows);
    checkpoint(db)
}

/// Brings the WAL into the database, which gets as short as it is; a reader in the way puts it off.
fn checkpoint(db: &Connection) -> Result<()> {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn before(now: i64, age: Duration) -> i64 {
    now.saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX)).max(0)
}

/// Makes the counters of one hour that is a day old counters by hour, without actors.
fn fold(db: &mut Connection, now: i64) -> Result<()> {
    let last = now / HOUR - FINE;
    let folded: Option<String> =
        db.query_row("SELECT value FROM meta WHERE key = ?", [FOLDED], |row| row.get(0)).optional()?;
    let from = folded.and_then(|hour| hour.parse::<i64>().ok()).unwrap_or(-1);
    let next: Option<i64> = db
        .prepare_cached("SELECT min(minute) / 60 FROM counters WHERE minute >= ?")?
        .query_row([(from + 1) * 60], |row| row.get(0))?;
    let Some(hour) = next.filter(|hour| *hour <= last) else { return Ok(()) };
    let (first, end) = (hour * 60, hour * 60 + 60);
    let fold = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    fold.execute("CREATE TEMP TABLE IF NOT EXISTS folded AS SELECT * FROM counters LIMIT 0", [])?;
    fold.execute("DELETE FROM temp.folded", [])?;
    fold.execute(
        "INSERT INTO temp.folded SELECT ?1, service, rule, ?2, sum(count) FROM counters
         WHERE minute >= ?1 AND minute < ?3 GROUP BY service, rule",
        (first, OTHERS, end),
    )?;
    fold.execute("DELETE FROM counters WHERE minute >= ? AND minute < ?", (first, end))?;
    fold.execute("INSERT INTO counters SELECT * FROM temp.folded", [])?;
    fold.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (FOLDED, hour.to_string()))?;
    fold.commit()
}
