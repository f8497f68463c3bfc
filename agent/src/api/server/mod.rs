//! Where the API is served: a Unix socket, and TCP where the configuration says so.

mod connections;
mod tcp;
mod unix;

use std::{io, path::PathBuf, sync::Arc};

pub(crate) use connections::Connections;
pub use tcp::Tcp;
pub(crate) use tcp::{acceptor, listen};
use unix::SocketFile;

#[cfg(test)]
pub(super) use self::connections::serve as serve_connection;
use super::{Control, access::Tokens, routes::Api};

/// Why nothing can be served.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another agent serves there.
    #[error(
        "an agent already runs on {socket}; stop it, or give this one a directory of its own with --state-dir"
    )]
    Running {
        /// The socket.
        socket: PathBuf,
    },
    /// Something else is in the way.
    #[error("{path} is in the way: expected nothing or an old socket there; move it away")]
    InTheWay {
        /// What is there.
        path: PathBuf,
    },
    /// The path does not fit into a socket address (unix(7): 108 bytes with the end).
    #[error("{socket} is longer than the 107 bytes a socket's path may have; choose a shorter --state-dir")]
    TooLong {
        /// The socket.
        socket: PathBuf,
    },
    /// The system refused.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
    /// Certificate or key.
    #[error("[api] {key} {path}: {why}", path = path.display())]
    Tls {
        /// The key of the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong, and what was expected.
        why: String,
    },
    /// The web UI for others without TLS.
    #[error(
        "[ui] listen: {address} is an address that others reach, and there is no certificate: log-ins would cross the \
         network in the clear; set tls_cert and tls_key in [api], or listen on 127.0.0.1 and come through ssh -L or a \
         proxy with TLS"
    )]
    Clear {
        /// The address.
        address: std::net::SocketAddr,
    },
    /// The address of TCP.
    #[error("[{section}] listen: cannot listen on {address}: {source}")]
    Listen {
        /// Whose address it is.
        section: &'static str,
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// A socket only root (and the agent's own user) can use, of which there is one agent; and TCP.
#[derive(Debug)]
pub struct Server {
    listener: tokio::net::UnixListener,
    file: SocketFile,
    tcp: Option<Tcp>,
}

impl Server {
    /// The same, and over TCP.
    #[must_use]
    pub fn with_tcp(mut self, tcp: Option<Tcp>) -> Self {
        self.tcp = tcp;
        self
    }

    /// Serves until `stop` is done; requests being answered then get a second more.
    ///
    /// # Errors
    ///
    /// When the socket fails.
    pub async fn serve(
        self,
        control: Arc<dyn Control>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let Self { listener, file: _file, tcp } = self;
        let tokens =
            tcp.as_ref().map_or_else(|| Tokens::of(std::path::Path::new("/nonexistent")), Tcp::tokens);
        let api = Arc::new(Api::new(control, tokens));
        self::serve(api, listener, tcp, stop).await
    }

    /// The same for an API that others use, too.
    ///
    /// # Errors
    ///
    /// When the socket fails.
    pub async fn serve_api(
        self,
        api: Arc<Api>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let Self { listener, file: _file, tcp } = self;
        self::serve(api, listener, tcp, stop).await
    }
}

async fn serve(
    api: Arc<Api>,
    listener: tokio::net::UnixListener,
    tcp: Option<Tcp>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let mut local = Connections::new(api.router(), api.slowest());
    let mut remote = Connections::new(api.router(), api.slowest());
    tokio::select! {
        () = local.accept_local(&listener) => {}
        () = async {
            match &tcp {
                Some(tcp) => remote.accept_remote(&tcp.listener, tcp.tls.as_ref()).await,
                None => std::future::pending().await,
            }
        } => {}
        () = stop => {}
    }
    api.stop();
    tokio::join!(local.end(), remote.end());
    Ok(())
}
