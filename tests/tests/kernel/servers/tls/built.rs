//! Servers that are programs of ours over a library (`tests/programs`), compiled by `cargo xtask setup`.

use std::process::Command;

use anyhow::Result;

use super::Certificate;
use crate::program;
use crate::servers::{Place, Server};

/// Starts the one with BoringSSL.
pub fn start_boring(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "boring-server", None)
}

/// Starts the one with GnuTLS.
pub fn start_gnutls(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "gnutls-server", Some("read"))
}

/// Starts the one in Go.
pub fn start_go(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "go-server", None)
}

/// Starts the one in Go without symbols.
pub fn start_go_stripped(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "go-server-stripped", None)
}

/// Starts the one in a Go from before the register ABI (1.17).
pub fn start_go_old(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "go-server-1.15", None)
}

/// Starts the one in a newer Go, without symbols.
pub fn start_go_new(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "go-server-1.24", None)
}

/// Starts the one with rustls.
pub fn start_rustls(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "rustls-server", None)
}

/// Starts the one with rustls, without symbols.
pub fn start_rustls_stripped(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "rustls-server-stripped", None)
}

/// Starts the one with OpenSSL 1.1.
pub fn start_openssl_old(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "openssl-1.1-server", Some("read"))
}

/// Starts the one with OpenSSL 3 that reads with `SSL_read_ex`.
pub fn start_openssl_ex(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "openssl-server", Some("ex"))
}

/// Starts the one with OpenSSL 3 that peeks first.
pub fn start_openssl_peek(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "openssl-server", Some("peek"))
}

fn start(place: &Place<'_>, certificate: &Certificate, name: &str, way: Option<&str>) -> Result<Server> {
    let mut command = Command::new(program::built(name)?);
    command.args(way).arg(certificate.chain()).arg(certificate.key()).arg(place.port.to_string());
    command.args(place.listen.iter().map(ToString::to_string));
    Server::start(name, command, place)
}
