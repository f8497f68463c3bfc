//! Which signals have an address, user, session or fingerprint in common.

use std::collections::HashMap;

use uuid::Uuid;

use crate::limits;

/// From what signals have in common to the signals; only those under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Ties(HashMap<(Tie, String), Vec<Uuid>>);

/// What ties signals together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tie {
    Actor,
    User,
    Session,
    Fingerprint,
}

impl Ties {
    /// A signal has this; the others that have it too.
    pub(super) fn add(&mut self, tie: Tie, value: &str, signal: Uuid) -> &[Uuid] {
        let known = self.0.entry((tie, value.to_owned())).or_default();
        if !known.contains(&signal) && known.len() <= limits::SIGNAL_RELATED {
            known.push(signal);
        }
        known
    }

    /// A signal is over.
    pub(super) fn remove(&mut self, tie: Tie, value: &str, signal: Uuid) {
        let key = (tie, value.to_owned());
        if let Some(known) = self.0.get_mut(&key) {
            known.retain(|other| *other != signal);
            if known.is_empty() {
                self.0.remove(&key);
            }
        }
    }
}
