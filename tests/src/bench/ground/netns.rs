//! Network namespaces and the cables between them. A namespace lives as long as something holds it:
//! nothing has to be removed, and a killed run leaves nothing behind.

use std::{
    fs::File,
    os::fd::{AsFd, AsRawFd},
    process::Command,
};

use anyhow::{Context, Result, anyhow, bail};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};

use super::find;
use crate::bench::load::frame::Macs;

/// A network namespace with its loopback interface up.
pub struct Netns(File);

impl Netns {
    /// A new one.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn new() -> Result<Self> {
        let made = std::thread::spawn(|| -> Result<File> {
            // SAFETY: only this thread's network namespace changes; file descriptors stay shared.
            unsafe { unshare_unsafe(UnshareFlags::NEWNET) }.context("make a network namespace")?;
            File::open("/proc/thread-self/ns/net").context("open the new network namespace")
        });
        let file =
            made.join().map_err(|_| anyhow!("the thread that makes a network namespace panicked"))??;
        let netns = Self(file);
        netns.ip("link set lo up")?;
        Ok(netns)
    }

    /// Runs `work` on a thread inside. Sockets it makes stay inside.
    ///
    /// # Errors
    ///
    /// That of `work`.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::Network))
                    .context("enter a network namespace")?;
                work()
            });
            inside.join().map_err(|_| anyhow!("a thread inside a network namespace panicked"))?
        })
    }

    /// Another handle, for a child process to enter.
    ///
    /// # Errors
    ///
    /// When there are too many open files.
    pub fn file(&self) -> Result<File> {
        self.0.try_clone().context("duplicate a network namespace's handle")
    }

    /// Runs `ip` inside, with these words.
    ///
    /// # Errors
    ///
    /// What `ip` complains about.
    pub fn ip(&self, words: &str) -> Result<String> {
        let ip = find("ip")?;
        self.enter(|| {
            let output = Command::new(ip).args(words.split(' ')).output().context("run ip")?;
            if !output.status.success() {
                bail!("ip {words}: {}", String::from_utf8_lossy(&output.stderr).trim());
            }
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        })
    }
}

/// Two namespaces with a cable (veth pair) between them.
pub struct Cable {
    /// Whose packets the other end gets.
    pub sender: Netns,
    /// Who is attacked.
    pub receiver: Netns,
}

impl Cable {
    /// The interface at the sender's end.
    pub const SENDER: &str = "out0";
    /// The interface at the receiver's end.
    pub const RECEIVER: &str = "in0";

    /// Lays one; each end gets its address (`address/prefix`).
    ///
    /// # Errors
    ///
    /// When the kernel has no veth, or an address is wrong.
    pub fn lay(sender_has: &str, receiver_has: &str) -> Result<Self> {
        let (sender, receiver) = (Netns::new()?, Netns::new()?);
        let other = format!("/proc/{}/fd/{}", std::process::id(), receiver.0.as_raw_fd());
        let (out, into) = (Self::SENDER, Self::RECEIVER);
        sender.ip(&format!("link add {out} type veth peer name {into} netns {other}"))?;
        for (netns, end, address) in [(&sender, out, sender_has), (&receiver, into, receiver_has)] {
            // No neighbour discovery, no router solicitations in between.
            netns.ip(&format!("link set {end} addrgenmode none"))?;
            netns.ip(&format!("address add {address} dev {end}"))?;
            netns.ip(&format!("link set {end} up"))?;
        }
        Ok(Self { sender, receiver })
    }

    /// Hardware addresses: receiver's, sender's.
    ///
    /// # Errors
    ///
    /// When an end is gone.
    pub fn macs(&self) -> Result<Macs> {
        let of = |netns: &Netns, end: &str| -> Result<[u8; 6]> {
            let shown = netns.ip(&format!("-o link show dev {end}"))?;
            let mac = shown.split(' ').skip_while(|word| *word != "link/ether").nth(1);
            let bytes = mac.context("an interface without a hardware address")?.split(':');
            let bytes: Vec<u8> = bytes.map(|byte| u8::from_str_radix(byte, 16)).collect::<Result<_, _>>()?;
            bytes.try_into().map_err(|_| anyhow!("a hardware address has six bytes: {shown}"))
        };
        Ok([of(&self.receiver, Self::RECEIVER)?, of(&self.sender, Self::SENDER)?])
    }
}
