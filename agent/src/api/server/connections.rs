//! Connections: how many, how long, and how they end.

use std::{
    collections::HashMap,
    net::IpAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    api::access::Caller,
    limits::{API_CONNECTIONS, API_CONNECTIONS_OF_ONE, API_HEAD},
};

/// What is being answered when the agent stops gets so long.
const LEFT: Duration = Duration::from_secs(1);
/// Nothing is accepted for so long after an error such as too many open files.
const REST: Duration = Duration::from_millis(100);

/// Connections of one kind.
pub(crate) struct Connections {
    router: Router,
    /// A head has to be complete, and a connection in use again, within this; a handshake of TLS too.
    patience: Duration,
    places: Arc<Semaphore>,
    of_one: Arc<Mutex<HashMap<IpAddr, usize>>>,
    tasks: JoinSet<()>,
    stopping: watch::Sender<bool>,
}

impl Connections {
    /// Requests on them go to a router, with their [`Caller`] as an extension. Who is slower than `patience` is left.
    pub fn new(router: Router, patience: Duration) -> Self {
        Self {
            router,
            patience,
            places: Arc::new(Semaphore::new(API_CONNECTIONS)),
            of_one: Arc::default(),
            tasks: JoinSet::new(),
            stopping: watch::Sender::new(false),
        }
    }

    /// Accepts until it is dropped. Over the cap the next ones wait.
    pub async fn accept_local(&mut self, listener: &UnixListener) {
        loop {
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let uid = stream.peer_cred().ok().map(|peer| peer.uid());
                    let serving = self.serve(stream, Caller::Local(uid));
                    self.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(error) => rest(&error).await,
            }
        }
    }

    /// Accepts until it is dropped. Over the cap connections are closed at once: who opens many does not keep others
    /// waiting.
    pub async fn accept_remote(&mut self, listener: &TcpListener, tls: Option<&TlsAcceptor>) {
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    rest(&error).await;
                    continue;
                }
            };
            let address = peer.ip().to_canonical();
            let Some(place) = self.place(address) else {
                tracing::debug!(%address, "closed: too many connections");
                continue;
            };
            // An answer is written as a whole.
            let _ = stream.set_nodelay(true);
            let caller = Caller::Remote(address);
            match tls {
                None => {
                    let serving = self.serve(stream, caller);
                    self.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Some(tls) => {
                    let handshake = tokio::time::timeout(self.patience, tls.accept(stream));
                    let (router, stopping) = (self.router.clone(), self.stopping.subscribe());
                    let patience = self.patience;
                    self.spawn(async move {
                        match handshake.await {
                            Ok(Ok(stream)) => serve(router, stream, caller, patience, stopping).await,
                            Ok(Err(error)) => tracing::debug!(%address, %error, "no TLS"),
                            Err(_) => tracing::debug!(%address, "no TLS in time"),
                        }
                        drop(place);
                    });
                }
            }
        }
    }

    /// Ends: what is being answered gets a second.
    pub async fn end(mut self) {
        self.stopping.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        // What is left then is dropped with its task.
        let _ = tokio::time::timeout(LEFT, all).await;
    }

    fn serve<S>(&self, stream: S, caller: Caller) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        serve(self.router.clone(), stream, caller, self.patience, self.stopping.subscribe())
    }

    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        // Those that ended are forgotten on the way.
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(task);
    }

    /// A place for a connection of an address, if there is one.
    fn place(&self, address: IpAddr) -> Option<Place> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of_one.entry(address).or_insert(0);
        if *count >= API_CONNECTIONS_OF_ONE {
            return None;
        }
        *count += 1;
        drop(of_one);
        Some(Place { address, of_one: Arc::clone(&self.of_one), _place: place })
    }
}

/// A connection's place; free again when it is dropped.
struct Place {
    address: IpAddr,
    of_one: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = of_one.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                of_one.remove(&self.address);
            }
        }
    }
}

/// Serves one connection until it ends, or is to end.
pub(in crate::api) async fn serve<S>(
    router: Router,
    stream: S,
    caller: Caller,
    patience: Duration,
    mut stopping: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = TowerToHyperService::new(router.layer(Extension(caller)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(API_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of the API ended early");
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Errors when there is nobody left to stop it: then it is time, too.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn rest(error: &std::io::Error) {
    tracing::warn!(%error, "the API can't accept connections for a moment");
    tokio::time::sleep(REST).await;
}
