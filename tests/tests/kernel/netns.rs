//! Network namespaces and the cables between them. A namespace lives as long as something holds it:
//! nothing has to be removed, and nothing is left behind when a run is killed.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;

use anyhow::{Context, Result, bail};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

use crate::program;

/// A network namespace with its loopback interface up.
pub struct Netns {
    file: File,
}

impl Netns {
    /// A new namespace.
    pub fn new() -> Result<Self> {
        let file = std::thread::spawn(|| -> Result<File> {
            // SAFETY: only the network namespace of this thread changes; file descriptors stay shared.
            unsafe { unshare_unsafe(UnshareFlags::NEWNET) }.context("make a network namespace")?;
            File::open("/proc/thread-self/ns/net").context("open the new network namespace")
        })
        .join()
        .map_err(|_| anyhow::anyhow!("the thread that makes a network namespace panicked"))??;
        let netns = Self { file };
        netns.ip(&["link", "set", "lo", "up"])?;
        // No waiting for duplicates of addresses that cannot exist (RFC 4862 section 5.4).
        netns.enter(|| std::fs::write("/proc/sys/net/ipv6/conf/default/accept_dad", "0"))?.ok();
        Ok(netns)
    }

    /// Runs `f` on a thread inside the namespace. Sockets it makes stay in the namespace.
    pub fn enter<T: Send>(&self, f: impl FnOnce() -> T + Send) -> Result<T> {
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| -> Result<T> {
                move_into_link_name_space(self.file.as_fd(), Some(LinkNameSpaceType::Network))
                    .context("enter a network namespace")?;
                Ok(f())
            });
            inside.join().map_err(|_| anyhow::anyhow!("a thread inside a network namespace panicked"))?
        })
    }

    /// A second handle on the namespace, for a child process to enter.
    pub fn file(&self) -> Result<File> {
        self.file.try_clone().context("duplicate the handle of a network namespace")
    }

    /// Runs `ip` inside the namespace.
    pub fn ip(&self, arguments: &[&str]) -> Result<()> {
        let ip = program::find("ip")?;
        let output = self.enter(|| Command::new(ip).args(arguments).output())?.context("run ip")?;
        if !output.status.success() {
            bail!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    /// Lays a cable (veth pair) to `other`: `here` is the interface in this namespace, `there` the
    /// one in the other; each gets the given addresses (`address/prefix`).
    pub fn cable(
        &self,
        here: &str,
        here_has: &[&str],
        other: &Self,
        there: &str,
        there_has: &[&str],
    ) -> Result<()> {
        let target = format!("/proc/{}/fd/{}", std::process::id(), other.file.as_raw_fd());
        self.ip(&["link", "add", here, "type", "veth", "peer", "name", there, "netns", &target])?;
        for (netns, interface, addresses) in [(self, here, here_has), (other, there, there_has)] {
            for address in addresses {
                let mut add = vec!["address", "add", address, "dev", interface];
                if address.contains(':') {
                    add.push("nodad");
                }
                netns.ip(&add)?;
            }
            netns.ip(&["link", "set", interface, "up"])?;
        }
        Ok(())
    }
}
