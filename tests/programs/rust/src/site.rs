//! The answers that every TLS server of the scenarios gives, by axum: see `tests/tests/kernel/servers/tls`.

use std::error::Error;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{any, get};
use futures_util::{StreamExt, stream};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// Whatever went wrong.
pub type Failure = Box<dyn Error + Send + Sync>;

/// `PROGRAM CERTIFICATE KEY PORT ADDRESS…`
pub struct Arguments {
    /// File of the certificate, PEM.
    pub certificate: String,
    /// File of its key, PEM.
    pub key: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl Arguments {
    /// From the command line.
    pub fn read() -> Result<Self, Failure> {
        let mut words = std::env::args().skip(1);
        let mut word = || words.next().ok_or("usage: PROGRAM CERTIFICATE KEY PORT ADDRESS…");
        let (certificate, key, port) = (word()?, word()?, word()?.parse()?);
        let addresses = words.map(|a| a.parse()).collect::<Result<_, _>>()?;
        Ok(Self { certificate, key, port, addresses })
    }
}

/// Serves HTTP/1.1 and HTTP/2 over what `secure` makes of each connection, for good.
pub async fn serve<S, F, Fut>(arguments: &Arguments, secure: F) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(TcpStream) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Option<S>> + Send,
{
    let mut listening = Vec::new();
    for address in &arguments.addresses {
        let listener = TcpListener::bind(SocketAddr::new(*address, arguments.port)).await?;
        let secure = secure.clone();
        listening.push(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let secure = secure.clone();
                tokio::spawn(async move {
                    let _ = stream.set_nodelay(true);
                    let Some(stream) = secure(stream).await else { return };
                    let service = TowerToHyperService::new(router());
                    let connection = Builder::new(TokioExecutor::new());
                    // A client that goes away is no fault of the server's.
                    let _ = connection.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
                });
            }
        }));
    }
    for listener in listening {
        listener.await?;
    }
    Ok(())
}

fn router() -> Router {
    Router::new()
        .route("/id/{n}", any(id))
        .route("/length/{n}", any(length))
        .route("/big/{bytes}/{n}", get(big))
        .route("/chunked/{n}", get(chunked))
        .route("/ws/{n}", get(websocket))
        .layer(DefaultBodyLimit::disable())
}

async fn id(Path(n): Path<u64>) -> (StatusCode, String) {
    let statuses = [
        StatusCode::OK,
        StatusCode::CREATED,
        StatusCode::NOT_FOUND,
        StatusCode::GONE,
        StatusCode::BAD_GATEWAY,
    ];
    let [ok, ..] = statuses;
    let at = usize::try_from(n % 5).unwrap_or_default();
    (statuses.get(at).copied().unwrap_or(ok), format!("id {n}\n"))
}

async fn length(body: Body) -> Result<String, StatusCode> {
    let mut data = body.into_data_stream();
    let mut length = 0;
    while let Some(piece) = data.next().await {
        length += piece.map_err(|_| StatusCode::BAD_REQUEST)?.len();
    }
    Ok(format!("length {length}\n"))
}

async fn big(Path((bytes, _)): Path<(usize, u64)>) -> Vec<u8> {
    b"0123456789abcdef".iter().copied().cycle().take(bytes).collect()
}

async fn chunked() -> Body {
    let chunks = (0..10).map(|n| Ok::<_, Failure>(Bytes::from(format!("chunk {n}\n"))));
    Body::from_stream(stream::iter(chunks))
}

/// Sends back what comes. The answer is the one to the key of RFC 6455 section 1.3, which the client uses.
async fn websocket(headers: HeaderMap, request: Request) -> Result<Response, StatusCode> {
    if headers.get("sec-websocket-key").is_none_or(|key| key != "dGhlIHNhbXBsZSBub25jZQ==") {
        return Err(StatusCode::BAD_REQUEST);
    }
    tokio::spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
        let (mut from, mut to) = tokio::io::split(TokioIo::new(upgraded));
        let _ = tokio::io::copy(&mut from, &mut to).await;
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        .body(Body::empty())
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
