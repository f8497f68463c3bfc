//! user: who did it, and what it was for the business.
//!
//! ```text
//!                    ┌─ credentials: cookies, bearer, Basic ─> sessions, claims ─> user, session
//! request, response ─┼─ fields, calls ─> business: rules ─> outcome ─> users.login.success …
//!                    └─ endpoint: the route, what it takes and gives, how it answers
//! ```
//!
//! Applications need not be changed for it: a login that is seen to succeed ties the session that the response sets to
//! the user who logged in, and later requests with that session are that user's. Tokens are kept as keyed hashes only;
//! passwords are not kept at all. Signatures of tokens are **not** checked: the key is the service's. What a token says
//! counts when the service took it.
#![forbid(unsafe_code)]

pub mod business;
mod calls;
mod cookies;
mod credentials;
mod fields;
mod key;
mod observer;
mod sessions;
mod settings;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use business::BusinessEvent;
pub(crate) use fields::{Fields, Place};
pub use key::{Digest, Key};
pub use observer::{Observed, Observer, ObserverStats, Transaction};
pub use sessions::{SessionStats, Sessions};
pub use settings::Settings;

/// How identities are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// As the service knows them.
    #[default]
    AsIs,
    /// As a keyed hash: the same user has the same, nobody can tell whose it is.
    Hashed,
    /// Not at all; sessions are followed without saying whose they are.
    Off,
}

/// What says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A session whose login was seen.
    Session,
    /// A claim of a JSON web token. Its signature is not checked.
    Jwt,
    /// A header field set by a trusted proxy.
    Header,
    /// Basic authentication.
    Basic,
    /// A login, with this request.
    Login,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// As the service knows them, or a hash.
    pub id: Arc<str>,
    /// What says so.
    pub source: Source,
    /// Nothing shows that the service believes it too: it answered with an error, or not at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub claimed: bool,
}

/// What ties requests together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Of the keyed hash of its token 16 hexadecimal digits; the same from the login to the logout.
    pub id: Arc<str>,
}
