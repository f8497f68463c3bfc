//! The listener that Prometheus asks: GET /metrics, and nothing else.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{ALLOW, CONTENT_TYPE as FIELD, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};

use super::CONTENT_TYPE;
use crate::limits;

/// Within this a request has to be there.
const HEAD: Duration = Duration::from_secs(5);
/// Within this a connection is over.
const WHOLE: Duration = Duration::from_secs(60);

/// Serves `GET /metrics` on a listener, until it is dropped. `render` is called on a thread that may block.
pub async fn serve(listener: TcpListener, render: impl Fn() -> String + Send + Sync + 'static) {
    let render: Arc<dyn Fn() -> String + Send + Sync> = Arc::new(render);
    let room = Arc::new(Semaphore::new(limits::METRICS_CONNECTIONS));
    loop {
        // Who is one too many waits in the listener's queue.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // No file descriptors, say: they come back.
                tracing::debug!(%error, "no connection for metrics");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let render = Arc::clone(&render);
        tokio::spawn(async move {
            let answer = service_fn(move |request| answer(request, Arc::clone(&render)));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .serve_connection(TokioIo::new(stream), answer);
            // Whoever breaks a connection off wants nothing any more.
            let _ = tokio::time::timeout(WHOLE, connection).await;
            drop(permit);
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    render: Arc<dyn Fn() -> String + Send + Sync>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    if request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
        *response.body_mut() = Full::from("there is /metrics\n");
    } else if request.method() != Method::GET {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    } else if let Ok(text) = tokio::task::spawn_blocking(move || render()).await {
        response.headers_mut().insert(FIELD, HeaderValue::from_static(CONTENT_TYPE));
        *response.body_mut() = Full::from(text);
    } else {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    Ok(response)
}
