//! Two machines and a cable: the service and the agent on one, clients of several addresses on the
//! other. The agent's denylist is on the cable's end.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::agent::Installation;
use crate::client::{Connection, From};
use crate::netns::Netns;
use crate::patience::{in_vm, wait_until};
use crate::servers::{Place, Server, nginx};
use crate::site::Site;

/// The interface that the denylist is on.
pub const INTERFACE: &str = "cable0";
/// Both of the attacker's addresses, and an address as honest as it is near.
pub const ATTACKER: [&str; 2] = ["10.77.0.2", "fd77::2"];
/// Both of the honest client's addresses.
pub const HONEST: [&str; 2] = ["10.77.0.3", "fd77::3"];
/// The service's addresses.
const SERVICE: [&str; 2] = ["10.77.0.1", "fd77::1"];

/// How long a connection is tried: longer than the first retransmission of a SYN (1 s, RFC 6298), and
/// shorter than the blocks that scenarios wait for.
pub fn tried() -> Duration {
    if in_vm() { Duration::from_millis(2500) } else { Duration::from_millis(1300) }
}

/// How long blocks last whose end is waited for: longer where commands take longer.
pub fn block_seconds(native: u64) -> u64 {
    if in_vm() { native * 4 } else { native }
}

/// The machines.
pub struct Ground {
    /// Where service and agent are.
    pub host: Arc<Netns>,
    /// Where clients are.
    pub outside: Arc<Netns>,
    /// The service.
    pub server: Server,
}

impl Ground {
    /// Makes the machines, lays the cable, starts nginx.
    pub fn new(site: &Site) -> Result<Self> {
        let (host, outside) = (Arc::new(Netns::new()?), Arc::new(Netns::new()?));
        let clients =
            ["10.77.0.2/24", "10.77.0.3/24", "10.77.0.4/24", "fd77::2/64", "fd77::3/64", "fd77::4/64"];
        host.cable(INTERFACE, &["10.77.0.1/24", "fd77::1/64"], &outside, "cable1", &clients)?;
        let server = nginx::start(&Place::inside(site, &host)?)?;
        let ground = Self { host, outside, server };
        for from in ["10.77.0.2", "10.77.0.3", "10.77.0.4", "fd77::2", "fd77::3", "fd77::4"] {
            wait_until("the cable to carry connections", 10, || ground.reaches(from).ok()?.then_some(()))?;
        }
        Ok(ground)
    }

    /// An agent on this ground.
    pub fn installation<'s>(&'s self, site: &'s Site, config: &str) -> Result<Installation<'s>> {
        let installation = Installation::new(site, "picket")?.in_netns(&self.host);
        installation.configure(&format!("[deny]\ninterfaces = [\"{INTERFACE}\"]\n{config}"))?;
        Ok(installation)
    }

    /// The service as seen from outside, in the family of the given address.
    pub fn service(&self, from: &str) -> Result<SocketAddr> {
        let address = SERVICE[usize::from(from.contains(':'))];
        Ok(SocketAddr::new(address.parse()?, self.server.service.port))
    }

    /// A connection from an address.
    pub fn connect(&self, from: &str) -> Result<Connection> {
        Connection::open(self.service(from)?, self.from(from)?)
    }

    /// Whether a connection from the address comes about.
    pub fn reaches(&self, from: &str) -> Result<bool> {
        let to = self.service(from)?;
        match Connection::open_within(to, self.from(from)?, tried()) {
            Ok(_) => Ok(true),
            Err(error) => {
                ensure!(is_silence(&error), "connecting from {from} failed, but not by silence: {error:#}");
                Ok(false)
            }
        }
    }

    /// Waits until connections from the address come about again.
    pub fn wait_until_reached(&self, from: &str, seconds: u64) -> Result<()> {
        wait_until(&format!("{from} to get through again"), seconds, || {
            self.reaches(from).ok()?.then_some(())
        })
    }

    /// Where somebody outside is.
    pub fn from(&self, address: &str) -> Result<From<'_>> {
        let ip: IpAddr = address.parse()?;
        Ok(From { netns: Some(&self.outside), source: Some(SocketAddr::new(ip, 0)) })
    }
}

/// Whether nothing was heard. Anything else is no drop: a refusal, a missing route.
pub fn is_silence(error: &anyhow::Error) -> bool {
    let kind = error.chain().find_map(|c| c.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    matches!(kind, Some(std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock))
}
