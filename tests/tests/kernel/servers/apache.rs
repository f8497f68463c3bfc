//! Apache httpd with the event MPM, as Debian builds it. Its listening sockets have
//! `TCP_DEFER_ACCEPT` (the default `AcceptFilter http data`): the kernel makes a connection's
//! socket only when the first bytes of the request have arrived. There are more threads than any load has connections:
//! the event MPM closes connections that are kept alive when no thread is idle.

use std::fs;
use std::process::Command;

use anyhow::Result;

use super::{Place, Server};
use crate::program;

/// Starts it: a file for everything under `/t/`, else 404.
pub fn start(place: &Place<'_>) -> Result<Server> {
    start_with(place, &[], "")
}

/// Starts it with further modules, and with `extra` in its configuration.
pub fn start_with(place: &Place<'_>, further: &[&str], extra: &str) -> Result<Server> {
    let apache = program::find("apache2")?;
    let dir = place.dir.display();
    let listen: String = place.sockets().map(|s| format!("Listen {s}\n")).collect();
    fs::create_dir(place.file("www"))?;
    fs::write(place.file("ok.txt"), "ok\n")?;
    let modules = ["mpm_event", "authz_core", "alias"];
    let modules: String = modules
        .iter()
        .chain(further)
        .map(|m| format!("LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n"))
        .collect();
    let configuration = format!(
        "{modules}ServerRoot {dir}
ServerName shop.example
PidFile {dir}/apache.pid
DefaultRuntimeDir {dir}
User nobody
Group nogroup
{listen}ErrorLog {dir}/output.log
LogFormat \"%a %{{remote}}p %m %U%q %>s\" picket
CustomLog {dir}/access.log picket
DocumentRoot {dir}/www
AliasMatch ^/t/ {dir}/ok.txt
KeepAliveTimeout 300
MaxKeepAliveRequests 0
StartServers 2
ThreadLimit 128
ThreadsPerChild 128
MaxRequestWorkers 256
MaxSpareThreads 256
{extra}"
    );
    let file = place.file("apache.conf");
    fs::write(&file, configuration)?;
    let mut command = Command::new(apache);
    command.args(["-D", "FOREGROUND", "-f"]).arg(&file);
    Server::start("apache2", command, place)
}
