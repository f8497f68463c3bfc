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
}
