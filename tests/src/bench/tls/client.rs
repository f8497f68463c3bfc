//! Clients that speak TLS. Not with OpenSSL: probes are set in a library's file, and a client that shares it with the
//! service would pay for them as well, which clients elsewhere do not.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::{AsFd, BorrowedFd},
    sync::Arc,
};

use anyhow::{Context, Result};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

use super::certificate::{Certificate, NAME};

/// What clients have in common.
pub struct Client(Arc<ClientConfig>);

/// A connection, its handshake done, that does not block.
pub struct Connection(StreamOwned<ClientConnection, TcpStream>);

impl Client {
    /// One that trusts this certificate and no other.
    ///
    /// # Errors
    ///
    /// When the certificate can't be read.
    pub fn new(certificate: &Certificate) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(certificate.chain()).context("read the certificate")?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// Connects and shakes hands (TLS 1.3, full).
    ///
    /// # Errors
    ///
    /// When the service does neither.
    pub fn connect(&self, service: SocketAddr) -> Result<Connection> {
        let mut stream = TcpStream::connect(service).with_context(|| format!("connect to {service}"))?;
        stream.set_nodelay(true)?;
        let mut connection = ClientConnection::new(Arc::clone(&self.0), ServerName::try_from(NAME)?)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).with_context(|| format!("shake hands with {service}"))?;
        }
        stream.set_nonblocking(true)?;
        Ok(Connection(StreamOwned::new(connection, stream)))
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.sock.as_fd()
    }
}
