//! A transaction that is no event, as detection rules look at it.
#![forbid(unsafe_code)]

use std::{cell::OnceCell, fmt, sync::Arc};

use super::{Event, EventChain, Recorder, Stamp, Transaction};
use crate::user::Observed;

/// A transaction that is no event. There are a hundred thousand a second of them, and rules ask few texts of them: each is
/// redacted when it is asked for, and the event is made only when something is asked that is not here.
pub struct Plain<'a> {
    /// Which one it is.
    pub stamp: Stamp,
    /// What happened.
    pub transaction: Transaction<'a>,
    /// Who did it.
    pub observed: &'a Observed,
    /// Where it stands in a chain of proxies.
    pub chain: Option<EventChain>,
    recorder: &'a Recorder,
    /// What only the event has is put in.
    finish: &'a dyn Fn(&mut Event),
    path: OnceCell<String>,
    user_agent: OnceCell<Option<Arc<str>>>,
    event: OnceCell<Event>,
}

impl<'a> Plain<'a> {
    /// With who makes the event of it, if it has to be made, and who puts in what the recorder does not know.
    #[must_use]
    pub fn new(
        stamp: Stamp,
        transaction: Transaction<'a>,
        observed: &'a Observed,
        chain: Option<EventChain>,
        recorder: &'a Recorder,
        finish: &'a dyn Fn(&mut Event),
    ) -> Self {
        let (path, user_agent, event) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { stamp, transaction, observed, chain, recorder, finish, path, user_agent, event }
    }

    /// The event that it is.
    pub fn event(&self) -> &Event {
        self.event.get_or_init(|| {
            let mut event = self.recorder.record(self.stamp, &self.transaction, &[], false);
            event.take_observed(self.observed.clone());
            event.chain.clone_from(&self.chain);
            (self.finish)(&mut event);
            event
        })
    }

    /// Its path, as the event has it.
    pub fn path(&self) -> &str {
        self.path.get_or_init(|| self.recorder.path(self.transaction.request))
    }

    /// Its `User-Agent`, as the event has it.
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.get_or_init(|| self.recorder.user_agent(self.transaction.request)).as_deref()
    }

    /// Whether the event was made.
    #[cfg(test)]
    pub(crate) fn is_made(&self) -> bool {
        self.event.get().is_some()
    }
}

impl fmt::Debug for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain")
            .field("stamp", &self.stamp)
            .field("transaction", &self.transaction)
            .finish_non_exhaustive()
    }
}
