//! Python: the standard library's threaded `http.server`, and a server of asyncio streams.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::{ACCESS_LOG, Place, Server};
use crate::program;

/// Starts `http.server`: 200 under `/t/`, a checksum of the body under `/sum/`, else 404.
pub fn start_http_server(place: &Place<'_>) -> Result<Server> {
    start(place, "http_server.py", include_str!("http_server.py"))
}

/// Starts the asyncio server: 200 under `/t/`, else 404.
pub fn start_asyncio(place: &Place<'_>) -> Result<Server> {
    start(place, "asyncio_server.py", include_str!("asyncio_server.py"))
}

/// Starts a script with the standard library alone.
pub(super) fn start(place: &Place<'_>, name: &str, script: &str) -> Result<Server> {
    let python = program::python()?;
    let file = place.file(name);
    fs::write(&file, script)?;
    let mut command = Command::new(python);
    // No bytecode, no site packages: nothing but the script and the standard library.
    command.args(["-B", "-I"]).arg(&file).arg(place.file(ACCESS_LOG)).arg(place.port.to_string());
    command.args(place.listen.iter().map(ToString::to_string));
    Server::start(&format!("{name} (python3)"), command, place)
}
