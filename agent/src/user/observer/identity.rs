//! Who did it.

use std::sync::Arc;

use super::{Observer, Transaction, session::Known};
use crate::user::{
    Identity, Key, Source, User,
    business::{Login, Outcome},
    credentials::Credentials,
    settings::Profile,
    token::{basic_user, claim, is_jwt, shown},
};

impl Observer {
    /// Who did it: who logs in, whose session it is, or what the first source says.
    pub(super) fn user(
        &mut self,
        transaction: &Transaction<'_>,
        credentials: &Credentials<'_>,
        login: &Login,
        known: &Known,
        profile: &Profile,
    ) -> Option<User> {
        let status = transaction.response.map(|response| response.status);
        let accepted = status.is_some_and(|status| (200..400).contains(&status));
        let refused = status == Some(401);
        let user = |id, source, claimed| Some(User { id, source, claimed });
        if let (Outcome::Success, Some(id)) = (login.outcome, &login.user)
            && profile.sources.contains(&Source::Login)
            && !id.is_empty()
        {
            return user(Arc::clone(id), Source::Login, false);
        }
        if let Some((_, session)) = known.session.as_ref().filter(|(_, s)| !s.pending && !s.user.is_empty()) {
            return user(Arc::clone(&session.user), Source::Session, false);
        }
        if profile.identity == Identity::Off {
            return None;
        }
        profile.sources.iter().find_map(|source| match source {
            Source::Jwt => {
                let token = credentials.bearer.filter(|token| is_jwt(token)).or(credentials.cookie_jwt)?;
                let place = (self.sessions.key().session(token), transaction.port);
                if let Some(id) = self.accepted.get(&place) {
                    return user(Arc::clone(id), Source::Jwt, false);
                }
                let id = claim(token, &profile.claims).filter(|_| !refused)?;
                let id = identify(profile.identity, self.sessions.key(), &id)?;
                if accepted {
                    self.accepted.put(place, Arc::clone(&id));
                }
                user(id, Source::Jwt, !accepted)
            }
            // The proxy has checked it.
            Source::Header => {
                let id = shown(credentials.proxy_user?)?;
                user(identify(profile.identity, self.sessions.key(), &id)?, Source::Header, false)
            }
            Source::Basic => {
                let id = basic_user(credentials.basic.filter(|_| !refused)?)?;
                user(identify(profile.identity, self.sessions.key(), &id)?, Source::Basic, !accepted)
            }
            Source::Login | Source::Session => None,
        })
    }
}

/// As what a user's name is kept.
pub(super) fn identify(identity: Identity, key: &Key, name: &str) -> Option<Arc<str>> {
    match identity {
        Identity::AsIs => Some(name.into()),
        Identity::Hashed => Some(key.user(name).into()),
        Identity::Off => None,
    }
}
