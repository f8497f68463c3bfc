//! nginx, with a master and two workers.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::{Place, Server};
use crate::program;

/// What its configuration has beside the usual.
#[derive(Clone, Copy, Default)]
pub struct Extra<'e> {
    /// After each address that it listens on, with a space before it.
    pub listen: &'e str,
    /// In the `server` block.
    pub server: &'e str,
    /// In the `http` block.
    pub http: &'e str,
}

/// Starts it. `extra` goes into the `server` block; for example a `location` that is a proxy.
pub fn start_with(place: &Place<'_>, extra: &str) -> Result<Server> {
    start_extended(place, Extra { server: extra, ..Extra::default() })
}

/// Starts it with more in its configuration.
pub fn start_extended(place: &Place<'_>, extra: Extra<'_>) -> Result<Server> {
    let Extra { listen: after, server, http } = extra;
    let nginx = program::find("nginx")?;
    let dir = place.dir.display();
    let listen: String = place
        .sockets()
        .map(|s| {
            if s.ip().is_unspecified() {
                format!("listen {s}{after} ipv6only=off; ")
            } else {
                format!("listen {s}{after}; ")
            }
        })
        .collect();
    fs::create_dir(place.file("www"))?;
    let configuration = format!(
        "daemon off; user root; worker_processes 2; pid {dir}/nginx.pid; error_log {dir}/output.log;
events {{ worker_connections 1024; }}
http {{
  log_format picket '$remote_addr $remote_port $request_method $request_uri $status';
  access_log {dir}/access.log picket;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  keepalive_requests 1000000; keepalive_timeout 300s; lingering_timeout 300s; lingering_time 600s; client_max_body_size 0; sendfile on;
  server {{
    {listen}
    root {dir}/www;
    location /t/ {{ return 200 \"ok\\n\"; }}
    {server}
  }}
  {http}
}}
"
    );
    let file = place.file("nginx.conf");
    fs::write(&file, configuration)?;
    let mut command = Command::new(nginx);
    command.arg("-e").arg(place.file("output.log")).arg("-p").arg(&place.dir).arg("-c").arg(&file);
    Server::start("nginx", command, place)
}

/// Starts it with static answers only: 200 under `/t/`, files of `www`, else 404.
pub fn start(place: &Place<'_>) -> Result<Server> {
    start_with(place, "")
}
