//! Sessions: which one a request belongs to, and what becomes of it.

use std::sync::Arc;

use super::Observer;
use crate::{
    http::Response,
    limits,
    user::{
        business::{Login, Outcome},
        cookies::{SetCookie, looks_random},
        credentials::{Credentials, is_session, may_be_session},
        fields::Fields,
        key::Digest,
        sessions,
        settings::Profile,
        token::is_jwt,
    },
};

/// Cookies that only somebody who is logged in gets: their beginnings.
const PROOFS: [&str; 14] = [
    "wordpress_logged_in_",
    "wordpress_sec_",
    ".AspNetCore.Identity.Application",
    ".AspNetCore.Cookies",
    ".ASPXAUTH",
    ".AspNet.ApplicationCookie",
    "remember_web_",
    "remember_user_token",
    "remember_token",
    "REMEMBERME",
    "KEYCLOAK_IDENTITY",
    "next-auth.session-token",
    "__Secure-next-auth.session-token",
    "idsrv",
];
/// Fields by which APIs hand a login over to its second factor.
pub(super) const HANDED_OVER: [&str; 6] =
    ["mfa_token", "mfatoken", "session", "challenge_token", "two_factor_token", "temp_token"];
/// Tokens that one login hands out and that are kept.
const TOKENS: usize = 8;

/// What is known of the session of a request.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Its tokens.
    pub(super) tokens: Vec<Digest>,
    /// The first of them that is a session's.
    pub(super) session: Option<(Digest, sessions::Session)>,
}

impl Known {
    /// What events call it by: also one of which no login was seen.
    pub(super) fn id(&self) -> Option<Arc<str>> {
        match &self.session {
            Some((_, session)) => Some(Arc::clone(&session.id)),
            None => self.tokens.first().map(|token| token.id().into()),
        }
    }
}

impl Observer {
    /// The session of a request: the first of its tokens that is known.
    pub(super) fn known(&self, credentials: &Credentials<'_>, profile: &Profile, now: i64) -> Known {
        let mut known = Known::default();
        for token in credentials.tokens() {
            let digest = self.sessions.key().session(token);
            known.tokens.push(digest);
            if known.session.is_none()
                && let Some(session) = self.sessions.find(digest, now, profile.session_idle)
            {
                known.session = Some((digest, session));
            }
        }
        known
    }

    /// Follows what becomes of sessions: logins begin them, services replace them, logouts end them. Gives what the
    /// session is called that begins.
    #[expect(clippy::too_many_arguments, reason = "what a transaction says of its session, in one place")]
    pub(super) fn follow(
        &mut self,
        response: &Response,
        path: &[u8],
        method: &[u8],
        credentials: &Credentials<'_>,
        login: &Login,
        known: &Known,
        profile: &Profile,
        now: i64,
    ) -> Option<Arc<str>> {
        let pending = login.outcome == Outcome::SecondFactor;
        if pending || login.outcome == Outcome::Success {
            return self.begin(response, credentials, login, pending, profile, now);
        }
        let (token, session) = known.session.as_ref()?;
        if response.status < 400 && is_logout(method, path) {
            known.tokens.iter().for_each(|token| self.sessions.end(*token));
            return None;
        }
        for cookie in set_cookies(response) {
            let sent = credentials.sessions.iter().find(|(name, _)| *name == cookie.name);
            let Some((_, before)) = sent.filter(|(_, before)| self.sessions.key().session(before) == *token)
            else {
                continue;
            };
            if cookie.clears {
                self.sessions.end(*token);
            } else if cookie.value != *before {
                let new = self.sessions.key().session(cookie.value);
                self.sessions.replace(*token, new, session.clone(), now);
            }
        }
        None
    }

    /// Ties what a login hands out to who logged in; without anything new, the session that was there before.
    fn begin(
        &mut self,
        response: &Response,
        credentials: &Credentials<'_>,
        login: &Login,
        pending: bool,
        profile: &Profile,
        now: i64,
    ) -> Option<Arc<str>> {
        // Identities that are off: the session is followed, whose it is is not kept.
        let user: Arc<str> = login.user.clone().unwrap_or_default();
        let mut begun = None;
        let mut tie = |token: &[u8]| {
            let digest = self.sessions.key().session(token);
            let id = self.sessions.tie(digest, Arc::clone(&user), pending, now, profile.session_idle);
            begun.get_or_insert(id);
        };
        for cookie in
            set_cookies(response).filter(|cookie| !cookie.clears && cookie.value.len() >= 8).take(TOKENS)
        {
            let by_name = is_session(cookie.name, &profile.session_cookies, &self.learned);
            if by_name || is_proof(&cookie) || may_be_session(cookie.name, cookie.value, cookie.http_only) {
                tie(cookie.value);
                if !by_name {
                    self.sessions.learn(cookie.name);
                }
            }
        }
        for token in tokens(&self.answer, profile).take(TOKENS) {
            tie(token);
        }
        if pending {
            let handed_over = HANDED_OVER.iter().flat_map(|name| self.answer.named(name));
            handed_over.filter(|token| token.len() >= 16).take(TOKENS).for_each(&mut tie);
        }
        if begun.is_none() {
            for (_, token) in &credentials.sessions {
                let digest = self.sessions.key().session(token);
                let id = self.sessions.tie(digest, Arc::clone(&user), pending, now, profile.session_idle);
                begun.get_or_insert(id);
            }
        }
        begun
    }
}

pub(super) fn set_cookies(response: &Response) -> impl Iterator<Item = SetCookie<'_>> {
    let fields = response.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(b"set-cookie"));
    fields.take(limits::COOKIES_READ).filter_map(|header| SetCookie::read(&header.value))
}

/// Whether only somebody who is logged in gets such a cookie.
pub(super) fn is_proof(cookie: &SetCookie<'_>) -> bool {
    PROOFS.iter().any(|proof| cookie.name.starts_with(proof.as_bytes()))
}

/// Tokens in the JSON answer to a login.
pub(super) fn tokens<'a>(answer: &'a Fields, profile: &'a Profile) -> impl Iterator<Item = &'a [u8]> {
    let named = profile.token_fields.iter().flat_map(|name| answer.named(name));
    named.filter(|value| is_jwt(value) || looks_random(value))
}

/// Whether a request is a way out.
fn is_logout(method: &[u8], path: &[u8]) -> bool {
    let last = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let last = last.split(|&byte| byte == b'.').next().unwrap_or_default().to_ascii_lowercase();
    let out: [&[u8]; 8] =
        [b"logout", b"log-out", b"log_out", b"logoff", b"signout", b"sign-out", b"sign_out", b"end_session"];
    out.contains(&&last[..]) || method == b"DELETE" && [&b"session"[..], b"sessions"].contains(&&last[..])
}
