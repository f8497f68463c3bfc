//! Services under test, as users run them: unmodified programs with a small configuration. Each has
//! a file; each writes an access log in one form, so that what the client believes to have sent can
//! be compared with what the service saw before anything is expected of the agent.

pub mod apache;
pub mod nginx;
pub mod node;
pub mod own;
pub mod python;
pub mod shop;
pub mod tls;

use std::cell::Cell;
use std::fs;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::cgroup::Cgroup;
use crate::client::{Connection, From, loopback};
use crate::netns::Netns;
use crate::patience::wait_until;
use crate::process::Process;
use crate::site::Site;

/// Who a request should be attributed to.
#[derive(Debug)]
pub struct Service {
    /// Its name: of the executable, or `SCRIPT (INTERPRETER)`.
    pub name: String,
    /// The process that listens first: of nginx and Apache the master.
    pub pid: u32,
    /// Its executable.
    pub exe: String,
    /// The port it listens on.
    pub port: u16,
}

/// Where to start a service.
pub struct Place<'s> {
    /// Directory of the service alone.
    pub dir: PathBuf,
    /// Its control group.
    pub cgroup: &'s Cgroup,
    /// Its network namespace; none: the one the run is in.
    pub netns: Option<Arc<Netns>>,
    /// The addresses to listen on. Only `::` is for both families.
    pub listen: Vec<IpAddr>,
    /// The port to listen on.
    pub port: u16,
    /// What becomes of the command before it is run.
    change: Option<Box<Change<'s>>>,
}

/// Makes another command of one that would start a service as usual.
pub type Change<'c> = dyn Fn(Command) -> Result<Command> + 'c;

impl<'s> Place<'s> {
    /// On the host, on loopback only: two listening sockets, one a family.
    pub fn host(site: &'s Site) -> Result<Self> {
        let listen = vec![loopback(false), loopback(true)];
        Self::new(site, &site.cgroup, None, listen)
    }

    /// In a network namespace, on all its addresses: one listening socket for both families, as
    /// many services do it.
    pub fn inside(site: &'s Site, netns: &Arc<Netns>) -> Result<Self> {
        Self::new(site, &site.cgroup, Some(netns.clone()), vec![Ipv6Addr::UNSPECIFIED.into()])
    }

    /// The same place in another control group.
    #[must_use]
    pub fn in_cgroup(mut self, cgroup: &'s Cgroup) -> Self {
        self.cgroup = cgroup;
        self
    }

    /// The same place on another port.
    #[must_use]
    pub fn on_port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The same place, where the service's command is changed before it is run.
    #[must_use]
    pub fn with_command(mut self, change: impl Fn(Command) -> Result<Command> + 's) -> Self {
        self.change = Some(Box::new(change));
        self
    }

    fn new(site: &Site, cgroup: &'s Cgroup, netns: Option<Arc<Netns>>, listen: Vec<IpAddr>) -> Result<Self> {
        thread_local!(static NUMBER: Cell<u32> = const { Cell::new(0) });
        let number = NUMBER.replace(NUMBER.get() + 1);
        let dir = site.subdir(&format!("service-{number}"))?;
        let free = || TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).and_then(|l| l.local_addr());
        let port = match &netns {
            Some(netns) => netns.enter(free)?,
            None => free(),
        };
        let port = port.context("find a free port")?.port();
        Ok(Self { dir, cgroup, netns, listen, port, change: None })
    }

    /// A file in the service's directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The sockets to listen on, as `address:port`.
    pub fn sockets(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.listen.iter().map(|ip| SocketAddr::new(*ip, self.port))
    }
}

/// A running service.
pub struct Server {
    /// Who it is.
    pub service: Arc<Service>,
    /// Its process.
    pub process: Process,
    netns: Option<Arc<Netns>>,
    log: PathBuf,
    output: PathBuf,
}

/// Name of the access log in the directory of a service.
const ACCESS_LOG: &str = "access.log";
/// Name of the file with what a service prints.
const OUTPUT: &str = "output.log";

/// One line of an access log: `address port method target status`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The peer.
    pub peer: SocketAddr,
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Status code.
    pub status: u16,
}

impl Server {
    /// Starts a service and waits until it listens.
    fn start(name: &str, command: Command, place: &Place<'_>) -> Result<Self> {
        let mut command = match &place.change {
            Some(change) => change(command)?,
            None => command,
        };
        let output = place.file(OUTPUT);
        crate::process::log_to(&mut command, &output)?;
        command.current_dir(&place.dir);
        let mut process = Process::spawn(name, command, place.cgroup, place.netns.as_deref())?;
        let pid = process.pid();
        let listening = wait_until(&format!("{name} to listen on port {}", place.port), 10, || {
            process
                .ended()
                .map(Err)
                .or_else(|| listens(pid, place.port, place.listen.len()).then_some(Ok(())))
        });
        match listening {
            Ok(Ok(())) => {}
            Ok(Err(status)) => anyhow::bail!("{name} ended at its start ({status}): {}", tail(&output)),
            Err(error) => return Err(error.context(tail(&output))),
        }
        let exe = fs::read_link(format!("/proc/{pid}/exe")).context("read the executable of a service")?;
        let service = Arc::new(Service {
            name: name.to_owned(),
            pid,
            exe: exe.to_string_lossy().into_owned(),
            port: place.port,
        });
        Ok(Self { service, process, netns: place.netns.clone(), log: place.file(ACCESS_LOG), output })
    }

    /// Its address on loopback.
    pub fn address(&self, v6: bool) -> SocketAddr {
        SocketAddr::new(loopback(v6), self.service.port)
    }

    /// A client on the same host (the service's own network namespace).
    pub fn near(&self) -> From<'_> {
        From { netns: self.netns.as_deref(), source: None }
    }

    /// A new connection to it over loopback.
    pub fn connect(&self, v6: bool) -> Result<Connection> {
        Connection::open(self.address(v6), self.near())
    }

    /// What it says it has answered so far.
    pub fn access_log(&self) -> Result<Vec<Access>> {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        // A line without its end is being written.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|l| parse_access(l).with_context(|| format!("access log line {l:?}"))).collect()
    }

    /// What it printed last.
    pub fn printed(&self) -> String {
        tail(&self.output)
    }
}

fn parse_access(line: &str) -> Option<Access> {
    let mut words = line.split(' ');
    let ip: IpAddr = words.next()?.parse().ok()?;
    let port = words.next()?.parse().ok()?;
    let method = words.next()?.to_owned();
    let target = words.next()?.to_owned();
    let status = words.next()?.parse().ok()?;
    Some(Access { peer: SocketAddr::new(ip.to_canonical(), port), method, target, status })
}

/// The last lines of a file.
fn tail(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// Whether `count` sockets listen on the port in the process's network namespace.
fn listens(pid: u32, port: u16, count: usize) -> bool {
    let listening = |file: &str| {
        // proc(5), /proc/net/tcp: "sl local_address rem_address st …", state 0A is listening.
        let text = fs::read_to_string(format!("/proc/{pid}/net/{file}")).unwrap_or_default();
        let of_port = |line: &&str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.get(3) == Some(&"0A") && words.get(1).is_some_and(|a| a.ends_with(&format!(":{port:04X}")))
        };
        text.lines().filter(of_port).count()
    };
    listening("tcp") + listening("tcp6") >= count
}
