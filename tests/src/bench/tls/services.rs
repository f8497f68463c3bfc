//! Services that speak TLS themselves, each with another library.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddrV4},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::certificate::Certificate;
use crate::bench::{
    ground::{Cgroup, Directory, find},
    service::{Service, port},
};

/// Which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// nginx: OpenSSL, shared, on the socket.
    Nginx,
    /// Node.js: OpenSSL in the executable, through memory.
    Node,
    /// Go's `net/http`: `crypto/tls`.
    Go,
}

impl Kind {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Node => "Node.js",
            Self::Go => "Go",
        }
    }

    /// Which it is exactly, as it says itself.
    ///
    /// # Errors
    ///
    /// When it is not installed.
    pub fn version(self) -> Result<String> {
        let (program, arguments) = match self {
            Self::Nginx => ("nginx", ["-v"].as_slice()),
            Self::Node => (
                "node",
                ["-p", "`Node.js ${process.version}, OpenSSL ${process.versions.openssl}`"].as_slice(),
            ),
            Self::Go => ("go", ["version"].as_slice()),
        };
        let output = Command::new(find(program)?).args(arguments).stdin(Stdio::null()).output()?;
        // nginx says it on the other stream.
        let said = [output.stdout, output.stderr].concat();
        Ok(String::from_utf8_lossy(&said).trim().trim_start_matches("nginx version: ").to_owned())
    }

    /// Starts it, bound to a CPU if one is given; it speaks HTTP/1.1 over TLS 1.3.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start.
    pub fn start(self, certificate: &Certificate, cgroup: &Cgroup, cpu: Option<usize>) -> Result<Service> {
        let (chain, key) = (certificate.chain(), certificate.key());
        let directory = Directory::new("service")?;
        let program = match self {
            Self::Nginx => return Service::nginx_with_tls(&chain, &key, cgroup, cpu),
            Self::Node => {
                let script = directory.file("service.js");
                fs::write(&script, include_str!("service.js"))?;
                vec![find("node")?.into_os_string(), script.into()]
            }
            Self::Go => vec![go(&directory)?.into_os_string()],
        };
        let place = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port(Ipv4Addr::LOCALHOST, None)?);
        let mut command = Command::new(find("taskset")?);
        // A mask of all CPUs where it is bound to none.
        command.arg(cpu.map_or_else(|| "ffffffff".to_owned(), |cpu| format!("{:x}", 1u64 << cpu)));
        command.args(program).arg(place.port().to_string()).arg(chain).arg(key);
        Service::start(self.name(), command, place, directory, cgroup, None)
    }
}

/// Builds the service in Go.
fn go(directory: &Directory) -> Result<std::path::PathBuf> {
    let (source, program) = (directory.file("service.go"), directory.file("service"));
    fs::write(&source, include_str!("service.go"))?;
    let mut command = Command::new(find("go")?);
    command.arg("build").arg("-o").arg(&program).arg(&source);
    command
        .current_dir(directory.path())
        .env("GO111MODULE", "off")
        .env("GOFLAGS", "")
        .env("GOTOOLCHAIN", "local");
    if std::env::var_os("HOME").is_none() {
        command.env("GOCACHE", directory.file("cache"));
    }
    let output = command.stdin(Stdio::null()).output().context("run go build")?;
    if !output.status.success() {
        bail!("go build: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(program)
}
