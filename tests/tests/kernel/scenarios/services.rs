//! Every request reaches the agent's output exactly once, whatever the service is and however it
//! reads.

use std::sync::Arc;

use anyhow::Result;

use crate::agent::{self, Installation};
use crate::ledger::Ledger;
use crate::netns::Netns;
use crate::servers::own::{self, Way};
use crate::servers::{Place, Server, apache, nginx, node, python};
use crate::site::Site;
use crate::workload;

/// Unmodified nginx.
pub fn nginx(site: &Site) -> Result<Vec<String>> {
    every_request_once(site, nginx::start)
}

/// Unmodified Apache.
pub fn apache(site: &Site) -> Result<Vec<String>> {
    every_request_once(site, apache::start)
}

/// Node's http module.
pub fn node(site: &Site) -> Result<Vec<String>> {
    every_request_once(site, node::start)
}

/// Python's http.server.
pub fn python_http(site: &Site) -> Result<Vec<String>> {
    every_request_once(site, python::start_http_server)
}

/// Python's asyncio.
pub fn python_asyncio(site: &Site) -> Result<Vec<String>> {
    every_request_once(site, python::start_asyncio)
}

/// io_uring.
pub fn uring(site: &Site) -> Result<Vec<String>> {
    every_request_once(site, |place| own::start(place, Way::Uring))
}

/// splice(2).
pub fn splice(site: &Site) -> Result<Vec<String>> {
    every_request_once(site, |place| own::start(place, Way::Splice))
}

/// recvmsg(2) with MSG_PEEK.
pub fn peek(site: &Site) -> Result<Vec<String>> {
    every_request_once(site, |place| own::start(place, Way::Peek))
}

/// Two instances, one on the host and one in a network namespace; one agent.
fn every_request_once(site: &Site, start: impl Fn(&Place<'_>) -> Result<Server>) -> Result<Vec<String>> {
    let netns = Arc::new(Netns::new()?);
    let servers = [start(&Place::host(site)?)?, start(&Place::inside(site, &netns)?)?];
    let installation = Installation::new(site, "picket")?;
    let agent = if agent::is_fixtures_only() { None } else { Some(installation.start()?) };
    let mut ledger = Ledger::default();
    for server in &servers {
        workload::every_shape(server, &mut ledger)?;
    }
    for server in &servers {
        ledger.check_access_log(server)?;
    }
    let sent = ledger.len();
    match agent {
        None => Ok(vec![format!("{sent} requests sent and found in the access logs; no agent was started")]),
        Some(agent) => {
            agent.check(&ledger)?;
            Ok(vec![format!("{sent} requests sent, each reported once")])
        }
    }
}
