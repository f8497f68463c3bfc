//! TCP, with TLS where a certificate is given.

use std::{net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::BindError;
use crate::{api::access::Tokens, config::ApiConfig};

/// A port that callers with a token may use.
pub struct Tcp {
    pub(super) listener: TcpListener,
    pub(super) tls: Option<TlsAcceptor>,
    state: std::path::PathBuf,
}

impl std::fmt::Debug for Tcp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tcp").field("listener", &self.listener).field("tls", &self.tls.is_some()).finish()
    }
}

impl Tcp {
    /// Listens as the configuration says; `None`: it says nothing. Tokens are those of the state directory.
    ///
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the address is taken, or certificate or key can't be used.
    pub fn bind(config: &ApiConfig, state: &Path) -> Result<Option<Self>, BindError> {
        let Some(address) = config.listen else { return Ok(None) };
        let tls = match (&config.tls_cert, &config.tls_key) {
            (Some(certificates), Some(key)) => Some(acceptor(certificates, key)?),
            _ => None,
        };
        let listener = listen("api", address)?;
        Ok(Some(Self { listener, tls, state: state.to_owned() }))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The socket is gone.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    pub(super) fn tokens(&self) -> Tokens {
        Tokens::of(&self.state)
    }
}

/// Listens. Must be called inside a tokio runtime.
pub(crate) fn listen(section: &'static str, address: SocketAddr) -> Result<TcpListener, BindError> {
    let listen = || -> std::io::Result<TcpListener> {
        // Sets SO_REUSEADDR: a restart need not wait for connections of the agent before.
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    };
    listen().map_err(|source| BindError::Listen { section, address, source })
}

/// TLS with certificates and their key, as files of PEM.
pub(crate) fn acceptor(certificates: &Path, key: &Path) -> Result<TlsAcceptor, BindError> {
    let wrong =
        |key: &'static str, path: &Path, why: String| BindError::Tls { key, path: path.to_owned(), why };
    let of_cert = |why: String| wrong("tls_cert", certificates, why);
    let of_key = |why: String| wrong("tls_key", key, why);
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| of_cert(error.to_string()))?;
    if chain.is_empty() {
        return Err(of_cert("no certificate in it: expected -----BEGIN CERTIFICATE-----".to_owned()));
    }
    let rights = std::fs::metadata(key).map_err(|error| of_key(error.to_string()))?.permissions().mode();
    if rights & 0o004 != 0 {
        return Err(of_key(format!("everybody may read it (mode {:04o}): `chmod 0600` it", rights & 0o7777)));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| of_key(error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| of_cert(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| of_key(format!("it does not go with the certificate: {error}")))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
