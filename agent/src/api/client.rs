//! The API as the command line calls it.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, StatusCode, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use serde::{Serialize, de::DeserializeOwned};
use tokio::net::UnixStream;

use super::{
    ApiError, BlockRequest, BlockView, Denylist, PassView, Reloaded, ServiceView, Stats, Version,
    error::ErrorBody,
    types::{BlockBody, PassBody, Unblocked},
};
use crate::limits::API_ANSWER;

/// An answer has to be complete within this.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A reload compiles rules, with low priority.
pub const RELOAD_TIMEOUT: Duration = Duration::from_secs(120);

/// Why there is no answer, or not the one hoped for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("no agent runs here: nothing answers on {socket}")]
    NotRunning {
        /// The socket.
        socket: PathBuf,
    },
    /// The socket is not for this user.
    #[error("this user may not talk to the agent on {socket}")]
    NotPermitted {
        /// The socket.
        socket: PathBuf,
    },
    /// No answer in time.
    #[error("the agent on {socket} did not answer in time")]
    Timeout {
        /// The socket.
        socket: PathBuf,
    },
    /// The agent said no.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The answer is not one of this API.
    #[error("what answers on {socket} does not speak this picket's API: {detail}")]
    Protocol {
        /// The socket.
        socket: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The connection failed.
    #[error("cannot talk to the agent on {socket}: {source}")]
    Io {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ClientError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotRunning { .. } => Some(
                "start it with: sudo picket run   (an agent with a directory of its own: --state-dir DIR on both sides)"
                    .to_owned(),
            ),
            Self::NotPermitted { .. } => Some("only root may: run the command with sudo".to_owned()),
            Self::Timeout { .. } => Some("the host may be overloaded; see: picket stats, top".to_owned()),
            Self::Api(error) => error.hint.clone(),
            Self::Protocol { .. } => {
                Some("agent and command are of different versions, or --state-dir names something else".to_owned())
            }
            Self::Io { .. } => None,
        }
    }
}

/// Calls one agent. Each call is a connection of its own.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
    timeout: Duration,
}

impl Client {
    /// For the agent on this socket.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned(), timeout: TIMEOUT }
    }

    /// With another time to wait for an answer than [`TIMEOUT`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Which agent answers.
    ///
    /// # Errors
    ///
    /// All calls: see [`ClientError`].
    pub async fn version(&self) -> Result<Version, ClientError> {
        self.get("/v1/version").await
    }

    /// Counters and gauges.
    pub async fn stats(&self) -> Result<Stats, ClientError> {
        self.get("/v1/stats").await
    }

    /// Services that had requests.
    pub async fn services(&self) -> Result<Vec<ServiceView>, ClientError> {
        self.get("/v1/services").await
    }

    /// Who is blocked.
    pub async fn denylist(&self, limit: usize) -> Result<Denylist, ClientError> {
        self.get(&format!("/v1/denylist?limit={limit}")).await
    }

    /// Blocks.
    pub async fn block(&self, request: &BlockRequest) -> Result<BlockView, ClientError> {
        self.post("/v1/denylist", &BlockBody::from(request)).await
    }

    /// Ends a block.
    pub async fn unblock(&self, net: IpNet) -> Result<BlockView, ClientError> {
        self.delete(&format!("/v1/denylist?net={net}")).await
    }

    /// Ends all blocks.
    pub async fn unblock_all(&self) -> Result<Unblocked, ClientError> {
        self.delete("/v1/denylist?all=true").await
    }

    /// Who is never blocked.
    pub async fn passlist(&self) -> Result<Vec<PassView>, ClientError> {
        self.get("/v1/passlist").await
    }

    /// Adds to the passlist.
    pub async fn passlist_add(&self, net: IpNet, comment: Option<String>) -> Result<PassView, ClientError> {
        self.post("/v1/passlist", &PassBody { net: net.to_string(), comment }).await
    }

    /// Takes off the passlist.
    pub async fn passlist_remove(&self, net: IpNet) -> Result<PassView, ClientError> {
        self.delete(&format!("/v1/passlist?net={net}")).await
    }

    /// Has configuration and rules read again; waits at least [`RELOAD_TIMEOUT`] for it.
    pub async fn reload(&self) -> Result<Reloaded, ClientError> {
        let patient = self.clone().timeout(self.timeout.max(RELOAD_TIMEOUT));
        patient.call(Method::POST, "/v1/reload", Bytes::new()).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(Method::DELETE, path, Bytes::new()).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| self.protocol(error))?;
        self.call(Method::POST, path, body.into()).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, ClientError> {
        let answer = tokio::time::timeout(self.timeout, self.exchange(method, path, body)).await;
        let (status, body) = answer.map_err(|_| ClientError::Timeout { socket: self.socket.clone() })??;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| self.protocol(error));
        }
        match serde_json::from_slice::<ErrorBody>(&body) {
            Ok(ErrorBody { error }) if error.code == super::Code::Forbidden => {
                Err(ClientError::NotPermitted { socket: self.socket.clone() })
            }
            Ok(ErrorBody { error }) => Err(error.into()),
            Err(_) => Err(self.protocol(format!("status {status}"))),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.not_connected(error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.protocol(error))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "picket")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| self.protocol(error))?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(|error| self.protocol(error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), API_ANSWER).collect().await;
            Ok((status, body.map_err(|error| self.protocol(error))?.to_bytes()))
        };
        // The connection is driven beside the exchange, and ends with it.
        let mut connection = std::pin::pin!(connection);
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            answer = &mut answer => answer,
            ended = &mut connection => match ended {
                Ok(()) => answer.await,
                Err(error) => Err(self.protocol(error)),
            },
        }
    }

    fn not_connected(&self, source: io::Error) -> ClientError {
        let socket = self.socket.clone();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ClientError::NotRunning { socket },
            io::ErrorKind::PermissionDenied => ClientError::NotPermitted { socket },
            _ => ClientError::Io { socket, source },
        }
    }

    fn protocol(&self, detail: impl ToString) -> ClientError {
        ClientError::Protocol { socket: self.socket.clone(), detail: detail.to_string() }
    }
}
