//! Who is logged in: links that let somebody in once, and sessions.
//!
//! ```text
//! picket ui login ── Unix socket ──> link: 256 bits, 60 s, once ─┐
//! API token, pasted ────────────────────────────────────────────┴─> session: 256 bits in a cookie, 12 h
//! ```
//!
//! Of both only hashes are kept, in memory: a restart of the agent logs everybody out.

mod cookie;
mod csrf;
mod links;
mod sessions;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

pub(super) use self::{
    cookie::{Cookies, cleared, preference, session},
    csrf::Csrf,
    links::Links,
    sessions::{Flash, Known, Sessions},
};
use crate::{
    api::{ApiError, Code, Door, Person, types::LoginLink},
    limits::UI_LINK_SECONDS,
};

/// SHA-256 of a secret: 256 random bits can't be guessed, so no slow hash is needed.
type Hash = [u8; 32];

fn hash(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

/// 256 random bits as text.
fn secret() -> Result<String, ApiError> {
    Ok(URL_SAFE_NO_PAD.encode(random()?))
}

fn random() -> Result<[u8; 32], ApiError> {
    crate::random::bytes().map_err(|error| ApiError::new(Code::Internal, format!("random numbers: {error}")))
}

/// Both ways in.
pub(super) struct Doors {
    pub links: Links,
    pub sessions: Sessions,
    /// Where a browser finds the UI.
    url: String,
}

impl Doors {
    pub fn new(url: String) -> Self {
        Self { links: Links::default(), sessions: Sessions::default(), url }
    }
}

impl Door for Doors {
    fn link(&self, person: Person) -> Result<LoginLink, ApiError> {
        let Person { name, role } = person.clone();
        let secret = self.links.make(person)?;
        let good = Duration::from_secs(UI_LINK_SECONDS);
        let expires = Timestamp::now().checked_add(good).unwrap_or(Timestamp::MAX);
        Ok(LoginLink { url: format!("{}/login/{secret}", self.url), expires, name, role })
    }
}

#[cfg(test)]
mod tests;
