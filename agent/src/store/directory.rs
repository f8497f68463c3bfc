//! The store's files: private, and one agent's.
#![forbid(unsafe_code)]

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, OFlags};

use super::error::StoreError;

/// The database's name in the state directory.
pub const FILE: &str = "picket.db";
/// What SQLite keeps beside it.
pub(super) const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// The directory of a store that this process alone has open.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Locked as long as it is open; the kernel unlocks it when the process dies.
    _lock: File,
}

impl Directory {
    /// Makes it if there is none, checks who may write it, and locks it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| StoreError::Directory { path, error }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed(path))?;
        owned(path, &fs::metadata(path).map_err(failed(path))?)?;
        let lock_path = path.join(format!("{FILE}.lock"));
        let lock = private(&lock_path).map_err(failed(&lock_path))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(StoreError::InUse { path: lock_path }),
            Err(error) => return Err(failed(&lock_path)(error.into())),
        }
        let directory = Self { path: path.to_owned(), _lock: lock };
        directory.make_private()?;
        Ok(directory)
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.path.join(FILE)
    }

    /// The database is there, a file of ours, and nobody else may read it. SQLite gives the files beside it
    /// the same mode.
    pub fn make_private(&self) -> Result<(), StoreError> {
        let path = self.database();
        let failed = |error| StoreError::Directory { path: path.clone(), error };
        let file = private(&path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        owned(&path, &metadata)?;
        if metadata.mode() & 0o777 != 0o600 {
            file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(failed)?;
        }
        Ok(())
    }
}

/// Opens or makes a file for this user alone; never through a symbolic link.
pub(super) fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
}

fn owned(path: &Path, metadata: &fs::Metadata) -> Result<(), StoreError> {
    let us = rustix::process::geteuid().as_raw();
    let found = if metadata.uid() != us {
        format!("it belongs to user {}, the agent runs as {us}", metadata.uid())
    } else if metadata.is_dir() && metadata.mode() & 0o022 != 0 {
        format!("others may write it (mode {:04o})", metadata.mode() & 0o7777)
    } else {
        return Ok(());
    };
    Err(StoreError::Unsafe { path: path.to_owned(), found })
}
