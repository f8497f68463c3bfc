//! Services that speak TLS: a row each (`servers/tls`).

mod elsewhere;
mod exec;
mod killed;
mod sites;
mod table;
mod unseen;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::{Scenario, scenario};
use crate::client::tls::patterns::Load;
use crate::client::tls::{Client, Pace};
use crate::netns::Netns;
use crate::patience::in_vm;
use crate::report::CannotRun;
use crate::servers::tls::{Certificate, ROWS, Row, row};
use crate::servers::{Place, Server};
use crate::site::Site;

macro_rules! rows {
    ($($name:literal),* $(,)?) => {
        /// Both scenarios of each row, and those about several rows.
        pub const SCENARIOS: &[Scenario] = &[
            scenario(
                "tls/unseen",
                unseen::told,
                "services, stats and doctor say which TLS is seen, with which library, and what is not and why",
            ),
            scenario(
                "tls/killed",
                killed::killed,
                "SIGKILL of the agent under TLS load: no service notices, older connections are seen again",
            ),
            scenario(
                "tls/elsewhere",
                elsewhere::elsewhere,
                "replaced and deleted files, containers, forks after the probes, stripped programs: all seen",
            ),
            scenario(
                "tls/exec",
                exec::exec,
                "a process that becomes another program with another TLS library is seen as both",
            ),
            $(scenario(
                concat!("tls/sites/", $name),
                |site| sites::answers(site, named($name)?),
                "each request over TLS is answered rightly, in every pattern; no agent",
            ).only_by_name(),)*
            $(scenario(
                concat!("tls/table/", $name),
                |site| table::compare(site, named($name)?),
                "capture rate and tie rate over TLS, in every pattern",
            ),)*
        ];
        const NAMES: &[&str] = &[$($name),*];
        const _: () = assert!(NAMES.len() == ROWS.len(), "a row without a scenario");
    };
}

rows!(
    "nginx",
    "apache",
    "haproxy",
    "python-http",
    "python-uvicorn",
    "python-tornado",
    "node-https",
    "node-http2",
    "boringssl",
    "gnutls",
    "go",
    "go-stripped",
    "go-1.15",
    "go-1.24",
    "rustls",
    "rustls-stripped",
    "openssl-1.1",
    "openssl-ex",
    "openssl-peek",
    "java",
);

fn named(name: &str) -> Result<&'static Row> {
    row(name).with_context(|| format!("no row is named {name}"))
}

/// The command of a Python script, `python3 -B -I SCRIPT …`, which does something else first.
fn prefixed(command: Command, prelude: &str) -> Result<Command> {
    let script = command.get_args().nth(2).map(PathBuf::from).context("no script in the command")?;
    fs::write(&script, format!("{prelude}{}", fs::read_to_string(&script)?))?;
    Ok(command)
}

/// A row's service in a network namespace of its own, and its clients.
struct Stage {
    row: &'static Row,
    server: Server,
    client: Client,
    requests: usize,
    rate: Option<u32>,
}

impl Stage {
    /// Makes a certificate and starts the service. `PICKET_TLS_REQUESTS` says how many requests each pattern has
    /// (200; 40 on the slow machines of the kernel matrix), `PICKET_TLS_RATE` how many a second at most (any number).
    fn new(site: &Site, row: &'static Row) -> Result<Self> {
        if in_vm() && !row.in_matrix {
            let why = format!("the machines of the kernel matrix come without {}", row.name);
            return Err(CannotRun(why).into());
        }
        let certificate = Certificate::make(site.dir())?;
        let netns = Arc::new(Netns::new()?);
        let server = (row.start)(&Place::inside(site, &netns)?, &certificate)?;
        let client = Client::new(&certificate)?;
        Ok(Self {
            row,
            server,
            client,
            requests: number("PICKET_TLS_REQUESTS")?.unwrap_or(if in_vm() { 40 } else { 200 }),
            rate: number("PICKET_TLS_RATE")?,
        })
    }

    /// A load on the service.
    fn load(&self) -> Load<'_> {
        Load {
            server: &self.server,
            client: &self.client,
            requests: self.requests,
            pace: Pace::new(self.rate),
        }
    }
}

fn number<T: std::str::FromStr>(variable: &str) -> Result<Option<T>> {
    let Ok(text) = std::env::var(variable) else { return Ok(None) };
    let number = text.parse().ok().with_context(|| format!("{variable}={text}: a number was expected"))?;
    Ok(Some(number))
}
