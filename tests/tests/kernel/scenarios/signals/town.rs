//! A shop on one machine, the Internet on the other: any address of two networks can come and ask.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::Command;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anyhow::{Context, Result};

use super::inbox::{Inbox, Speech};
use super::visitor::Visitor;
use crate::agent::Installation;
use crate::client::{Connection, From};
use crate::ground::{is_silence, tried};
use crate::netns::Netns;
use crate::patience::wait_until;
use crate::process::{self, Process};
use crate::program;
use crate::servers::Place;
use crate::servers::shop::{self, Shop};
use crate::site::Site;

/// The shop's address.
const SHOP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// Where nginx listens.
const PORT: u16 = 80;
/// Where the application listens, on loopback.
const APPLICATION: u16 = 8080;
/// The interface that the denylist is on.
pub const INTERFACE: &str = "cable0";

/// Addresses that nobody is at home at: 198.18.0.0/15 is for benchmarks (RFC 2544), and counts as public.
pub fn address(network: u8, number: u8, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(198, 18 + network, number, host)
}

/// Both machines.
pub struct Town {
    host: Arc<Netns>,
    outside: Arc<Netns>,
    /// nginx and the application.
    pub shop: Shop,
    _cloud: Process,
    marks: AtomicU64,
}

impl Town {
    /// Makes the machines, lays the cable, opens the shop.
    pub fn new(site: &Site) -> Result<Self> {
        let (host, outside) = (Arc::new(Netns::new()?), Arc::new(Netns::new()?));
        host.cable(INTERFACE, &["192.0.2.1/24"], &outside, "cable1", &["192.0.2.2/24"])?;
        host.ip(&["route", "add", "198.18.0.0/15", "via", "192.0.2.2"])?;
        // All of it is here: a socket can be bound to any of these addresses.
        outside.ip(&["route", "add", "local", "198.18.0.0/15", "dev", "lo"])?;
        let front = Place::inside(site, &host)?.on_port(PORT);
        let shop = shop::start(&front, Place::inside(site, &host)?.on_port(APPLICATION))?;
        let cloud = cloud(site, &host, &outside)?;
        let town = Self { host, outside, shop, _cloud: cloud, marks: AtomicU64::new(0) };
        wait_until("the cable to carry connections", 10, || {
            town.visitor(address(1, 255, 1)).get("/healthz", 200).ok()
        })?;
        let key = "/fetch?url=http%3A%2F%2F169.254.169.254%2Flatest%2Fuser-data";
        wait_until("the cloud to answer the shop", 10, || {
            let answer = town.visitor(address(1, 255, 1)).get(key, 200).ok()?;
            answer.body.starts_with(b"-----BEGIN").then_some(())
        })?;
        Ok(town)
    }

    /// An agent in town, its denylist on the cable, with more in its configuration. TLS is none of its business here:
    /// a killed agent ends sooner without probes.
    pub fn installation<'s>(&'s self, site: &'s Site, more: &str) -> Result<Installation<'s>> {
        self.installation_named(site, "picket", more)
    }

    /// The same under another name than `picket`.
    pub fn installation_named<'s>(
        &'s self,
        site: &'s Site,
        name: &str,
        more: &str,
    ) -> Result<Installation<'s>> {
        let installation = Installation::new(site, name)?.in_netns(&self.host);
        installation.configure(&format!(
            "[capture]\ntls = false\n\n[deny]\ninterfaces = [\"{INTERFACE}\"]\n\n{more}"
        ))?;
        Ok(installation)
    }

    /// Somebody with an address of their own.
    pub fn visitor(&self, address: Ipv4Addr) -> Visitor<'_> {
        Visitor::new(self, address)
    }

    /// A connection from an address to the shop.
    pub fn connect(&self, from: Ipv4Addr) -> Result<Connection> {
        let source = Some(SocketAddr::new(IpAddr::V4(from), 0));
        let to = SocketAddr::new(IpAddr::V4(SHOP), PORT);
        Connection::open(to, From { netns: Some(&self.outside), source })
            .with_context(|| format!("from {from} to the shop; it says: {}", self.shop.application.printed()))
    }

    /// Whether a connection from an address comes about; silence means that its packets are dropped.
    pub fn reaches(&self, from: Ipv4Addr) -> Result<bool> {
        let source = Some(SocketAddr::new(IpAddr::V4(from), 0));
        let to = SocketAddr::new(IpAddr::V4(SHOP), PORT);
        match Connection::open_within(to, From { netns: Some(&self.outside), source }, tried()) {
            Ok(_) => Ok(true),
            Err(error) if is_silence(&error) => Ok(false),
            Err(error) => Err(error.context("it failed, but not by silence")),
        }
    }

    /// Starts a program on the shop's machine, which the agent does not watch.
    pub fn run(&self, site: &Site, name: &str, command: Command) -> Result<Process> {
        Process::spawn(name, command, &site.agents, Some(&self.host))
    }

    /// A place on the shop's machine where programs that run there can ask us something; no service of the shop.
    pub fn counter(&self) -> Result<TcpListener> {
        self.host.enter(|| TcpListener::bind("127.0.0.1:0"))?.context("listen on loopback")
    }

    /// Somebody outside who is told things over UDP, and does not wait for them.
    pub fn receiver(&self) -> Result<UdpSocket> {
        let socket = self.outside.enter(|| UdpSocket::bind("192.0.2.2:0"))??;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }

    /// Somebody outside who is told things in another way; a mail server is on the shop's machine, where a password may be sent to it.
    pub fn inbox(&self, speech: Speech) -> Result<Inbox> {
        match speech {
            Speech::Mail => Inbox::open(&self.host, Ipv4Addr::LOCALHOST.into(), speech),
            Speech::Http | Speech::Stream => {
                Inbox::open(&self.outside, Ipv4Addr::new(192, 0, 2, 2).into(), speech)
            }
        }
    }

    /// Requests answered so far, with one more that marks the place: nginx writes its log after it has answered, and in
    /// that order.
    pub fn asked(&self) -> Result<usize> {
        let mark = format!("/healthz?mark={}", self.marks.fetch_add(1, Ordering::Relaxed));
        self.visitor(address(1, 255, 1)).get(&mark, 200)?;
        wait_until("nginx to write its log", 10, || {
            let log = self.shop.front.access_log().ok()?;
            log.iter().position(|line| line.target == mark).map(|at| at + 1)
        })
    }
}

/// Configuration with one rule only, about `<script`: an agent that is started again and again need not read all of them.
pub fn one_rule(site: &Site) -> Result<String> {
    let file = site.dir().join("one-rule.json");
    let rule = serde_json::json!({"version": "2.2", "rules": [{
        "id": "script", "name": "A script", "tags": {"type": "xss", "category": "attack_attempt", "confidence": "high"},
        "conditions": [{"operator": "match_regex", "parameters": {
            "inputs": [{"address": "server.request.query"}], "regex": "<script"}}],
    }]});
    fs::write(&file, rule.to_string())?;
    Ok(format!("[rules]\nbuiltin = false\nfiles = [\"{}\"]\n", file.display()))
}

/// What machines in a cloud may ask about themselves, and who else gets them to ask: their user data has a key in it. It is no
/// service of this host.
fn cloud(site: &Site, host: &Netns, outside: &Netns) -> Result<Process> {
    host.ip(&["route", "add", "169.254.169.254", "via", "192.0.2.2"])?;
    outside.ip(&["address", "add", "169.254.169.254/32", "dev", "lo"])?;
    let dir = site.subdir("cloud")?;
    fs::create_dir(dir.join("latest"))?;
    let lines: Vec<String> = (0..12u64).map(|n| format!("{:064x}", u128::from(n + 1) << 90)).collect();
    let key =
        format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n", lines.join("\n"));
    fs::write(dir.join("latest/user-data"), key)?;
    let mut command = Command::new(program::python()?);
    command
        .args(["-B", "-I", "-m", "http.server", "80", "--bind", "169.254.169.254", "--directory"])
        .arg(&dir);
    process::log_to(&mut command, &dir.join("output.log"))?;
    Process::spawn("cloud", command, &site.agents, Some(outside))
}
