//! A corrupt database: kept under another name, and what can be read of it copied into a new one.
#![forbid(unsafe_code)]

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Statement, config::DbConfig, params_from_iter, types::Value};

use super::{directory::BESIDE, error::of_disk, insert, journal, rescue, rollup};

/// Tables that are copied, those that others refer to first. Rollups are counted anew.
const TABLES: [&str; 13] = [
    "lists",
    "audit",
    "meta",
    "windows",
    "outbox",
    "signals",
    "signal_events",
    "signal_history",
    "endpoints",
    "event_bodies",
    "event_facts",
    "counters",
    "left_out",
];
/// Rows copied in one transaction.
const BATCH: usize = 10_000;

/// What was done about a corrupt database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged {
    /// Under which name it is kept.
    pub kept_as: PathBuf,
    /// What is wrong with it.
    pub why: String,
    /// Rows copied, by table.
    pub rows: Vec<(&'static str, usize)>,
    /// Tables of which something could not be read.
    pub damaged: Vec<&'static str>,
    /// Entries of lists and of the audit that could not be read, and came from their second copy; they are among the
    /// rows.
    pub restored: (usize, usize),
}

impl Salvaged {
    fn add(&mut self, table: &'static str, more: usize) {
        if let Some((_, rows)) = self.rows.iter_mut().find(|(name, _)| *name == table) {
            *rows += more;
        }
    }

    /// Rows of a table that were copied.
    #[must_use]
    pub fn rows_of(&self, table: &str) -> usize {
        self.rows.iter().find(|(name, _)| *name == table).map_or(0, |(_, rows)| *rows)
    }
}

impl fmt::Display for Salvaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the store was corrupt ({}): {} events, {} signals, {} list entries and {} audit entries were read and copied into a new one",
            // SQLite writes a line for each thing that is wrong.
            self.why.split_whitespace().collect::<Vec<_>>().join(" "),
            self.rows_of("event_bodies"),
            self.rows_of("signals"),
            self.rows_of("lists"),
            self.rows_of("audit"),
        )?;
        if self.damaged.is_empty() {
            write!(f, ", as far as can be told all of them")?;
        } else {
            write!(
                f,
                "; rows of {} are missing, or were found only in pages that nothing leads to",
                self.damaged.join(", ")
            )?;
        }
        if self.restored != (0, 0) {
            let (lists, audit) = self.restored;
            write!(
                f,
                "; {lists} of the list entries and {audit} of the audit entries came from their second copy"
            )?;
        }
        write!(f, "; the corrupt file is kept as {}", self.kept_as.display())
    }
}

/// Renames the database, and what SQLite keeps beside it, to a name that is not taken.
pub(super) fn keep_aside(path: &Path) -> io::Result<PathBuf> {
    let with = |path: &Path, end: &str| PathBuf::from(format!("{}{end}", path.display()));
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    for number in 0..1000 {
        let aside = with(
            path,
            &match number {
                0 => format!(".corrupt-{stamp}"),
                _ => format!(".corrupt-{stamp}-{number}"),
            },
        );
        if aside.exists() {
            continue;
        }
        fs::rename(path, &aside)?;
        for end in BESIDE {
            match fs::rename(with(path, end), with(&aside, end)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        return Ok(aside);
    }
    Err(io::Error::other("a thousand corrupt databases are kept already: look at them"))
}

/// Copies what can be read, and takes entries of lists and audit that are missing from their second copy.
/// `place`: where the database was.
pub(super) fn copy(
    aside: &Path,
    place: &Path,
    why: String,
    new: &mut Connection,
) -> rusqlite::Result<Salvaged> {
    let mut salvaged =
        Salvaged { kept_as: aside.to_owned(), why, rows: Vec::new(), damaged: Vec::new(), restored: (0, 0) };
    new.pragma_update(None, "foreign_keys", false)?;
    let old = reader(aside);
    for table in TABLES {
        let (rows, whole) = match &old {
            Ok(old) => copy_table(old, new, table)?,
            Err(_) => (0, false),
        };
        salvaged.rows.push((table, rows));
        if !whole {
            salvaged.damaged.push(table);
        }
    }
    if !salvaged.damaged.is_empty() {
        for (table, rescued) in rescue::rescue(aside, new, &salvaged.damaged)? {
            salvaged.add(table, rescued);
        }
    }
    salvaged.restored = journal::restore(place, new)?;
    salvaged.add("lists", salvaged.restored.0);
    salvaged.add("audit", salvaged.restored.1);
    let repair = new.transaction()?;
    repair.execute_batch(
        "DELETE FROM signal_events WHERE signal NOT IN (SELECT id FROM signals);
         DELETE FROM signal_history WHERE signal NOT IN (SELECT id FROM signals);
         DELETE FROM event_facts WHERE time NOT IN (SELECT time FROM event_bodies);",
    )?;
    repair.execute(insert::FACTS_OF_JSON, [])?;
    repair.execute(insert::LISTS_OF_SIGNALS, [])?;
    rollup::rebuild(&repair)?;
    repair.commit()?;
    new.pragma_update(None, "foreign_keys", true)?;
    Ok(salvaged)
}

/// Opens it to be read only: the file stays as it was found.
fn reader(aside: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let old = Connection::open_with_flags(aside, flags)?;
    // Otherwise SQLite reads nothing of a file that is shorter than its header says (`lockBtree`).
    old.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, true)?;
    old.execute_batch("PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;")?;
    Ok(old)
}

/// Copies a table from its beginning to the first row that can't be read, then from its end. Gives the number of rows, and whether these are all.
fn copy_table(old: &Connection, new: &mut Connection, table: &str) -> rusqlite::Result<(usize, bool)> {
    let Ok(columns) = common_columns(old, new, table) else { return Ok((0, false)) };
    if columns.is_empty() {
        return Ok((0, false));
    }
    let order = key(new, table)?;
    let names = columns.join(", ");
    let marks = vec!["?"; columns.len()].join(", ");
    let insert = format!("INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})");
    let mut copied = 0;
    for direction in ["ASC", "DESC"] {
        let by: Vec<String> = order.iter().map(|column| format!("{column} {direction}")).collect();
        let select = format!("SELECT {names} FROM {table} ORDER BY {}", by.join(", "));
        let Ok(mut rows) = old.prepare(&select) else { return Ok((copied, false)) };
        let (rows, whole) = copy_rows(&mut rows, new, &insert, columns.len())?;
        copied += rows;
        if whole {
            return Ok((copied, direction == "ASC"));
        }
    }
    Ok((copied, false))
}

fn copy_rows(
    from: &mut Statement<'_>,
    new: &mut Connection,
    insert: &str,
    columns: usize,
) -> rusqlite::Result<(usize, bool)> {
    let Ok(mut rows) = from.query([]) else { return Ok((0, false)) };
    let mut copied = 0;
    loop {
        let batch = new.transaction()?;
        for _ in 0..BATCH {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                end => {
                    batch.commit()?;
                    return Ok((copied, end.is_ok()));
                }
            };
            let values: Result<Vec<Value>, _> = (0..columns).map(|column| row.get(column)).collect();
            // A row that reads wrong, or that the table refuses, is one row less.
            if let Ok(values) = values {
                copied += match batch.prepare_cached(insert)?.execute(params_from_iter(values)) {
                    Err(error) if of_disk(&error) => return Err(error),
                    done => done.unwrap_or(0),
                };
            }
        }
        batch.commit()?;
    }
}

/// Columns that both databases have; the old one may be of an earlier version.
fn common_columns(old: &Connection, new: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let columns = |db: &Connection| -> rusqlite::Result<Vec<String>> {
        db.prepare("SELECT name FROM pragma_table_info(?)")?.query_map([table], |row| row.get(0))?.collect()
    };
    let old = columns(old)?;
    Ok(columns(new)?.into_iter().filter(|name| old.contains(name)).collect())
}

/// The columns of a table's primary key: the order in which its rows lie.
fn key(db: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk")?
        .query_map([table], |row| row.get(0))?
        .collect()
}
