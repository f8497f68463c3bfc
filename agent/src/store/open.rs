//! Opens the database: private, checked, in the newest version.
#![forbid(unsafe_code)]

use std::{fs, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, OptionalExtension, config::DbConfig};

use super::{
    directory::Directory,
    error::StoreError,
    journal::{self, Journal},
    rollup,
    salvage::{self, Salvaged},
    schema,
};

/// Registers functions that clauses use.
pub type Functions = fn(&Connection) -> rusqlite::Result<()>;

/// Databases up to this size are looked through whenever they are opened, larger ones only when they were not
/// closed: SQLite reads about a gigabyte in some seconds.
const CHECKED: u64 = 256 * 1024 * 1024;
/// How long a lock of SQLite's own is waited for.
const BUSY: Duration = Duration::from_secs(1);
/// Set in `meta` by an orderly end.
const CLEAN: &str = "closed";

pub(super) struct Opened {
    pub db: Connection,
    pub salvaged: Option<Salvaged>,
    pub journal: Journal,
}

/// Opens it for the writer.
pub(super) fn open(directory: &Directory, functions: Option<Functions>) -> Result<Opened, StoreError> {
    let path = directory.database();
    let failed = |error| StoreError::Database { path: path.clone(), error };
    match attempt(&path, functions) {
        Ok((mut db, closed)) => {
            if !closed {
                restore(&path, &mut db).map_err(failed)?;
            }
            let journal = Journal::open(&path, &db);
            Ok(Opened { db, salvaged: None, journal })
        }
        Err(Trouble::Newer(found)) => Err(StoreError::Newer { path, found, known: schema::VERSION }),
        Err(Trouble::Failed(error)) => Err(failed(error)),
        Err(Trouble::Corrupt(why)) => {
            let aside = salvage::keep_aside(&path)
                .map_err(|error| StoreError::Directory { path: path.clone(), error })?;
            directory.make_private()?;
            let mut db = match attempt(&path, functions) {
                Ok((db, _)) => db,
                Err(Trouble::Newer(found)) => {
                    return Err(StoreError::Newer { path, found, known: schema::VERSION });
                }
                Err(Trouble::Failed(error)) => return Err(failed(error)),
                // A new file that reads wrong: it is the disk, and moving more files aside helps nobody.
                Err(Trouble::Corrupt(_)) => {
                    return Err(failed(rusqlite::Error::SqliteFailure(
                        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
                        Some("a new database can't be read back".to_owned()),
                    )));
                }
            };
            let salvaged = salvage::copy(&aside, &path, why, &mut db).map_err(failed)?;
            db.execute("DELETE FROM meta WHERE key = ?", [CLEAN]).map_err(failed)?;
            let journal = Journal::open(&path, &db);
            Ok(Opened { db, salvaged: Some(salvaged), journal })
        }
    }
}

/// Notes an orderly end.
pub(super) fn note_closed(db: &Connection) -> rusqlite::Result<()> {
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, '1')", [CLEAN])?;
    db.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);")
}

enum Trouble {
    Newer(i64),
    Corrupt(String),
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Corrupt(error.to_string()),
            // It ends before a page that its schema lies in.
            _ if ends_early(&error) => Self::Corrupt(error.to_string()),
            _ => Self::Failed(error),
        }
    }
}

fn ends_early(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ)
}

/// What the end of the WAL had, should it be damaged, or all of a database that somebody has emptied: entries of lists
/// and audit that their second copy has.
fn restore(path: &Path, db: &mut Connection) -> rusqlite::Result<()> {
    let (lists, audit) = journal::restore(path, db)?;
    if (lists, audit) != (0, 0) {
        tracing::warn!(
            "{}: {lists} list entries and {audit} audit entries were missing, and came from their second copy",
            path.display()
        );
    }
    Ok(())
}

/// The database, and whether it was closed in order.
fn attempt(path: &Path, functions: Option<Functions>) -> Result<(Connection, bool), Trouble> {
    let mut db = connect(path)?;
    let version = schema::version(&db)?;
    if version > schema::VERSION {
        return Err(Trouble::Newer(version));
    }
    let small = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= CHECKED);
    let closed = version > 0
        && db.query_row("SELECT 1 FROM meta WHERE key = ?", [CLEAN], |_| Ok(())).optional()?.is_some();
    if small || !closed {
        let found: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Err(Trouble::Corrupt(found));
        }
    }
    schema::migrate(&mut db)?;
    db.execute("DELETE FROM meta WHERE key = ?", [CLEAN])?;
    rollup::prepare(&db)?;
    if let Some(register) = functions {
        register(&db)?;
    }
    Ok((db, closed))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY)?;
    // It counts only before the first table; later it would write to a file that may be corrupt.
    if db.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))? == 0 {
        db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;
         PRAGMA journal_size_limit = 16777216;
         PRAGMA cell_size_check = ON;
         PRAGMA trusted_schema = OFF;",
    )?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Opens it for questions.
pub(super) fn connect_reader(path: &Path, functions: Option<Functions>) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY)?;
    // A name that no column has is an error, never a text.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    db.execute_batch(
        "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096; PRAGMA cell_size_check = ON;
         PRAGMA trusted_schema = OFF;",
    )?;
    db.set_prepared_statement_cache_capacity(64);
    if let Some(register) = functions {
        register(&db)?;
    }
    Ok(db)
}
