//! Java's HTTPS server, with JSSE: TLS in Java, compiled while it runs.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::Certificate;
use crate::program;
use crate::servers::{Place, Server};

/// Starts it from its source.
pub fn start(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    let source = place.file("TlsServer.java");
    fs::write(&source, include_str!("TlsServer.java"))?;
    let mut command = Command::new(program::find("java")?);
    // The second, else each answer waits for a delayed ACK; the others keep idle connections.
    command.args(["-XX:TieredStopAtLevel=1", "-Dsun.net.httpserver.nodelay=true"]);
    command.args(["-Dsun.net.httpserver.idleInterval=300", "-Dsun.net.httpserver.maxIdleConnections=1000"]);
    command.arg(&source).arg(certificate.store()?).arg(Certificate::PASSWORD);
    command.arg(place.port.to_string()).args(place.listen.iter().map(ToString::to_string));
    Server::start("TlsServer.java (java)", command, place)
}
