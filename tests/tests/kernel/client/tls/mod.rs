//! HTTPS with control over versions, sessions and how records are cut into segments. Every answer is compared with
//! what that very request must be answered (`servers/tls`), and every certificate checked: a request that reached
//! another service, or twice, or in parts, is an error here, before anything is expected of an agent.

mod channel;
mod pace;
pub mod patterns;
mod programs;
mod requests;
pub mod shapes;

use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion, version};

use super::Connection;
use crate::servers::Server;
use crate::servers::tls::Certificate;
pub use channel::{Channel, Cut};
pub use pace::Pace;

/// HTTP over TLS.
pub type Secured = Connection<Channel>;

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// TLS 1.2
    V12,
    /// TLS 1.3
    V13,
}

impl Version {
    /// Both, the older first.
    pub const ALL: [Self; 2] = [Self::V12, Self::V13];

    fn protocol(self) -> &'static SupportedProtocolVersion {
        match self {
            Self::V12 => &version::TLS12,
            Self::V13 => &version::TLS13,
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::V12 => 0,
            Self::V13 => 1,
        }
    }
}

/// How a connection is made.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// The only version offered.
    pub version: Version,
    /// Offers the session of a connection before.
    pub resume: bool,
    /// How its first bytes are cut.
    pub cut: Cut,
    /// IPv6.
    pub v6: bool,
}

impl Manner {
    /// The `n`th of all ways there are, without sessions.
    pub fn nth(n: usize) -> Self {
        let version = if n.is_multiple_of(2) { Version::V13 } else { Version::V12 };
        // A ClientHello in several segments, now and then.
        let cut = if n % 8 == 5 { Cut::Segments(100) } else { Cut::No };
        Self { version, resume: false, cut, v6: n % 4 > 1 }
    }
}

/// Clients that trust one certificate, and their sessions.
pub struct Client {
    chain: PathBuf,
    fresh: [Arc<ClientConfig>; 2],
    resuming: [Arc<ClientConfig>; 2],
    early: Arc<ClientConfig>,
    full: AtomicUsize,
    resumed: [AtomicUsize; 2],
}

impl Client {
    /// Trusts the certificate and nothing else.
    pub fn new(certificate: &Certificate) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(certificate.chain()).context("read the certificate")?)?;
        let roots = Arc::new(roots);
        let config = |version: Version, sessions: Option<usize>| -> Result<ClientConfig> {
            let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_protocol_versions(&[version.protocol()])?
                .with_root_certificates(roots.clone())
                .with_no_client_auth();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            config.resumption = sessions.map_or_else(Resumption::disabled, Resumption::in_memory_sessions);
            Ok(config)
        };
        let [v12, v13] = Version::ALL;
        let mut early = config(v13, Some(16))?;
        early.enable_early_data = true;
        Ok(Self {
            chain: certificate.chain(),
            fresh: [Arc::new(config(v12, None)?), Arc::new(config(v13, None)?)],
            resuming: [Arc::new(config(v12, Some(16))?), Arc::new(config(v13, Some(16))?)],
            early: Arc::new(early),
            full: AtomicUsize::new(0),
            resumed: Default::default(),
        })
    }

    /// Connects to a service on its own host and shakes hands.
    pub fn connect(&self, server: &Server, manner: Manner) -> Result<Secured> {
        let [v12, v13] = if manner.resume { &self.resuming } else { &self.fresh };
        let config = if manner.version == Version::V12 { v12 } else { v13 };
        self.open(server, config, manner, &[]).map(|(connection, _)| connection)
    }

    /// Connects with TLS 1.3 and sends `bytes` as early data if a session allows; gives whether the service took
    /// them. What it did not take was not sent to it in any other way.
    pub fn connect_early(&self, server: &Server, bytes: &[u8]) -> Result<(Secured, bool)> {
        let manner = Manner { version: Version::V13, resume: true, cut: Cut::No, v6: false };
        self.open(server, &self.early, manner, bytes)
    }

    /// TLS over a connection that is there, in a session of its own.
    pub fn secure(&self, socket: TcpStream, version: Version) -> Result<Channel> {
        let [v12, v13] = &self.fresh;
        let config = if version == Version::V12 { v12 } else { v13 };
        let mut channel = Channel::new(socket, config.clone(), Cut::No)?;
        channel.shake_hands(&[]).with_context(|| format!("TLS handshake, {version:?}"))?;
        Ok(channel)
    }

    fn open(
        &self,
        server: &Server,
        config: &Arc<ClientConfig>,
        manner: Manner,
        early: &[u8],
    ) -> Result<(Secured, bool)> {
        let connection = Connection::open(server.address(manner.v6), server.near())?;
        let local = connection.local();
        let mut channel = Channel::new(connection.into_stream(), config.clone(), manner.cut)?;
        let taken = channel
            .shake_hands(early)
            .with_context(|| format!("TLS handshake with {}, {manner:?}", server.process.name()))?;
        match channel.handshake() {
            Some(HandshakeKind::Resumed) => &self.resumed[manner.version.index()],
            _ => &self.full,
        }
        .fetch_add(1, Ordering::Relaxed);
        Ok((Connection::over(channel, local), taken))
    }

    /// Handshakes so far: full ones, and those that resumed a session of TLS 1.2, of TLS 1.3.
    pub fn handshakes(&self) -> (usize, [usize; 2]) {
        let [v12, v13] = &self.resumed;
        (self.full.load(Ordering::Relaxed), [v12, v13].map(|count| count.load(Ordering::Relaxed)))
    }
}
