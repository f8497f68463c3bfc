//! What can go wrong with the store.

use std::{io, path::PathBuf};

/// The store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory or a file in it.
    #[error("{path}: {error}; the store needs a directory that it may write", path = path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// Others could put another file in its place.
    #[error(
        "{path}: {found}; events are private: `chown` it to the agent's user and `chmod 0700` it",
        path = path.display()
    )]
    Unsafe {
        /// The directory or file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },
    /// Another agent has it.
    #[error("{path}: another agent uses this store; stop it, or give this one another state directory", path = path.display())]
    InUse {
        /// The lock.
        path: PathBuf,
    },
    /// A later Picket wrote it.
    #[error(
        "{path}: its schema has version {found}, this Picket knows versions up to {known}: run the Picket that wrote it, or move the file away",
        path = path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest known one.
        known: i64,
    },
    /// SQLite's word.
    #[error("{path}: {error}", path = path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        error: rusqlite::Error,
    },
    /// No thread could be started.
    #[error("no thread for the store: {0}")]
    Thread(#[source] io::Error),
}

/// A write that was not done; nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Too much waits already.
    #[error("the store has {limit} changes waiting already; try again")]
    Busy {
        /// The cap.
        limit: usize,
    },
    /// The disk is full or failing; the store counts only, and looks again by itself.
    #[error("the store can't write: {0}; free space or repair the disk, it goes on by itself")]
    Disk(String),
    /// It contradicts the database.
    #[error("the store refused it: {0}")]
    Refused(String),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
    /// It took longer than the caller wants to wait; it may still be done.
    #[error("the store did not answer in time; the change may still be made")]
    Late,
}

/// A question that got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It took longer than the deadline.
    #[error(
        "the query took longer than {limit_ms} ms; ask for less time (--from, --to) or for one service or address"
    )]
    Deadline {
        /// The deadline, milliseconds.
        limit_ms: u128,
    },
    /// A cursor that was not given out by this store.
    #[error("not a cursor of this list: {0:?}; take `next` of the page before")]
    Cursor(String),
    /// SQLite's word.
    #[error("the store can't read: {0}")]
    Database(#[from] rusqlite::Error),
}

/// Whether the error is the disk's, so that the next write may fail as well.
pub(super) fn of_disk(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, OutOfMemory,
        PermissionDenied, ReadOnly, SystemIoFailure,
    };
    matches!(
        error.sqlite_error_code(),
        Some(
            CannotOpen
                | DatabaseBusy
                | DatabaseCorrupt
                | DatabaseLocked
                | DiskFull
                | NotADatabase
                | OutOfMemory
                | PermissionDenied
                | ReadOnly
                | SystemIoFailure
        )
    )
}
