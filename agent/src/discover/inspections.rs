//! What inspections found, remembered: programs are started again and again.
#![forbid(unsafe_code)]

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;

use super::{
    OpenFile,
    file::{Identity, Stamp},
};
use crate::limits::INSPECTIONS;

type Key = (Identity, Stamp);

/// The latest inspections, those that found nothing too. An inode number that was used again comes with another time of
/// change, which nobody can set.
pub(super) struct Inspections<W>(Mutex<LruCache<Key, Option<Arc<W>>>>);

impl<W> Default for Inspections<W> {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(INSPECTIONS).unwrap_or(NonZeroUsize::MIN))))
    }
}

impl<W> Inspections<W> {
    /// What was found in it, when it was inspected as it is.
    pub(super) fn find(&self, file: &OpenFile) -> Option<Option<Arc<W>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key(file)).cloned()
    }

    pub(super) fn remember(&self, file: &OpenFile, found: Option<Arc<W>>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(key(file), found);
    }
}

fn key(file: &OpenFile) -> Key {
    (file.identity(), file.stamp())
}
