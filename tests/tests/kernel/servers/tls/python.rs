//! Python: the standard library's threaded `http.server`, uvicorn on asyncio, Tornado.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::Certificate;
use crate::program;
use crate::servers::{Place, Server};

/// Starts `http.server` with a thread for each connection.
pub fn start_http_server(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    start(place, certificate, "http_server.py", include_str!("http_server.py"))
}

/// Starts uvicorn: asyncio's streams.
pub fn start_uvicorn(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    program::python_module("uvicorn")?;
    start(place, certificate, "uvicorn_server.py", include_str!("uvicorn_server.py"))
}

/// Starts Tornado: its own loop over non-blocking sockets.
pub fn start_tornado(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    program::python_module("tornado")?;
    start(place, certificate, "tornado_server.py", include_str!("tornado_server.py"))
}

fn start(place: &Place<'_>, certificate: &Certificate, name: &str, script: &str) -> Result<Server> {
    let file = place.file(name);
    fs::write(&file, script)?;
    let mut command = Command::new(program::python()?);
    // No bytecode, nothing of the user's: the script and the system's packages.
    command.args(["-B", "-I"]).arg(&file).arg(certificate.chain()).arg(certificate.key());
    command.arg(place.port.to_string()).args(place.listen.iter().map(ToString::to_string));
    Server::start(&format!("{name} (python3)"), command, place)
}
