//! The API as the command line calls it.

mod error;
mod events;
mod transport;

use std::{path::Path, time::Duration};

use hyper::{Method, body::Bytes};
use serde::{Serialize, de::DeserializeOwned};

pub use error::ClientError;
pub use events::Tailing;
pub use transport::Remote;
use transport::Transport;

use super::{
    BlockView, Denylist, PassView, Reloaded, ServiceView, Stats, Version, Whom,
    types::{BlockBody, Export, Imported, NotificationTest, NotificationTested, PassBody, Unblocked},
};

/// An answer has to be complete within this.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A reload compiles rules, with low priority.
pub const RELOAD_TIMEOUT: Duration = Duration::from_secs(120);

/// Calls one agent. Each call is a connection of its own.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Transport,
    timeout: Duration,
}

impl Client {
    /// For the agent on this socket.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self { transport: Transport::local(socket), timeout: TIMEOUT }
    }

    /// For an agent elsewhere, over TCP.
    #[must_use]
    pub fn remote(remote: Remote) -> Self {
        Self { transport: Transport::remote(remote), timeout: TIMEOUT }
    }

    /// With another time to wait for an answer than [`TIMEOUT`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether it is the agent of this host, over its Unix socket.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.transport.is_local()
    }

    /// Which agent answers.
    ///
    /// # Errors
    ///
    /// All calls: see [`ClientError`].
    pub async fn version(&self) -> Result<Version, ClientError> {
        self.get("/v1/version", &[]).await
    }

    /// Counters and gauges.
    pub async fn stats(&self) -> Result<Stats, ClientError> {
        self.get("/v1/stats", &[]).await
    }

    /// Services that had requests.
    pub async fn services(&self) -> Result<Vec<ServiceView>, ClientError> {
        self.get("/v1/services", &[]).await
    }

    /// Who is blocked.
    pub async fn denylist(&self, find: &str, limit: usize) -> Result<Denylist, ClientError> {
        self.get("/v1/denylist", &[("find", find), ("limit", &limit.to_string())]).await
    }

    /// Blocks.
    pub async fn block(&self, request: impl Into<BlockBody>) -> Result<BlockView, ClientError> {
        self.post("/v1/denylist", &[], &request.into()).await
    }

    /// Ends a block.
    pub async fn unblock(&self, whom: impl Into<Whom>) -> Result<BlockView, ClientError> {
        let (name, value) = parameter(&whom.into());
        self.delete("/v1/denylist", &[(name, &value)]).await
    }

    /// Ends all blocks.
    pub async fn unblock_all(&self) -> Result<Unblocked, ClientError> {
        self.delete("/v1/denylist", &[("all", "true")]).await
    }

    /// Who is never blocked.
    pub async fn passlist(&self, find: &str) -> Result<Vec<PassView>, ClientError> {
        self.get("/v1/passlist", &[("find", find)]).await
    }

    /// Has the agent send a test to a target of notifications; waits as long as any target may take.
    pub async fn test_notification(&self, target: &str) -> Result<NotificationTested, ClientError> {
        let patient = self.clone().timeout(self.timeout.max(RELOAD_TIMEOUT));
        let body = NotificationTest { target: target.to_owned() };
        patient.post("/v1/notifications/test", &[], &body).await
    }

    /// Adds to the passlist.
    pub async fn passlist_add(
        &self,
        whom: impl Into<Whom>,
        comment: Option<String>,
    ) -> Result<PassView, ClientError> {
        let body = match whom.into() {
            Whom::Net(net) => PassBody { net: Some(net.to_string()), user: None, comment },
            Whom::User(user) => PassBody { net: None, user: Some(user), comment },
        };
        self.post("/v1/passlist", &[], &body).await
    }

    /// Takes off the passlist.
    pub async fn passlist_remove(&self, whom: impl Into<Whom>) -> Result<PassView, ClientError> {
        let (name, value) = parameter(&whom.into());
        self.delete("/v1/passlist", &[(name, &value)]).await
    }

    /// The same client, waiting at least [`RELOAD_TIMEOUT`]: for what reads rules again.
    #[must_use]
    pub fn patient(&self) -> Self {
        self.clone().timeout(self.timeout.max(RELOAD_TIMEOUT))
    }

    /// Has configuration and rules read again; waits at least [`RELOAD_TIMEOUT`] for it.
    pub async fn reload(&self) -> Result<Reloaded, ClientError> {
        self.patient().call(Method::POST, "/v1/reload", &[], Bytes::new()).await
    }

    /// Brings in configuration and lists; waits at least [`RELOAD_TIMEOUT`] for it.
    pub async fn import(&self, export: &Export, dry_run: bool) -> Result<Imported, ClientError> {
        self.patient().post("/v1/import", &[("dry_run", &dry_run.to_string())], export).await
    }

    /// `GET` of a path with parameters, which are encoded here.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        self.call(Method::GET, path, parameters, Bytes::new()).await
    }

    /// `DELETE`, likewise.
    pub async fn delete<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        self.call(Method::DELETE, path, parameters, Bytes::new()).await
    }

    /// `POST` of JSON.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.send(Method::POST, path, parameters, body).await
    }

    /// `PUT` of JSON.
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.send(Method::PUT, path, &[], body).await
    }

    /// `PATCH` of JSON.
    pub async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.send(Method::PATCH, path, &[], body).await
    }

    /// Follows a tail: `/v1/events/tail` or `/v1/signals/tail`, with `query`; `last`: the id of the last that came.
    /// There is no time by which it has to say something, but the connection has to be made in time.
    pub async fn tail(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        last: Option<&str>,
    ) -> Result<Tailing, ClientError> {
        let target = target(path, parameters);
        let begin = self.transport.stream(&target, last);
        let late = |_| self.transport.timeout();
        let (response, connection) = tokio::time::timeout(self.timeout, begin).await.map_err(late)??;
        if !response.status().is_success() {
            let (status, body) = connection.finish(response, &self.transport).await?;
            return Err(self.transport.refusal(status, &body));
        }
        Ok(Tailing::new(response, connection, self.transport.clone()))
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        parameters: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| self.transport.protocol(error))?;
        self.call(method, path, parameters, body.into()).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        parameters: &[(&str, &str)],
        body: Bytes,
    ) -> Result<T, ClientError> {
        let target = target(path, parameters);
        let exchange = self.transport.exchange(method, &target, body);
        let answer = tokio::time::timeout(self.timeout, exchange).await;
        let (status, body) = answer.map_err(|_| self.transport.timeout())??;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| self.transport.protocol(error));
        }
        Err(self.transport.refusal(status, &body))
    }
}

fn parameter(whom: &Whom) -> (&'static str, String) {
    match whom {
        Whom::Net(net) => ("net", net.to_string()),
        Whom::User(user) => ("user", user.clone()),
    }
}

/// A piece of a path, encoded: ids of users may hold anything.
#[must_use]
pub fn segment(text: &str) -> String {
    encoded(text)
}

/// A path with its parameters.
pub(crate) fn target(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut target = path.to_owned();
    for (at, (name, value)) in parameters.iter().enumerate() {
        target.push(if at == 0 { '?' } else { '&' });
        target.push_str(&encoded(name));
        target.push('=');
        target.push_str(&encoded(value));
    }
    target
}

/// All but what is never special in a URI (RFC 3986 section 2.3) is percent-encoded.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            // Writing to a text can't fail.
            byte => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}
