//! api: what the agent tells and takes while it runs, as HTTP over a Unix socket.
//!
//! | request | does |
//! |---|---|
//! | `GET /v1/version` | version and process of the agent |
//! | `GET /v1/stats` | counters and gauges, losses among them |
//! | `GET /v1/services` | services that had requests or TLS connections, and what of their TLS is seen |
//! | `GET /v1/denylist?limit=N` | who is blocked |
//! | `POST /v1/denylist` | blocks: `{"net":"203.0.113.7","for_seconds":600,"reason":"…"}` or `"forever":true` |
//! | `DELETE /v1/denylist?net=…` or `?all=true` | unblocks |
//! | `GET`, `POST`, `DELETE /v1/passlist` | who is never blocked |
//! | `POST /v1/reload` | reads configuration and rules again, as SIGHUP does; says what came into force |
//!
//! Errors are `{"error":{"code","message","hint"}}`, see [`error::Code`].
#![forbid(unsafe_code)]

pub mod client;
pub mod error;
pub mod net;
mod routes;
pub mod server;
#[cfg(test)]
pub(crate) mod tests;
pub mod tls;
pub mod types;

pub use client::{Client, ClientError};
pub use error::{ApiError, Code};
use ipnet::IpNet;
pub use server::{BindError, Server};
pub use types::{BlockRequest, BlockView, Denylist, PassView, Reloaded, ServiceView, Stats, Version};

/// What the agent does for the API. Called on a thread that may block.
pub trait Control: Send + Sync + 'static {
    /// Counters and gauges.
    fn stats(&self) -> Stats;

    /// Services that had requests.
    fn services(&self) -> Vec<ServiceView>;

    /// Who is blocked: at most `limit` entries, newest first, and how many there are.
    ///
    /// # Errors
    ///
    /// When the deny maps cannot be read.
    fn denylist(&self, limit: usize) -> Result<Denylist, ApiError>;

    /// Blocks; an entry that is there already is replaced.
    ///
    /// # Errors
    ///
    /// [`Code::Passlisted`] when the passlist holds the address or a part of the network,
    /// [`Code::Full`] when the denylist is.
    fn block(&self, request: BlockRequest) -> Result<BlockView, ApiError>;

    /// Ends a block; gives what it was.
    ///
    /// # Errors
    ///
    /// [`Code::NotFound`] when there is no such entry.
    fn unblock(&self, net: IpNet) -> Result<BlockView, ApiError>;

    /// Ends all blocks; gives how many.
    ///
    /// # Errors
    ///
    /// When the deny maps cannot be changed.
    fn unblock_all(&self) -> Result<u64, ApiError>;

    /// Who is never blocked.
    fn passlist(&self) -> Vec<PassView>;

    /// Adds to the passlist, and unblocks what it holds from then on.
    ///
    /// # Errors
    ///
    /// [`Code::Full`] when the passlist is.
    fn passlist_add(&self, net: IpNet, comment: Option<String>) -> Result<PassView, ApiError>;

    /// Takes an entry a person added off the passlist; gives what it was.
    ///
    /// # Errors
    ///
    /// [`Code::NotFound`]; [`Code::Refused`] for entries that always stand (loopback, own addresses,
    /// gateways) or come from the configuration file.
    fn passlist_remove(&self, net: IpNet) -> Result<PassView, ApiError>;

    /// Reads the configuration again. A bad file leaves the running one in force.
    ///
    /// # Errors
    ///
    /// [`Code::BadRequest`] with file, line and what was expected.
    fn reload(&self) -> Result<Reloaded, ApiError>;
}
