//! What a request carries to say who sent it.

use super::{
    cookies,
    sessions::CookieNames,
    settings::{Names, Profile},
    token::{Authorization, is_jwt},
};
use crate::{http::Request, limits, rules::inputs::cookies::pairs};

/// Credentials of a request.
#[derive(Debug, Default)]
pub(super) struct Credentials<'r> {
    /// Session cookies, the known names before those that were learned.
    pub sessions: Vec<(&'r [u8], &'r [u8])>,
    /// A bearer token.
    pub bearer: Option<&'r [u8]>,
    /// A JSON web token in a cookie.
    pub cookie_jwt: Option<&'r [u8]>,
    /// Basic credentials, not decoded.
    pub basic: Option<&'r [u8]>,
    /// What a trusted proxy says.
    pub proxy_user: Option<&'r [u8]>,
    /// There is an Authorization field, of whatever kind.
    pub any: bool,
}

impl<'r> Credentials<'r> {
    /// Looks through the fields of the head once. `trusted`: the connection comes from a trusted proxy, so that what
    /// it sets counts.
    pub fn read(request: &'r Request, profile: &Profile, learned: &Learned, trusted: bool) -> Self {
        let mut found = Self::default();
        // Where in the order of the configuration the field stands that counts.
        let mut best = usize::MAX;
        for header in request.head_fields() {
            let name = &header.name[..];
            if name.eq_ignore_ascii_case(b"cookie") {
                found.cookies(&header.value, profile, learned);
            } else if name.eq_ignore_ascii_case(b"authorization") {
                found.any = true;
                match Authorization::read(&header.value) {
                    Authorization::Bearer(token) => found.bearer = found.bearer.or(Some(token)),
                    Authorization::Basic(credentials) => found.basic = found.basic.or(Some(credentials)),
                    Authorization::Other => {}
                }
            } else if trusted
                && let Some(at) =
                    profile.headers.iter().position(|known| name.eq_ignore_ascii_case(known.as_bytes()))
                && at < best
                && !header.value.is_empty()
            {
                best = at;
                found.proxy_user = Some(&header.value[..]);
            }
        }
        found
    }

    fn cookies(&mut self, field: &'r [u8], profile: &Profile, learned: &Learned) {
        for (name, value) in pairs(field).take(limits::COOKIES_READ) {
            let Some(value) = value.filter(|value| value.len() >= 8) else { continue };
            let jwt = is_jwt(value);
            if jwt && profile.jwt_cookies.fits(name) {
                self.cookie_jwt = self.cookie_jwt.or(Some(value));
            }
            let session = jwt || is_session(name, &profile.session_cookies, learned);
            if session && self.sessions.len() < limits::SESSION_COOKIES {
                self.sessions.push((name, value));
            }
        }
    }

    /// Every token there is.
    pub fn tokens(&self) -> impl Iterator<Item = &'r [u8]> {
        self.bearer.into_iter().chain(self.sessions.iter().map(|(_, value)| *value))
    }
}

/// Names of cookies that logins have shown to be sessions.
#[derive(Debug, Default)]
pub(super) struct Learned {
    pub generation: u64,
    pub names: CookieNames,
}

/// Whether a cookie of this name is a session.
pub(super) fn is_session(name: &[u8], known: &Names, learned: &Learned) -> bool {
    (known.fits(name) || learned.names.contains(name)) && !is_of_forms(name)
}

/// Whether a cookie that a login sets may be a session though its name says nothing.
pub(super) fn may_be_session(name: &[u8], value: &[u8], http_only: bool) -> bool {
    http_only && !is_of_forms(name) && cookies::looks_random(value)
}

/// Whether the name says that it is against forged forms or for the time of a login only.
fn is_of_forms(name: &[u8]) -> bool {
    let words: [&[u8]; 6] = [b"csrf", b"xsrf", b"antiforgery", b"correlation", b"nonce", b"tempdata"];
    words.iter().any(|word| name.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word)))
}
