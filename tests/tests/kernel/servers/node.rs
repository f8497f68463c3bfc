//! Node's `http` module.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::{ACCESS_LOG, Place, Server};
use crate::program;

/// Starts it: 200 under `/t/` after the whole body was read, else 404.
pub fn start(place: &Place<'_>) -> Result<Server> {
    let node = program::find("node")?;
    let script = place.file("server.js");
    fs::write(&script, include_str!("node.js"))?;
    let mut command = Command::new(node);
    command.arg(&script).arg(place.file(ACCESS_LOG)).arg(place.port.to_string());
    command.args(place.listen.iter().map(ToString::to_string));
    Server::start("server.js (node)", command, place)
}
