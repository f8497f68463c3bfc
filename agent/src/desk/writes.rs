//! Changes on their way into the store: what could not be written is written again.

use std::{collections::VecDeque, mem, sync::Arc};

use crate::{
    limits,
    store::{Ack, Change, StoreHandle},
};

/// Changes that are not known to be stored.
#[derive(Default)]
pub(super) struct Writes {
    waiting: VecDeque<(Ack, Arc<Vec<Change>>, u8)>,
    again: Vec<(Change, u8)>,
    /// Changes that were given up: too many could not be written, or the store refused them again and again.
    pub lost: u64,
}

/// How often a change is refused, by a store that takes others, until it is given up.
const ATTEMPTS: u8 = 10;

impl Writes {
    /// Writes changes, all or none.
    pub fn write(&mut self, handle: &StoreHandle, changes: Vec<Change>) {
        self.put(handle, changes, 0);
        self.settle(handle.stats().failing.is_some());
    }

    /// Writes again what failed; one by one, so that one that is refused holds up no other.
    pub fn again(&mut self, handle: &StoreHandle) {
        let failing = handle.stats().failing.is_some();
        self.settle(failing);
        if !failing {
            for (change, attempts) in mem::take(&mut self.again) {
                self.put(handle, vec![change], attempts);
            }
        }
    }

    fn put(&mut self, handle: &StoreHandle, changes: Vec<Change>, attempts: u8) {
        // Saved windows may have a hundred megabytes: shared with the store, not copied for it.
        let changes = Arc::new(changes);
        match handle.write(Arc::clone(&changes)) {
            Ok(ack) => self.waiting.push_back((ack, changes, attempts)),
            // There is no room in its queue at the moment.
            Err(_) => self.keep(changes, attempts),
        }
    }

    /// Looks at the answers that are there.
    fn settle(&mut self, failing: bool) {
        let mut still = VecDeque::new();
        while let Some((ack, changes, attempts)) = self.waiting.pop_front() {
            match ack.try_wait() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::debug!(%error, changes = changes.len(), "not stored yet");
                    let alone = changes.len() == 1 && !failing;
                    self.keep(changes, attempts.saturating_add(u8::from(alone)));
                }
                Err(ack) => still.push_back((ack, changes, attempts)),
            }
        }
        self.waiting = still;
    }

    fn keep(&mut self, changes: Arc<Vec<Change>>, attempts: u8) {
        // The store is nearly always done with them.
        for change in Arc::unwrap_or_clone(changes) {
            // The latest word on a thing is enough.
            if let Some(name) = name(&change) {
                self.again.retain(|(other, _)| self::name(other).as_ref() != Some(&name));
            }
            if self.again.len() >= limits::DESK_UNWRITTEN || attempts >= ATTEMPTS {
                self.lost += 1;
                if self.lost.is_power_of_two() {
                    tracing::error!(lost = self.lost, "the store does not take some changes; they are lost");
                }
                continue;
            }
            self.again.push((change, attempts));
        }
    }
}

/// What a change is about, where a later change says all that an earlier one does.
fn name(change: &Change) -> Option<(u8, &str)> {
    match change {
        Change::Signal { row, .. } => Some((0, &row.id)),
        Change::Window(window) => Some((1, &window.name)),
        Change::Meta { key, .. } => Some((2, key)),
        _ => None,
    }
}
