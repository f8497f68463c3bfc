//! What can go wrong at the desk.

use std::{io, path::PathBuf};

use uuid::Uuid;

use crate::{
    detect::{DetectionError, rules::LoadError},
    notify::NotifyError,
    store::{ReadError, StoreError, WriteError},
};

/// What can go wrong at the desk.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The file with the installation's key.
    #[error(
        "{path}: {error}; it holds the key that sessions and hashed users are known by: 32 bytes that only the agent's user may read. Without it a new one is made, and users whose identity is hashed get other names",
        path = path.display()
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The kernel gives no random numbers.
    #[error("no random numbers from the kernel: {0}")]
    Random(#[source] io::Error),
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Whoever is to be told of signals can't be.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// Detection rules can't be read.
    #[error(transparent)]
    Rules(#[from] LoadError),
    /// Detection rules can't run.
    #[error(transparent)]
    Detection(#[from] DetectionError),
    /// A change was not stored.
    #[error("not stored, and so not done: {0}")]
    NotStored(#[source] WriteError),
    /// An entry that can't be made.
    #[error("{0}")]
    List(String),
    /// There is no such signal.
    #[error("there is no signal {0}")]
    NoSignal(Uuid),
    /// A change that changes nothing or contradicts itself.
    #[error("{0}")]
    Triage(String),
    /// A stored signal can't be read.
    #[error("signal {id} in the store can't be read: {error}")]
    Unreadable {
        /// The signal.
        id: Uuid,
        /// Why.
        error: String,
    },
}
