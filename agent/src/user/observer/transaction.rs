//! What goes in and what comes out.

use std::sync::Arc;

use crate::{
    http::{Request, Response},
    user::{BusinessEvent, Session, User},
};

/// A transaction, as far as users and endpoints are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its response, if one was seen.
    pub response: Option<&'a Response>,
    /// The service's name.
    pub service: &'a str,
    /// Its port.
    pub port: u16,
    /// The connection comes from a trusted proxy ([`ClientIp::trusts`](crate::client_ip::ClientIp::trusts)): what
    /// it says of the user counts.
    pub trusted: bool,
    /// Types of the attacks that rules found in it.
    pub attacks: &'a [&'a str],
}

/// What is known of a transaction's user and its business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Who did it.
    pub user: Option<User>,
    /// What ties it to other requests.
    pub session: Option<Session>,
    /// What it was for the business.
    pub business: Vec<BusinessEvent>,
    /// The pattern of its route; none: no route that the service is known to have.
    pub endpoint: Option<Arc<str>>,
}

/// What an observer counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObserverStats {
    /// Transactions.
    pub transactions: u64,
    /// Of these, with a user.
    pub with_user: u64,
    /// Logins that succeeded.
    pub logins: u64,
    /// Business events, these included.
    pub business: u64,
    /// Calls in bodies that were beyond [`crate::limits::CALLS`] of a request.
    pub calls_left_out: u64,
}

impl ObserverStats {
    /// Adds what another worker counted.
    pub fn add(&mut self, other: &Self) {
        self.transactions += other.transactions;
        self.with_user += other.with_user;
        self.logins += other.logins;
        self.business += other.business;
        self.calls_left_out += other.calls_left_out;
    }
}
