//! Modes that people set for the services of a name, over what the configuration says. `modes.json` in the state
//! directory keeps them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    api::types::SetMode,
    limits,
    respond::{
        Notice, StateError,
        state_file::{encode, read, write},
    },
    rules::policy::Mode,
};

/// Modes by the service's name.
#[derive(Debug, Default)]
pub struct Modes {
    path: PathBuf,
    entries: BTreeMap<String, SetMode>,
}

/// An entry of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    service: String,
    #[serde(flatten)]
    set: SetMode,
}

/// Why a mode is not set.
#[derive(Debug, thiserror::Error)]
pub enum ModesError {
    /// There are too many.
    #[error("modes of {} services are set already, which is the most", limits::MODES)]
    Full,
    /// The file can't be written.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Modes {
    /// What stands in the state directory; what can't be read there is kept aside, and said.
    ///
    /// # Errors
    /// When the directory can't be read.
    pub fn open(state: &Path, now: Timestamp) -> Result<(Self, Option<Notice>), StateError> {
        let path = state.join("modes.json");
        let (stored, notice) = read::<Stored>(&path, now)?;
        let entries = stored.into_iter().map(|Stored { service, set }| (service, set)).collect();
        Ok((Self { path, entries }, notice))
    }

    /// The mode of the services of a name.
    #[must_use]
    pub fn get(&self, service: &str) -> Option<&SetMode> {
        self.entries.get(service)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &BTreeMap<String, SetMode> {
        &self.entries
    }

    /// Sets modes, or takes them back. It is on disk when this returns.
    ///
    /// # Errors
    /// When there are too many, or it can't be written; then nothing was changed.
    pub fn set<'m>(
        &mut self,
        changed: impl IntoIterator<Item = (&'m str, Option<Mode>)>,
        by: &str,
    ) -> Result<(), ModesError> {
        let mut entries = self.entries.clone();
        for (service, mode) in changed {
            match mode {
                Some(mode) => {
                    let set = SetMode { mode, since: Timestamp::now(), by: by.to_owned() };
                    entries.insert(service.to_owned(), set);
                }
                None => drop(entries.remove(service)),
            }
        }
        if entries.len() > limits::MODES {
            return Err(ModesError::Full);
        }
        let stored =
            entries.iter().map(|(service, set)| Stored { service: service.clone(), set: set.clone() });
        write(&self.path, &encode(&stored.collect::<Vec<_>>()))?;
        self.entries = entries;
        Ok(())
    }

    /// For [`Policies`](super::Policies).
    #[must_use]
    pub fn by_service(&self) -> Arc<BTreeMap<String, Mode>> {
        Arc::new(self.entries.iter().map(|(service, set)| (service.clone(), set.mode)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_hold_over_a_restart_and_a_broken_file_is_kept_aside() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Modes::open(directory.path(), Timestamp::now()).unwrap();
        let (mut modes, notice) = open();
        assert_eq!(notice, None);
        modes.set([("nginx", Some(Mode::Off))], "alice").unwrap();
        modes.set([("api \u{1f}", Some(Mode::Block))], "bob").unwrap();
        modes.set([("nginx", Some(Mode::Monitor))], "bob").unwrap();
        let (mut again, _) = open();
        let set = again.get("nginx").unwrap();
        assert_eq!((set.mode, set.by.as_str()), (Mode::Monitor, "bob"));
        assert_eq!(again.by_service().len(), 2);
        again.set([("nginx", None)], "alice").unwrap();
        again.set([("nobody", None)], "alice").unwrap();
        assert_eq!(open().0.by_service().keys().collect::<Vec<_>>(), ["api \u{1f}"]);
        std::fs::write(directory.path().join("modes.json"), "{\"version\":1,\"entries\":[{\"service\":7}]}")
            .unwrap();
        let (broken, notice) = open();
        assert!(broken.by_service().is_empty() && notice.is_some());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "it is kept aside");
    }

    #[test]
    fn what_is_not_on_disk_is_not_set() {
        let directory = tempfile::tempdir().unwrap();
        let (mut modes, _) = Modes::open(directory.path(), Timestamp::now()).unwrap();
        for number in 0..limits::MODES {
            modes.entries.insert(
                number.to_string(),
                SetMode { mode: Mode::Off, since: Timestamp::UNIX_EPOCH, by: String::new() },
            );
        }
        assert!(matches!(modes.set([("one more", Some(Mode::Off))], "alice"), Err(ModesError::Full)));
        modes.set([("7", Some(Mode::Block))], "alice").unwrap();
        directory.close().unwrap();
        assert!(matches!(modes.set([("7", Some(Mode::Off))], "alice"), Err(ModesError::State(_))));
        assert_eq!(modes.get("7").map(|set| set.mode), Some(Mode::Block));
    }
}
