//! TLS towards receivers: whom they have to prove to be.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    error::{Failure, NotifyError},
    url::HostPort,
};

/// Certificates that are trusted.
#[derive(Clone)]
pub(super) struct Trust {
    config: Arc<ClientConfig>,
    /// For those who make their own configuration of them.
    pub certificates: Arc<Vec<CertificateDer<'static>>>,
}

impl Trust {
    /// Those of a file, and no others.
    pub fn of_file(target: &str, path: &Path) -> Result<Self, NotifyError> {
        let problem = |problem: String| NotifyError::Certificates {
            target: target.to_owned(),
            path: path.to_owned(),
            problem,
        };
        let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let certificates = found.map_err(|error| problem(format!("can't read certificates: {error}")))?;
        if certificates.is_empty() {
            return Err(problem("there is no certificate in it (-----BEGIN CERTIFICATE-----)".to_owned()));
        }
        Self::of(certificates).map_err(problem)
    }

    /// The system's.
    pub fn of_system(target: &str) -> Result<Self, NotifyError> {
        let found = rustls_native_certs::load_native_certs();
        let no_roots = |problem: String| NotifyError::NoRoots { target: target.to_owned(), problem };
        if found.certs.is_empty() {
            let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
            return Err(no_roots(if errors.is_empty() {
                "none found".to_owned()
            } else {
                errors.join("; ")
            }));
        }
        Self::of(found.certs).map_err(no_roots)
    }

    fn of(certificates: Vec<CertificateDer<'static>>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        // Systems have some that are malformed; one that can be used is enough.
        let (used, _) = roots.add_parsable_certificates(certificates.iter().cloned());
        if used == 0 {
            return Err("none of the certificates can be used".to_owned());
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), certificates: Arc::new(certificates) })
    }

    /// Shakes hands.
    pub async fn connect(&self, to: &HostPort, stream: TcpStream) -> Result<TlsStream<TcpStream>, Failure> {
        let name = ServerName::try_from(to.host.clone())
            .map_err(|_| Failure::again(format!("{}: no name that a certificate could have", to.host)))?;
        let connector = TlsConnector::from(Arc::clone(&self.config));
        connector
            .connect(name, stream)
            .await
            .map_err(|error| Failure::again(format!("no TLS connection to {to}: {error}")))
    }
}

/// Connects; all addresses of a name are tried.
pub(super) async fn tcp(to: &HostPort) -> Result<TcpStream, Failure> {
    let connected = TcpStream::connect((to.host.as_str(), to.port())).await;
    let stream = connected.map_err(|error| Failure::again(format!("can't connect to {to}: {error}")))?;
    // Notifications are short.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}
