//! Who is logged in.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{Csrf, Hash, hash, secret};
use crate::{
    api::{ApiError, Person, types::TokenView},
    limits::{UI_SESSION_SECONDS, UI_SESSIONS},
};

/// Sessions by the hash of what their cookie says.
#[derive(Default)]
pub(in crate::ui) struct Sessions(Mutex<HashMap<Hash, Session>>);

struct Session {
    person: Person,
    /// The token somebody logged in with: when it is taken back, the session ends.
    token: Option<TokenView>,
    csrf: Csrf,
    ends: Instant,
    flash: Option<Flash>,
}

/// What is said once, on the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Flash {
    /// It went wrong.
    pub wrong: bool,
    /// What happened.
    pub text: String,
}

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub(in crate::ui) struct Known {
    pub person: Person,
    pub token: Option<TokenView>,
    pub csrf: Csrf,
    at: Hash,
}

impl Sessions {
    /// Begins a session; gives what its cookie says. When there are too many, the one that ends first ends.
    pub fn begin(&self, person: Person, token: Option<TokenView>) -> Result<String, ApiError> {
        self.begin_at(person, token, Instant::now())
    }

    pub(super) fn begin_at(
        &self,
        person: Person,
        token: Option<TokenView>,
        now: Instant,
    ) -> Result<String, ApiError> {
        let secret = secret()?;
        let ends = now + Duration::from_secs(UI_SESSION_SECONDS);
        let session = Session { person, token, csrf: Csrf::new()?, ends, flash: None };
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.ends > now);
        while sessions.len() >= UI_SESSIONS {
            let first = sessions.iter().min_by_key(|(_, session)| session.ends).map(|(hash, _)| *hash);
            let Some(first) = first else { break };
            sessions.remove(&first);
        }
        sessions.insert(hash(&secret), session);
        Ok(secret)
    }

    /// Whose session it is.
    pub fn find(&self, secret: &str) -> Option<Known> {
        self.find_at(secret, Instant::now())
    }

    pub(super) fn find_at(&self, secret: &str, now: Instant) -> Option<Known> {
        let at = hash(secret);
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(&at).filter(|session| session.ends > now)?;
        let Session { person, token, csrf, .. } = session;
        Some(Known { person: person.clone(), token: token.clone(), csrf: csrf.clone(), at })
    }

    /// Ends a session.
    pub fn end(&self, known: &Known) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&known.at);
    }

    /// To be said on the next page.
    pub fn say(&self, known: &Known, flash: Flash) {
        if let Some(session) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&known.at) {
            session.flash = Some(flash);
        }
    }

    /// What is to be said now.
    pub fn said(&self, known: &Known) -> Option<Flash> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&known.at)?.flash.take()
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
