//! What drops the flood.

use std::{
    fmt::Write as _,
    fs,
    net::Ipv4Addr,
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
};

use anyhow::{Context, Result, bail};
use picket::{
    probe::{
        bpffs,
        deny::{self, Deny, Mode},
    },
    time,
};
use picket_common::deny::DenyEntry;

use crate::bench::{
    ground::{Cable, Directory, Netns, find},
    parts::xdp::map_of,
    sys::{bpf, instructions, packet::index_of},
};

const XDP_DROP: u32 = 1;

/// Kinds of filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// None: the IP stack takes the packets in, and finds no socket for them.
    Nothing,
    /// An XDP program that drops everything, unread.
    Unread,
    /// Picket in the driver.
    Native,
    /// Picket in the network stack.
    Generic,
    /// nftables, at the device's ingress hook.
    NftIngress,
    /// nftables, at prerouting, before connection tracking.
    NftPrerouting,
}

impl Kind {
    /// Every kind, in the order of the tables.
    pub const ALL: [Self; 6] =
        [Self::Unread, Self::Native, Self::Generic, Self::NftIngress, Self::NftPrerouting, Self::Nothing];

    /// What a reader calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "no filter: the stack, no socket",
            Self::Unread => "unread, native XDP",
            Self::Native => "Picket, native XDP",
            Self::Generic => "Picket, generic XDP",
            Self::NftIngress => "nftables set, ingress hook",
            Self::NftPrerouting => "nftables set, prerouting raw",
        }
    }

    /// Whether it has a denylist.
    pub const fn has_entries(self) -> bool {
        !matches!(self, Self::Nothing | Self::Unread)
    }
}

/// A filter in force on the receiving end of a cable.
pub enum Filter {
    /// None.
    Nothing,
    /// Drops everything for as long as the link is open.
    Unread(#[expect(dead_code, reason = "held, not read")] OwnedFd),
    /// Picket.
    Picket(Box<Picket>),
    /// nftables.
    Nft(Nft),
}

/// An nftables set in force.
pub struct Nft {
    /// The family of its table.
    family: &'static str,
    /// Packets counted before its counter was reset last.
    counted: AtomicU64,
}

/// Picket's denylist in force.
pub struct Picket {
    deny: Deny,
    _pins: Pins,
}

/// A directory of pins, removed with all that it holds in force when dropped.
struct Pins(PathBuf);

impl Drop for Pins {
    fn drop(&mut self) {
        if let Err(error) = deny::clean(&self.0) {
            eprintln!("{} is left behind: {error}", self.0.display());
        }
    }
}

impl Filter {
    /// Sets a filter with `entries` addresses from `first` on.
    pub fn set(kind: Kind, entries: u32, first: Ipv4Addr, receiver: &Netns) -> Result<Self> {
        Ok(match kind {
            Kind::Nothing => Self::Nothing,
            Kind::Unread => Self::Unread(receiver.enter(|| {
                let program = bpf::load_xdp(&instructions::always(XDP_DROP))?;
                bpf::attach_xdp(program.as_fd(), index_of(Cable::RECEIVER)?)
            })?),
            Kind::Native => Self::picket(Mode::Native, entries, first, receiver)?,
            Kind::Generic => Self::picket(Mode::Generic, entries, first, receiver)?,
            Kind::NftIngress => {
                let hook = format!("type filter hook ingress device \"{}\" priority 0", Cable::RECEIVER);
                Self::nft("netdev", &hook, entries, first, receiver)?
            }
            Kind::NftPrerouting => {
                Self::nft("ip", "type filter hook prerouting priority raw", entries, first, receiver)?
            }
        })
    }

    /// Packets it has dealt with so far.
    pub fn handled(&self, receiver: &Netns) -> Result<u64> {
        match self {
            Self::Nothing | Self::Unread(_) => receiver.enter(received),
            Self::Picket(picket) => Ok(picket.deny.packets()?.0.iter().sum()),
            Self::Nft(Nft { family, counted }) => {
                // Listing it would fetch a million elements beside; resetting fetches the counter alone.
                let listed = nft(receiver, &["reset", "counter", family, "picket_bench", "dropped"])?;
                let mut words = listed.split_whitespace().skip_while(|word| *word != "packets");
                let new: Option<u64> = words.nth(1).and_then(|n| n.parse().ok());
                let new = new.with_context(|| format!("nft shows no counter: {listed}"))?;
                Ok(counted.fetch_add(new, Ordering::Relaxed) + new)
            }
        }
    }

    fn picket(mode: Mode, entries: u32, first: Ipv4Addr, receiver: &Netns) -> Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("picket-bench-{}-{number}", std::process::id());
        let pins = Pins(PathBuf::from(bpffs::STANDARD).join(name));
        let deny =
            receiver.enter(|| Ok(Deny::attach(&pins.0, &[Cable::RECEIVER.to_owned()], Some(mode))?))?;
        let mut picket = Picket { deny, _pins: pins };
        // What stands on the passlist of any host: loopback, own addresses, gateways.
        let passlist = ["127.0.0.0/8", "192.0.2.1/32", "192.0.2.2/32", "::1/128"];
        picket.deny.pass(&passlist.iter().map(|net| net.parse()).collect::<Result<Vec<_>, _>>()?)?;
        let entry = DenyEntry { expires: time::boot_now() + 86_400_000_000_000, ..DenyEntry::default() };
        let addresses = (0..entries).map(|i| ((first.to_bits() + i).to_be_bytes(), entry));
        bpf::fill(map_of(&picket.deny, "DENY_V4")?.as_fd(), addresses)?;
        Ok(Self::Picket(Box::new(picket)))
    }

    fn nft(
        family: &'static str,
        hook: &str,
        entries: u32,
        first: Ipv4Addr,
        receiver: &Netns,
    ) -> Result<Self> {
        let mut rules = format!("table {family} picket_bench {{\ncounter dropped {{ }}\n");
        rules.push_str("set denied {\ntype ipv4_addr\nelements = {");
        for i in 0..entries {
            let _ = writeln!(rules, "{},", Ipv4Addr::from_bits(first.to_bits() + i));
        }
        let _ = write!(
            rules,
            "}}\n}}\nchain filter {{\n{hook};\nip saddr @denied counter name dropped drop\n}}\n}}\n"
        );
        let directory = Directory::new("nft")?;
        let file = directory.file("rules");
        fs::write(&file, rules)?;
        nft(receiver, &["-f", file.to_str().context("a path in UTF-8")?])?;
        Ok(Self::Nft(Nft { family, counted: AtomicU64::new(0) }))
    }
}

fn nft(netns: &Netns, words: &[&str]) -> Result<String> {
    let nft = find("nft")?;
    netns.enter(|| {
        let output = Command::new(nft).args(words).output().context("run nft")?;
        if !output.status.success() {
            bail!("nft {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    })
}

/// Packets that came in at the receiving end, by the interface's own count.
fn received() -> Result<u64> {
    let table = fs::read_to_string("/proc/thread-self/net/dev").context("read the interfaces' counts")?;
    let line =
        table.lines().find_map(|line| line.trim_start().strip_prefix(Cable::RECEIVER)?.strip_prefix(':'));
    let packets = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    packets.with_context(|| format!("no counts of {}", Cable::RECEIVER))
}
