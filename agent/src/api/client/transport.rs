//! How a request gets to an agent: over its Unix socket, or over TCP with a token.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::{Bytes, Incoming},
    client::conn::http1,
    header,
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::TlsConnector;

use super::ClientError;
use crate::{
    api::{Code, error::ErrorBody},
    limits::API_ANSWER,
};

/// An agent elsewhere.
#[derive(Clone)]
pub struct Remote {
    host: String,
    port: u16,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    token: String,
}

impl fmt::Debug for Remote {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Remote {
    /// An agent at `https://HOST:PORT` (`http://` only on this host), with the token in a file. `authorities`: a file
    /// with the certificates (PEM) that are trusted; none: those of the system.
    ///
    /// # Errors
    /// [`ClientError::Remote`] says what was expected.
    pub fn new(url: &str, token: &Path, authorities: Option<&Path>) -> Result<Self, ClientError> {
        let wrong = |why: &str| ClientError::Remote { what: url.to_owned(), why: why.to_owned() };
        let uri: Uri = url.parse().map_err(|_| wrong("expected something like https://host.example:7181"))?;
        let host = uri.host().ok_or_else(|| wrong("expected something like https://host.example:7181"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(wrong("expected nothing behind the port"));
        }
        let tls = match uri.scheme_str() {
            Some("https") => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| wrong("the host is no name and no address"))?;
                Some((config(authorities)?, name))
            }
            Some("http") if is_here(&host) => None,
            Some("http") => {
                return Err(wrong("expected https: the token would cross the network in the clear"));
            }
            _ => return Err(wrong("expected https://")),
        };
        let port = uri.port_u16().ok_or_else(|| wrong("expected a port, such as :7181"))?;
        Ok(Self { host, port, tls, token: read_token(token)? })
    }

    fn name(&self) -> PathBuf {
        PathBuf::from(format!("{}:{}", self.host, self.port))
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn read_token(path: &Path) -> Result<String, ClientError> {
    let wrong = |why: String| ClientError::Remote { what: path.display().to_string(), why };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("expected a token, as picket token add prints it".to_owned()));
    }
    Ok(token.to_owned())
}

fn config(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, ClientError> {
    let what = authorities.unwrap_or_else(|| Path::new("certificates of the system"));
    let wrong = |file: &Path, why: String| ClientError::Remote { what: file.display().to_string(), why };
    let certificates = match authorities {
        Some(file) => CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| wrong(file, error.to_string()))?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut roots = RootCertStore::empty();
    // Systems have some that are malformed: the others count.
    let (used, _) = roots.add_parsable_certificates(certificates);
    if used == 0 {
        return Err(wrong(what, "none that can be used: say which to trust".to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(what, error.to_string()))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Where an agent is.
#[derive(Clone, Debug)]
pub(super) enum Transport {
    Local(PathBuf),
    Remote(Box<Remote>),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection, which has to be driven beside what is read from it.
pub(super) struct Connection {
    driven: Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>,
    over: bool,
}

impl Connection {
    /// Drives it until something else is done.
    pub async fn beside<T>(&mut self, other: impl Future<Output = T>) -> T {
        let mut other = std::pin::pin!(other);
        if !self.over {
            tokio::select! {
                done = &mut other => return done,
                // Errors come out where something is read, too.
                _ = &mut self.driven => self.over = true,
            }
        }
        other.await
    }

    /// The rest of an answer.
    pub async fn finish(
        mut self,
        response: Response<Incoming>,
        transport: &Transport,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let status = response.status();
        let body = self.beside(Limited::new(response.into_body(), API_ANSWER).collect()).await;
        Ok((status, body.map_err(|error| transport.protocol(error))?.to_bytes()))
    }
}

impl Transport {
    pub fn local(socket: &Path) -> Self {
        Self::Local(socket.to_owned())
    }

    pub fn is_local(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    pub fn remote(remote: Remote) -> Self {
        Self::Remote(Box::new(remote))
    }

    /// Sends a request and takes the whole answer.
    pub async fn exchange(
        &self,
        method: Method,
        target: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let request = self.request(method, target, body).map_err(|error| self.protocol(error))?;
        let (response, connection) = self.send(request).await?;
        connection.finish(response, self).await
    }

    /// Begins to read an answer that goes on.
    pub async fn stream(
        &self,
        target: &str,
        last: Option<&str>,
    ) -> Result<(Response<Incoming>, Connection), ClientError> {
        let mut request =
            self.request(Method::GET, target, Bytes::new()).map_err(|error| self.protocol(error))?;
        if let Some(last) = last {
            let last = last.parse().map_err(|_| self.protocol("the last id is no header field"))?;
            request.headers_mut().insert("last-event-id", last);
        }
        self.send(request).await
    }

    fn request(
        &self,
        method: Method,
        target: &str,
        body: Bytes,
    ) -> hyper::http::Result<Request<Full<Bytes>>> {
        let mut request =
            Request::builder().method(method).uri(target).header(header::CONTENT_TYPE, "application/json");
        request = match self {
            Self::Local(_) => request.header(header::HOST, "picket"),
            Self::Remote(remote) => request
                .header(header::HOST, remote.name().display().to_string())
                .header(header::AUTHORIZATION, format!("Bearer {}", remote.token)),
        };
        request.body(Full::new(body))
    }

    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Connection), ClientError> {
        let stream = self.connect().await.map_err(|error| self.not_connected(error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.protocol(error))?;
        let mut connection = Connection { driven: Box::pin(connection), over: false };
        let response = connection.beside(sender.send_request(request)).await;
        Ok((response.map_err(|error| self.protocol(error))?, connection))
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Local(socket) => Ok(Box::new(UnixStream::connect(socket).await?)),
            Self::Remote(remote) => {
                let stream = TcpStream::connect((remote.host.as_str(), remote.port)).await?;
                match &remote.tls {
                    None => Ok(Box::new(stream)),
                    Some((config, name)) => {
                        let connector = TlsConnector::from(Arc::clone(config));
                        Ok(Box::new(connector.connect(name.clone(), stream).await?))
                    }
                }
            }
        }
    }

    fn name(&self) -> PathBuf {
        match self {
            Self::Local(socket) => socket.clone(),
            Self::Remote(remote) => remote.name(),
        }
    }

    /// What the agent said no with.
    pub fn refusal(&self, status: StatusCode, body: &[u8]) -> ClientError {
        match serde_json::from_slice::<ErrorBody>(body) {
            Ok(ErrorBody { error }) if error.code == Code::Forbidden && matches!(self, Self::Local(_)) => {
                ClientError::NotPermitted { socket: self.name() }
            }
            Ok(ErrorBody { error }) => error.into(),
            Err(_) => self.protocol(format!("status {status}")),
        }
    }

    fn not_connected(&self, source: io::Error) -> ClientError {
        let socket = self.name();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ClientError::NotRunning { socket },
            io::ErrorKind::PermissionDenied => ClientError::NotPermitted { socket },
            _ => ClientError::Io { socket, source },
        }
    }

    pub fn timeout(&self) -> ClientError {
        ClientError::Timeout { socket: self.name() }
    }

    pub fn protocol(&self, detail: impl ToString) -> ClientError {
        ClientError::Protocol { socket: self.name(), detail: detail.to_string() }
    }
}
