//! HAProxy; a service in Lua answers.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::Certificate;
use crate::program;
use crate::servers::{Place, Server};

/// Starts it.
pub fn start(place: &Place<'_>, certificate: &Certificate) -> Result<Server> {
    let haproxy = program::find("haproxy")?;
    let script = place.file("site.lua");
    fs::write(&script, include_str!("haproxy.lua"))?;
    let both = certificate.both()?;
    let bind: String = place
        .sockets()
        .map(|socket| {
            let families = if socket.ip().is_unspecified() { " v4v6" } else { "" };
            format!(
                "    bind {socket}{families} ssl crt {} alpn h2,http/1.1 ssl-min-ver TLSv1.2 allow-0rtt\n",
                both.display()
            )
        })
        .collect();
    let configuration = format!(
        "global
    nbthread 2
    maxconn 1000
    lua-load {}
defaults
    mode http
    timeout connect 10s
    timeout client 300s
    timeout server 300s
    timeout http-request 60s
    timeout http-keep-alive 300s
frontend site
{bind}    http-request use-service lua.site
",
        script.display()
    );
    let file = place.file("haproxy.cfg");
    fs::write(&file, configuration)?;
    let mut command = Command::new(haproxy);
    // In the foreground: one process.
    command.args(["-db", "-f"]).arg(&file);
    Server::start("haproxy", command, place)
}
