//! What is compared: with how much of Picket a service runs.

use anyhow::{Result, ensure};

use super::client::Client;
use crate::bench::{
    Bench,
    agent::{Agent, Setup, Stats},
    clock::wait_until,
    ground::Cgroup,
    load::{
        open_loop::{Connection, readable},
        request,
    },
    service::Service,
};

/// How much of Picket there is.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// For people.
    pub name: &'static str,
    /// The agent's configuration.
    pub config: Option<&'static str>,
    /// It looks into TLS.
    pub sees: bool,
}

/// No agent.
pub const WITHOUT: Side = Side { name: "without Picket", config: None, sees: false };
/// Packets are seen, no probe is set.
pub const TAP: Side = Side {
    name: "tap only",
    config: Some("[capture]\ntls = false\n[rules]\nbuiltin = false\n"),
    sees: false,
};
/// Requests are seen and not judged.
pub const CAPTURE: Side = Side { name: "TLS seen", config: Some("[rules]\nbuiltin = false\n"), sees: true };
/// Requests are seen and judged.
pub const RULES: Side = Side { name: "TLS seen, rules", config: Some(""), sees: true };

/// An agent that watches a service.
pub struct Watch {
    agent: Option<Agent>,
    side: Side,
    /// Requests it saw while we waited for it.
    before: u64,
}

impl Watch {
    /// Starts what `side` says, and waits until it sees the service's requests, if it is to.
    ///
    /// # Errors
    ///
    /// When the agent does not start, or sees nothing.
    pub fn start(
        bench: &Bench,
        side: Side,
        cgroup: &Cgroup,
        service: &Service,
        client: &Client,
    ) -> Result<Self> {
        let setup = |config| Setup { config, watched: cgroup, netns: None, deny: None, nice: 0, state: None };
        let agent = side.config.map(|config| Agent::start(bench, setup(config))).transpose()?;
        let mut before = 0;
        if let (Some(agent), true) = (&agent, side.sees) {
            let seen = wait_until("the agent to see a request", 20, || match ask(client, service) {
                Ok(()) => agent.stats().map(|stats| (stats.requests > 0).then_some(())).transpose(),
                Err(error) => Some(Err(error)),
            });
            seen.and_then(|seen| seen).map_err(|error| agent.explained(error))?;
            // All that were asked, so that none is counted later.
            let stats = agent.settled(u64::MAX)?;
            before = stats.requests;
        }
        Ok(Self { agent, side, before })
    }

    /// Nanoseconds of CPU time the agent had.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn cpu(&self) -> Result<u64> {
        self.agent.as_ref().map_or(Ok(0), Agent::cpu)
    }

    /// Ends it; what it saw of so many requests, and lost.
    ///
    /// # Errors
    ///
    /// When it does not end well.
    pub fn stop(self, requests: u64) -> Result<Option<Stats>> {
        let Some(agent) = self.agent else { return Ok(None) };
        let mut stats =
            if self.side.sees { agent.settled(self.before + requests)? } else { agent.stats()? };
        agent.stop()?;
        ensure!(self.side.sees || stats.requests == 0, "requests were seen through TLS without probes");
        stats.requests -= self.before;
        Ok(self.side.sees.then_some(stats))
    }
}

/// One request on a connection of its own.
fn ask(client: &Client, service: &Service) -> Result<()> {
    let mut connections = [Connection::over(client.connect(service.address.into())?)];
    connections[0].send(&request::bytes(), 0)?;
    loop {
        ensure!(!readable(&connections, 1_000_000_000)?.is_empty(), "the service does not answer");
        if connections[0].receive()?.is_some() {
            return Ok(());
        }
    }
}
