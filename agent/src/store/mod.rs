//! store: what outlives the agent, in SQLite.
//!
//! ```text
//!  event ─────> StoreHandle ── counts all, samples ──> queue ──> writer thread ──> picket.db
//!  signal, list entry, audit ──────── at once ──────────^            │
//!                                                                retention
//!  api, cli <── Reader: pages, facets, timelines <── read-only connections, each with a deadline
//! ```
//!
//! `docs/store.md` says what is promised and what it costs.
#![forbid(unsafe_code)]

mod change;
mod counts;
mod directory;
mod error;
mod facts;
mod handle;
mod health;
mod insert;
mod journal;
mod open;
mod pages;
mod queue;
pub mod read;
mod rescue;
mod retention;
mod rollup;
mod rows;
mod salvage;
mod sampler;
mod schema;
pub mod sql;
mod stats;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

pub use change::Change;
pub use counts::{OTHERS, Why};
pub use directory::FILE;
pub use error::{ReadError, StoreError, WriteError};
pub use facts::Facts;
pub use handle::{Ack, Fate, StoreHandle};
pub use open::Functions;
pub use read::Reader;
pub use rows::{
    AuditEntry, EndpointRow, ListEntry, ListKind, ListState, OutboxRow, SignalChange, SignalRow, Target,
    Window,
};
pub use salvage::Salvaged;
pub use schema::VERSION;
pub use stats::StoreStats;

use self::{
    counts::Counts, directory::Directory, handle::Intake, handle::Shared, health::Health, queue::Queue,
    retention::Retention, sampler::Sampler, writer::Writer,
};
use crate::config::StoreConfig;

/// How the store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Events older than this are deleted.
    pub max_age: Duration,
    /// Signals older than this are deleted, and audit and ended list entries with them; until then a
    /// signal's sampled events stay.
    pub signal_max_age: Duration,
    /// Bytes of all files; beyond, the oldest events are deleted.
    pub max_size: u64,
    /// Events that are stored a second, at most.
    pub events_per_second: u32,
    /// How long a question may take.
    pub deadline: Duration,
    /// How long facets, counts and timelines are counted before what was counted has to do.
    pub patience: Duration,
    /// Registers functions that clauses use, on each connection.
    pub functions: Option<Functions>,
}

/// [`Options::deadline`] unless somebody says otherwise.
const DEADLINE: Duration = if cfg!(test) { Duration::from_secs(60) } else { Duration::from_secs(5) };
/// [`Options::patience`] unless somebody says otherwise. Unit tests ask for whole answers, on machines that do much else.
const PATIENCE: Duration = if cfg!(test) { Duration::from_secs(60) } else { Duration::from_millis(150) };

impl Default for Options {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(30 * 86_400),
            signal_max_age: Duration::from_secs(365 * 86_400),
            max_size: 1 << 30,
            events_per_second: 1000,
            deadline: DEADLINE,
            patience: PATIENCE,
            functions: None,
        }
    }
}

impl From<&StoreConfig> for Options {
    fn from(config: &StoreConfig) -> Self {
        let StoreConfig { max_age, max_size, events_per_second, .. } = *config;
        let default = Self::default();
        // A signal's events would go before the others if it lived shorter.
        Self {
            max_age,
            max_size,
            events_per_second,
            signal_max_age: default.signal_max_age.max(max_age),
            ..default
        }
    }
}

/// The open store. Dropped, it writes what waits and closes.
pub struct Store {
    handle: StoreHandle,
    reader: Reader,
    salvaged: Option<Salvaged>,
    writer: Option<JoinHandle<()>>,
    _directory: Directory,
}

impl Store {
    /// Opens the store in a directory that belongs to it; makes both if there are none, and brings an older
    /// schema up to date. A corrupt database is kept under another name, what can be read of it is copied.
    ///
    /// # Errors
    /// When the directory can't be used or is not safe, another agent has it, or a newer Picket wrote it.
    pub fn open(directory: &Path, options: &Options) -> Result<Self, StoreError> {
        let directory = Directory::open(directory)?;
        let path = directory.database();
        let opened = open::open(&directory, options.functions)?;
        if let Some(salvaged) = &opened.salvaged {
            tracing::warn!("{salvaged}");
        }
        let shared = Arc::new(Shared {
            queue: Queue::default(),
            intake: Mutex::new(Intake {
                sampler: Sampler::new(options.events_per_second),
                counts: Counts::default(),
            }),
            tally: stats::Tally::default(),
        });
        let writer = Writer {
            db: opened.db,
            shared: shared.clone(),
            retention: retention(path.clone(), options),
            health: Health::default(),
            journal: opened.journal,
            ticked: None,
            put: 0,
            full: false,
        };
        let writer = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.run())
            .map_err(StoreError::Thread)?;
        Ok(Self {
            handle: StoreHandle(shared),
            reader: Reader::new(path, (options.deadline, options.patience), options.functions),
            salvaged: opened.salvaged,
            writer: Some(writer),
            _directory: directory,
        })
    }

    /// For those who put something in.
    #[must_use]
    pub fn handle(&self) -> StoreHandle {
        self.handle.clone()
    }

    /// For those who ask.
    #[must_use]
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// What the store counted of itself.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        self.handle.stats()
    }

    /// What was done about a corrupt database when it was opened.
    #[must_use]
    pub fn salvaged(&self) -> Option<&Salvaged> {
        self.salvaged.as_ref()
    }
}

fn retention(path: PathBuf, options: &Options) -> Retention {
    let Options { max_age, signal_max_age, max_size, .. } = *options;
    Retention { path, max_age, signal_max_age, max_size, looked_to: -1, goes: 0, per_event: 4096 }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.handle.0.queue.close();
        if let Some(writer) = self.writer.take() {
            // It panicked: that was said already.
            let _ = writer.join();
        }
    }
}

#[cfg(test)]
mod tests;
