//! Links that let somebody in, once.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{Hash, hash, secret};
use crate::{
    api::{ApiError, Code, Person},
    limits::{UI_LINK_SECONDS, UI_LINKS},
};

/// Links that wait to be opened; there are few.
#[derive(Default)]
pub(in crate::ui) struct Links(Mutex<Vec<Link>>);

struct Link {
    hash: Hash,
    person: Person,
    ends: Instant,
}

impl Links {
    /// A link for somebody; gives its secret.
    pub fn make(&self, person: Person) -> Result<String, ApiError> {
        self.make_at(person, Instant::now())
    }

    pub(super) fn make_at(&self, person: Person, now: Instant) -> Result<String, ApiError> {
        let secret = secret()?;
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|link| link.ends > now);
        if links.len() >= UI_LINKS {
            let message = format!("{UI_LINKS} links to log in wait to be opened already");
            let hint = format!("open one, or wait: each ends after {UI_LINK_SECONDS} seconds");
            return Err(ApiError::new(Code::TooMany, message).hint(hint));
        }
        let ends = now + Duration::from_secs(UI_LINK_SECONDS);
        links.push(Link { hash: hash(&secret), person, ends });
        Ok(secret)
    }

    /// Whom a link lets in. Looking does not use it up: programs that preview links look, too.
    pub fn look(&self, secret: &str) -> Option<Person> {
        let (hash, now) = (hash(secret), Instant::now());
        let links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        links.iter().find(|link| link.hash == hash && link.ends > now).map(|link| link.person.clone())
    }

    /// Uses a link up.
    pub fn take(&self, secret: &str) -> Option<Person> {
        self.take_at(secret, Instant::now())
    }

    pub(super) fn take_at(&self, secret: &str, now: Instant) -> Option<Person> {
        let hash = hash(secret);
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|link| link.ends > now);
        let at = links.iter().position(|link| link.hash == hash)?;
        Some(links.swap_remove(at).person)
    }
}
