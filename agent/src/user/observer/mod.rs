//! The entry point: a transaction in, what is known of its user and its business out.
//!
//! ```text
//! Transaction ─> credentials ─> session ─> business ─> session: begun, replaced, ended ─> identity ─> Observed
//! ```

mod business;
mod identity;
mod session;
mod transaction;

use std::{num::NonZeroUsize, sync::Arc};

use jiff::Timestamp;
use lru::LruCache;

use super::{
    Session, Settings,
    business::{Login, Outcome, Told},
    calls::Calls,
    credentials::{Credentials, Learned},
    fields::Fields,
    key::Digest,
    sessions::Sessions,
};
use crate::{
    endpoint::{Inventory, Seen},
    http::Request,
    limits,
    rules::inputs::target,
};
pub use transaction::{Observed, ObserverStats, Transaction};

/// Follows users through transactions; one per worker, over [`Sessions`] of all workers.
#[derive(Debug)]
pub struct Observer {
    settings: Arc<Settings>,
    sessions: Arc<Sessions>,
    learned: Learned,
    /// Whose tokens a service has accepted, by token and port. Bounded, so that nobody who makes tokens up pushes out
    /// sessions.
    accepted: LruCache<(Digest, u16), Arc<str>>,
    inventory: Inventory,
    stats: ObserverStats,
    fields: Fields,
    answer: Fields,
    calls: Calls,
    candidates: Vec<usize>,
}

impl Observer {
    /// By these settings, over the sessions of all workers.
    #[must_use]
    pub fn new(settings: Arc<Settings>, sessions: Arc<Sessions>) -> Self {
        Self {
            settings,
            sessions,
            learned: Learned::default(),
            accepted: LruCache::new(NonZeroUsize::new(limits::ACCEPTED_TOKENS).unwrap_or(NonZeroUsize::MIN)),
            inventory: Inventory::default(),
            stats: ObserverStats::default(),
            fields: Fields::default(),
            answer: Fields::default(),
            calls: Calls::default(),
            candidates: Vec::new(),
        }
    }

    /// After a reload of the configuration.
    pub fn use_settings(&mut self, settings: Arc<Settings>) {
        self.settings = settings;
        // Claims and identities may be others.
        self.accepted.clear();
    }

    /// Takes over routes that were seen before a restart.
    pub fn resume(&mut self, inventory: &Inventory) {
        self.inventory.merge(inventory);
    }

    /// The routes that were seen by this worker.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> ObserverStats {
        ObserverStats { calls_left_out: self.calls.left_out, ..self.stats }
    }

    /// Drops what the last transaction left in buffers that are reused.
    #[cfg(test)]
    pub(in crate::user) fn forget_buffers(&mut self) {
        self.fields = Fields::default();
        self.answer = Fields::default();
        self.calls = Calls::default();
    }

    /// Takes a transaction that is over. `now`: when its request was sent, or any time that does not run backwards by
    /// much; sessions expire by it.
    pub fn observe(&mut self, transaction: &Transaction<'_>, now: Timestamp) -> Observed {
        let Transaction { request, response, service, port, trusted, .. } = *transaction;
        let profile = Arc::clone(self.settings.of(service, port));
        if let Some((generation, names)) = self.sessions.learned(self.learned.generation) {
            self.learned = Learned { generation, names };
        }
        let credentials = Credentials::read(request, &profile, &self.learned, trusted);
        let seconds = now.as_second();
        let known = self.known(&credentials, &profile, seconds);
        let (path, query) = target::split(&request.target);
        let path = path.split(|&byte| byte == b';').next().unwrap_or_default();
        let path = if path.len() > 1 { path.strip_suffix(b"/").unwrap_or(path) } else { path };

        let mut read = false;
        let mut told = Told::default();
        if let Some(response) = response {
            let rules = &profile.rules;
            rules.candidates(service, &request.method, path, response.status, &mut self.candidates);
            if !self.candidates.is_empty() {
                read = true;
                read_fields(&mut self.fields, request, query);
                told = self.business(request, response, path, &profile, &known, seconds);
            }
            if told.login.is_none() {
                told.events.extend(business::refused_basic(
                    &credentials,
                    response,
                    &profile,
                    self.sessions.key(),
                ));
            }
        }
        let login = told.login.take().unwrap_or(Login { user: None, outcome: Outcome::Unknown });
        let tied = response.and_then(|response| {
            self.follow(response, path, &request.method, &credentials, &login, &known, &profile, seconds)
        });
        let user = self.user(transaction, &credentials, &login, &known, &profile);
        let session = tied.or_else(|| known.id()).map(|id| Session { id });

        let seen = Seen {
            service,
            port,
            method: &request.method,
            path,
            response,
            latency: response.map(|response| response.ended.saturating_sub(request.started) / 1000),
            authenticated: user.is_some()
                || credentials.any
                || credentials.basic.is_some()
                || known.session.is_some(),
            attacks: transaction.attacks,
            business: &told.events,
            request,
            query,
        };
        let Self { inventory, fields, .. } = self;
        let endpoint = inventory.record(&seen, now, move || {
            if !read {
                read_fields(fields, request, query);
            }
            &*fields
        });

        self.stats.transactions += 1;
        self.stats.with_user += u64::from(user.is_some());
        self.stats.logins += u64::from(login.outcome == Outcome::Success);
        self.stats.business += told.events.len() as u64;
        Observed { user, session, business: told.events, endpoint }
    }
}

fn read_fields(fields: &mut Fields, request: &Request, query: Option<&[u8]>) {
    fields.clear();
    if let Some(query) = query {
        fields.query(query);
    }
    if !request.body.data.is_empty() {
        fields.body(request.header("content-type").map_or(&b""[..], |value| value), &request.body);
    }
}
