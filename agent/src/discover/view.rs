//! Which runtimes a process has mapped, for everybody who wants to know.
#![forbid(unsafe_code)]

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::OpenFile;

/// A file with something in it that a process has mapped.
#[derive(Debug)]
pub struct Runtime<W> {
    /// The file.
    pub file: Arc<OpenFile>,
    /// What the inspection found.
    pub what: Arc<W>,
    /// Why there are no probes in it; none: there are.
    pub unattached: Option<Arc<str>>,
}

impl<W> Clone for Runtime<W> {
    fn clone(&self) -> Self {
        Self {
            file: Arc::clone(&self.file),
            what: Arc::clone(&self.what),
            unattached: self.unattached.clone(),
        }
    }
}

/// By process.
type Runtimes<W> = HashMap<u32, Arc<[Runtime<W>]>>;

/// What processes have mapped. Clones are the same view.
#[derive(Debug)]
pub struct View<W>(Arc<RwLock<Runtimes<W>>>);

impl<W> Clone for View<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W> Default for View<W> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<W> View<W> {
    /// Runtimes that a process has mapped; none when it has none, or is not known. Costs a read lock and a counted
    /// reference. Who keeps the answer keeps its files open.
    #[must_use]
    pub fn of_process(&self, pid: u32) -> Option<Arc<[Runtime<W>]>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&pid).cloned()
    }

    /// Processes that have any.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// What a process has from now on; none: it is forgotten. True: there was something before.
    pub(super) fn set(&self, pid: u32, runtimes: Option<Arc<[Runtime<W>]>>) -> bool {
        let mut view = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match runtimes {
            Some(runtimes) => view.insert(pid, runtimes),
            None => view.remove(&pid),
        }
        .is_some()
    }
}
