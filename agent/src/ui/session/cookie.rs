//! Cookies: who somebody is, and how they like it.
//!
//! The session's cookie is `__Host-picket`: no other host and no page below a path can set it. Browsers take it, and
//! `Secure`, over plain HTTP from loopback, which they hold trustworthy (Chromium 156 does; Safari does not: it needs TLS).

use axum::http::{HeaderMap, HeaderValue, header};

use crate::limits::UI_SESSION_SECONDS;

/// Bytes of a cookie's value that is looked at.
const LONGEST: usize = 256;
/// Seconds of a year.
const YEAR: u64 = 365 * 86_400;

/// The name of the session's.
const NAME: &str = "__Host-picket";

/// What a request's cookies say.
pub(in crate::ui) struct Cookies<'h>(&'h HeaderMap);

impl<'h> Cookies<'h> {
    pub fn of(headers: &'h HeaderMap) -> Self {
        Self(headers)
    }

    /// The session's.
    pub fn session(&self) -> Option<&'h str> {
        self.named(NAME)
    }

    /// One by its name. Of several with the same name the first counts.
    pub fn named(&self, name: &str) -> Option<&'h str> {
        self.long(name, LONGEST)
    }

    /// One by its name, of at most so many bytes.
    pub fn long(&self, name: &str, most: usize) -> Option<&'h str> {
        let fields = self.0.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
        fields
            .flat_map(|field| field.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
            .filter(|value| value.len() <= most)
    }
}

/// The cookie of a session that begins.
pub(in crate::ui) fn session(secret: &str) -> Option<HeaderValue> {
    let text =
        format!("{NAME}={secret}; Path=/; Max-Age={UI_SESSION_SECONDS}; Secure; HttpOnly; SameSite=Strict");
    HeaderValue::try_from(text).ok()
}

/// The cookie of a session that ended.
pub(in crate::ui) fn cleared() -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{NAME}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict")).ok()
}

/// The cookie of a preference: a name and a word of ours.
pub(in crate::ui) fn preference(name: &str, value: &str) -> Option<HeaderValue> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '+' | '.' | '~');
    if !value.chars().all(fits) || value.len() > LONGEST {
        return None;
    }
    HeaderValue::try_from(format!("{name}={value}; Path=/; Max-Age={YEAR}; SameSite=Lax")).ok()
}
