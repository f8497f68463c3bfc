//! Where the UI is served: TCP, with the limits that connections of the API have.

use std::{net::SocketAddr, sync::Arc};

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{Ui, guard::Hosts, session::Doors};
use crate::{
    api::{
        Api, Inside,
        server::{BindError, Connections, acceptor, listen},
    },
    config::Config,
};

/// A port with the UI behind it.
pub struct Listener {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    hosts: Hosts,
    url: String,
}

impl Listener {
    /// Listens as the configuration says; `None`: it says nothing. On loopback it is plain HTTP, elsewhere TLS with the
    /// certificate of the API over TCP.
    ///
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the address is taken, others reach it and there is no certificate, or that can't be used.
    pub fn bind(config: &Config) -> Result<Option<Self>, BindError> {
        let Some(address) = config.ui.listen else { return Ok(None) };
        let tls = if address.ip().is_loopback() {
            None
        } else {
            match (&config.api.tls_cert, &config.api.tls_key) {
                (Some(certificates), Some(key)) => Some(acceptor(certificates, key)?),
                _ => return Err(BindError::Clear { address }),
            }
        };
        let listener = listen("ui", address)?;
        // Port 0 is for tests: the kernel has chosen one.
        let address = listener.local_addr().unwrap_or(address);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = match config.ui.hosts.first() {
            Some(name) if !address.ip().is_loopback() => format!("{scheme}://{name}:{}", address.port()),
            _ if address.ip().is_unspecified() => format!("{scheme}://localhost:{}", address.port()),
            _ => format!("{scheme}://{address}"),
        };
        let hosts = Hosts::new(address.ip(), &config.ui.hosts);
        Ok(Some(Self { listener, tls, hosts, url }))
    }

    /// Where a browser on this host finds it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The socket is gone.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves an API's UI until `stop` is done; links to log in come through that API from now on.
    pub fn serve(
        self,
        api: &Arc<Api>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let Self { listener, tls, hosts, url } = self;
        let doors = Arc::new(Doors::new(url));
        api.open(Arc::clone(&doors) as Arc<dyn crate::api::Door>);
        let ui = Ui::new(Inside::of(api), doors, hosts, tls.is_some());
        let mut connections = Connections::new(ui.router(), api.slowest());
        async move {
            tokio::select! {
                () = connections.accept_remote(&listener, tls.as_ref()) => {}
                () = stop => {}
            }
            connections.end().await;
        }
    }
}
