//! A transaction on its way out: a judged request with its response.

use std::{net::IpAddr, sync::Arc};

use super::connection::Told;
use crate::{
    capture::record::Peer,
    chain::Place,
    http::{Request, Response},
    rules::{Match, program::verdict::Attribute},
    service::Service,
    time::Ktime,
    tls::hello::TlsFacts,
    user::Observed,
};

/// One HTTP request and its response, judged.
pub struct Transaction {
    /// The service's.
    pub service: Arc<Service>,
    /// The connection.
    pub peer: Peer,
    /// Who sent the request, behind trusted proxies.
    pub client_ip: IpAddr,
    /// The connection's TLS.
    pub tls: Option<Arc<TlsFacts>>,
    /// The request.
    pub request: Box<Request>,
    /// The response, or why there is none, and since when.
    pub response: Result<Box<Response>, (&'static str, Ktime)>,
    /// The policy it was judged by; none: the default.
    pub policy: Option<Arc<str>>,
    /// What held.
    pub matches: Vec<Match>,
    /// What rules and processors write on it.
    pub attributes: Vec<Attribute>,
    /// What the rules say beside.
    pub verdict: Told,
    /// The other end of the client's own connection: the client, or a proxy in front of this host.
    pub origin: IpAddr,
    /// Who did it, and what it was for the business.
    pub observed: Observed,
    /// The request led to a block.
    pub blocked: bool,
    /// Where it stands in a chain of proxies.
    pub chain: Option<Place>,
}

impl Transaction {
    /// When it was over.
    #[must_use]
    pub fn ended(&self) -> Ktime {
        self.response.as_ref().map_or_else(|(_, at)| *at, |response| response.ended)
    }

    /// Whether no rule held and nothing happened to the business.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.matches.is_empty() && self.observed.business.is_empty()
    }
}
