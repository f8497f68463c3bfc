//! Node's `https` and `http2` modules.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::Certificate;
use crate::program;
use crate::servers::{Place, Server};

/// Starts `https`.
pub fn start_https(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "https")
}

/// Starts `http2`, which speaks HTTP/1.1 with who wants that.
pub fn start_http2(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "http2")
}

fn start(place: &Place<'_>, certificate: &Certificate, module: &str) -> Result<Server> {
    let name = format!("{module}.js");
    let script = place.file(&name);
    fs::write(&script, include_str!("node.js"))?;
    let mut command = Command::new(program::find("node")?);
    command.arg(&script).arg(module).arg(certificate.chain()).arg(certificate.key());
    command.arg(place.port.to_string()).args(place.listen.iter().map(ToString::to_string));
    Server::start(&format!("{name} (node)"), command, place)
}
