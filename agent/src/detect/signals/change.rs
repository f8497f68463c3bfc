//! What the book says: a signal that changed, and what its rule wants done about whom.

use serde::{Deserialize, Serialize};

use super::signal::Signal;
use crate::detect::rules::ActionKind;

/// A signal that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How.
    pub kind: ChangeKind,
    /// As it is now.
    pub signal: Signal,
    /// What is to be done now; each of these is said once.
    pub wanted: Vec<Wanted>,
}

impl Change {
    /// As one line of JSON, without the newline: the signal, with `"kind":"signal"` and how it changed. Control and format
    /// characters are escaped, as in events.
    #[must_use]
    pub fn json_line(&self) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            kind: &'static str,
            change: ChangeKind,
            #[serde(flatten)]
            signal: &'a Signal,
        }
        crate::event::json_line(&Line { kind: "signal", change: self.kind, signal: &self.signal })
    }
}

/// How a signal changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Opened,
    /// Its severity rose.
    Escalated,
    /// It goes on.
    Extended,
    /// A person or an action changed it.
    Triaged,
}

/// What a rule wants done about some actors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What.
    pub kind: ActionKind,
    /// For so many seconds; 0: it does not expire.
    pub duration: u64,
    /// About whom: addresses, or for [`ActionKind::BlockUser`] ids of users. Never empty.
    pub targets: Vec<String>,
}
