//! `[api]`: the API over TCP.

use std::{net::SocketAddr, path::PathBuf};

use super::values::{Value, Wrong, because, wrong};

/// `[api]`: the API over TCP, besides the Unix socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiConfig {
    /// Where it listens; none: it does not.
    pub listen: Option<SocketAddr>,
    /// Certificates (PEM), the server's own first.
    pub tls_cert: Option<PathBuf>,
    /// Its private key (PEM).
    pub tls_key: Option<PathBuf>,
}

impl ApiConfig {
    /// What only all keys together show: the key that is wrong, what is wrong, what to do.
    pub(super) fn problem(&self) -> Option<(&'static str, &'static str, &'static str)> {
        const BOTH: &str = "expected certificate and key together";
        match (&self.tls_cert, &self.tls_key, self.listen) {
            (Some(_), None, _) => Some(("tls_cert", BOTH, "say where the private key is with `tls_key`")),
            (None, Some(_), _) => Some(("tls_key", BOTH, "say where the certificate is with `tls_cert`")),
            (None, None, Some(listen)) if !listen.ip().is_loopback() => Some((
                "listen",
                "expected TLS where others can listen in: tokens would cross the network in the clear",
                "give `tls_cert` and `tls_key`, or listen on 127.0.0.1 and put a proxy with TLS before it",
            )),
            _ => None,
        }
    }
}

/// What [`listen`] expects.
pub(super) const LISTEN: &str = "an address and a port such as \"127.0.0.1:7181\" or \"[::1]:7181\"";

/// The API's address.
pub(super) fn listen(value: Value<'_, '_>) -> Result<SocketAddr, Wrong> {
    listen_on(value, 7181)
}

/// An address with a port; `port` is the usual one, for what errors say.
pub(super) fn listen_on(value: Value<'_, '_>, port: u16) -> Result<SocketAddr, Wrong> {
    let text = value.get_ref().as_str().ok_or_else(|| wrong(value))?;
    match text.parse::<SocketAddr>() {
        Ok(address) if address.port() == 0 => {
            Err(because(value, "a port from 1 to 65535: tools have to find it"))
        }
        Ok(address) => Ok(address),
        Err(_) if text.parse::<std::net::IpAddr>().is_ok() => {
            Err(because(value, format!("with a port: \"{text}:{port}\"")))
        }
        Err(_) if text.starts_with(':') => {
            let all = format!("with an address: \"127.0.0.1:{port}\"; \"[::]:{port}\" is all of them");
            Err(because(value, all))
        }
        Err(_) => Err(wrong(value)),
    }
}
