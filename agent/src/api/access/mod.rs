//! access: who asks, and what they may.
//!
//! ```text
//! Unix socket ── uid, from the kernel ──> People: its name ──────────────┐
//! TCP ── Authorization: Bearer … ──> Attempts: not too many wrong ones   ├─> Person { name, role }
//!                                      └─> Tokens: by hash, in constant time ┘
//! ```

mod attempts;
mod people;
mod tokens;

use std::{net::IpAddr, time::Instant};

use axum::http::{HeaderMap, header};

pub use tokens::{Secret, TokenError, Tokens};

use self::attempts::Attempts;
use super::{
    ApiError, Code,
    types::{Role, TokenView},
};
use crate::limits;

/// Header field in which an administrator says for whom they act: a console, for one, for who is logged in there.
pub const ON_BEHALF_OF: &str = "picket-on-behalf-of";

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// On the Unix socket: the user, as the kernel says (SO_PEERCRED); none: it did not.
    Local(Option<u32>),
    /// Over TCP.
    Remote(IpAddr),
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Name, as the audit says it.
    pub name: String,
    /// What they may.
    pub role: Role,
}

impl Person {
    /// That they may do what this role may.
    ///
    /// # Errors
    /// [`Code::Forbidden`].
    pub fn may(&self, role: Role) -> Result<(), ApiError> {
        if self.role >= role {
            return Ok(());
        }
        let message = format!("{} has the role {}; this needs {role}", self.name, self.role);
        Err(ApiError::new(Code::Forbidden, message)
            .hint("an administrator gives tokens: picket token add NAME --role …"))
    }
}

/// Finds out who asks.
pub struct Access {
    tokens: Tokens,
    attempts: Attempts,
}

impl Access {
    /// With the tokens of a state directory.
    #[must_use]
    pub fn new(tokens: Tokens) -> Self {
        Self { tokens, attempts: Attempts::default() }
    }

    /// Who a caller is.
    ///
    /// # Errors
    /// [`Code::Forbidden`], [`Code::Unauthorized`], [`Code::TooMany`] after wrong tokens.
    pub fn person(&self, caller: Caller, headers: &HeaderMap) -> Result<Person, ApiError> {
        let mut person = match caller {
            Caller::Local(uid) => local(uid)?,
            Caller::Remote(address) => self.remote(address, headers)?,
        };
        if let Some(other) = headers.get(ON_BEHALF_OF) {
            person.may(Role::Admin)?;
            let other = other.to_str().unwrap_or_default().trim();
            if other.is_empty() || other.chars().count() > limits::API_NAME {
                let message = format!(
                    "{ON_BEHALF_OF}: expected a name of 1 to {} characters of ASCII",
                    limits::API_NAME
                );
                return Err(ApiError::new(Code::BadRequest, message));
            }
            person.name = format!("{} for {other}", person.name);
        }
        Ok(person)
    }

    /// All there are.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Whose token it is that came from an address.
    ///
    /// # Errors
    /// [`Code::Unauthorized`]; [`Code::TooMany`] after wrong ones.
    pub fn token(&self, address: IpAddr, token: &str) -> Result<TokenView, ApiError> {
        self.may_try(address)?;
        self.tokens.find(token).ok_or_else(|| {
            self.failed(address);
            tracing::warn!(%address, "the API was asked with a token that is not known, or expired");
            ApiError::new(Code::Unauthorized, "this token is not known, or expired")
        })
    }

    /// Whether a token that was let in still is one.
    #[must_use]
    pub fn still(&self, token: &TokenView) -> bool {
        self.tokens.has(token)
    }

    /// Whether an address may try again, whatever secret it has.
    ///
    /// # Errors
    /// [`Code::TooMany`] after wrong ones.
    pub fn may_try(&self, address: IpAddr) -> Result<(), ApiError> {
        self.attempts.may(address, Instant::now())
    }

    /// A secret that came from an address was wrong.
    pub fn failed(&self, address: IpAddr) {
        self.attempts.failed(address, Instant::now());
    }

    fn remote(&self, address: IpAddr, headers: &HeaderMap) -> Result<Person, ApiError> {
        self.may_try(address)?;
        let Some(token) = bearer(headers)? else {
            return Err(ApiError::new(Code::Unauthorized, "expected a token: Authorization: Bearer …")
                .hint("picket token add NAME --role viewer, on the host, makes one"));
        };
        self.token(address, token).map(|TokenView { name, role, .. }| Person { name, role })
    }
}

fn local(uid: Option<u32>) -> Result<Person, ApiError> {
    match uid {
        Some(uid) if uid == 0 || uid == rustix::process::geteuid().as_raw() => {
            Ok(Person { name: people::name(uid), role: Role::Admin })
        }
        _ => Err(ApiError::new(Code::Forbidden, "only root and the agent's own user may use this socket")
            .hint("run the command with sudo")),
    }
}

/// The token of a request. Nothing of it is ever said again.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let Some(field) = fields.next() else { return Ok(None) };
    let expected =
        || ApiError::new(Code::Unauthorized, "Authorization: expected one, of the form Bearer TOKEN");
    if fields.next().is_some() {
        return Err(expected());
    }
    let (scheme, token) = field.to_str().ok().and_then(|field| field.split_once(' ')).ok_or_else(expected)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(expected());
    }
    Ok(Some(token.trim()))
}

#[cfg(test)]
mod tests;
