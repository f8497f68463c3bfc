//! The demo's own networks: namespaces without names, which end with the processes in them, so that
//! nothing stays behind however the demo ends.

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result};

use super::client::Patience;
use crate::{paths, process::CommandExt as _};

/// Address of the host's interface.
pub const HOST: &str = "192.0.2.10";
/// Address of the client that does no harm.
pub const HONEST: &str = "198.51.100.20";
/// Address of the attacker.
pub const ATTACKER: &str = "203.0.113.66";
/// Name of the host's interface in its namespace.
pub const INTERFACE: &str = "eth0";

/// A network namespace, held by a `cat` whose standard input we hold: gone with us.
pub struct Namespace {
    holder: Child,
}

impl Namespace {
    fn new() -> Result<Self> {
        let holder = Command::new("unshare")
            .args(["--net", "--", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot make a network namespace with `unshare` (package util-linux)")?;
        let namespace = Self { holder };
        // Until unshare has become cat, its namespace is ours.
        let ours = fs::read_link("/proc/self/ns/net")?;
        Patience::seconds(5).until("a network namespace of its own", || {
            fs::read_link(namespace.path()).is_ok_and(|theirs| theirs != ours).then_some(())
        })?;
        namespace.ip(&["link", "set", "lo", "up"])?;
        Ok(namespace)
    }

    /// A command that runs inside.
    pub fn command(&self, program: &str) -> Command {
        // Not `ip netns exec`: that one would also change /sys, and the agent's bpffs with it.
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.path())).arg("--");
        // It ends with us, even when we are killed.
        command.args(["setpriv", "--pdeathsig", "TERM", "--"]).arg(program);
        command
    }

    fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.holder.id())
    }

    fn ip(&self, arguments: &[&str]) -> Result<()> {
        let ip = paths::find_program("ip").context("no `ip` (package iproute2)")?;
        self.command(&ip.to_string_lossy()).args(arguments).run()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// All of them, with cables between.
pub struct Network {
    /// Where the services and the agent are.
    pub host: Namespace,
    /// Where the honest client is.
    pub honest: Namespace,
    /// Where the attacker is.
    pub attacker: Namespace,
    _router: Namespace,
}

impl Network {
    /// Makes them. Addresses are those kept for documentation (RFC 5737).
    pub fn new() -> Result<Self> {
        let (host, honest) = (Namespace::new()?, Namespace::new()?);
        let (attacker, router) = (Namespace::new()?, Namespace::new()?);
        for (end, address) in [(&host, HOST), (&honest, HONEST), (&attacker, ATTACKER)] {
            let net = address.rsplit_once('.').context("an IPv4 address")?.0;
            let (gateway, port) = (format!("{net}.1"), format!("to{}", net.replace('.', "")));
            let (holder, peer) = (end.holder.id().to_string(), router.holder.id().to_string());
            let ends = ["link", "add", INTERFACE, "netns", &holder, "type", "veth", "peer", "name", &port];
            end.ip(&[&ends[..], &["netns", &peer]].concat())?;
            end.ip(&["address", "add", &format!("{address}/24"), "dev", INTERFACE])?;
            end.ip(&["link", "set", INTERFACE, "up"])?;
            end.ip(&["route", "add", "default", "via", &gateway])?;
            router.ip(&["address", "add", &format!("{gateway}/24"), "dev", &port])?;
            router.ip(&["link", "set", &port, "up"])?;
        }
        router.command("sh").args(["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]).run()?;
        Ok(Self { host, honest, attacker, _router: router })
    }
}
