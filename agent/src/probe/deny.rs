//! The denylist in the kernel: XDP on chosen interfaces, maps and links pinned.
//!
//! What is pinned stands whether the agent lives or not: killing it opens no hole, the next one adopts
//! what it finds.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

use aya::{
    Ebpf, EbpfLoader,
    maps::{
        Array, HashMap, MapData, MapError, MapInfo, PerCpuArray,
        lpm_trie::{Key, LpmTrie},
    },
    programs::{
        Xdp, XdpMode,
        links::{FdLink, PinnedLink},
        xdp::XdpLink,
    },
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use picket_common::deny::{DenyConfig, DenyCpu, DenyEntry};

use super::{
    ProbeError, bpffs, object,
    page::Pages,
    tap::{loaded, program, typed},
};

/// Maps that are pinned, with the sizes of their keys and values in bytes.
const PINNED: [(&str, u32, u32); 8] = [
    ("DENY_V4", 4, size_of::<DenyEntry>() as u32),
    ("DENY_V6", 16, size_of::<DenyEntry>() as u32),
    ("DENY_V4_CIDR", 8, size_of::<DenyEntry>() as u32),
    ("DENY_V6_CIDR", 20, size_of::<DenyEntry>() as u32),
    ("PASS_V4", 8, 4),
    ("PASS_V6", 20, 4),
    ("DENY_CONFIG", 4, size_of::<DenyConfig>() as u32),
    ("DENY_CPU", 4, size_of::<DenyCpu>() as u32),
];

/// Maps of the object that the deny program does not use; made as small as can be.
const UNUSED: [&str; 2] = ["ADVICE", "RINGS"];

/// How XDP is attached to an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the driver: before the kernel allocates anything for a packet.
    Native,
    /// By the network stack, for drivers without XDP: slower, the same effect.
    Generic,
}

impl Mode {
    /// The word users read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Generic => "generic",
        }
    }
}

/// An interface whose packets are filtered.
#[derive(Clone, Debug)]
pub struct Attached {
    /// Its name.
    pub interface: String,
    /// How.
    pub mode: Mode,
    /// The program was already there, left by an agent before this one.
    pub adopted: bool,
}

/// The denylist in force.
pub struct Deny {
    v4: HashMap<MapData, [u8; 4], DenyEntry>,
    v6: HashMap<MapData, [u8; 16], DenyEntry>,
    v4_cidr: LpmTrie<MapData, [u8; 4], DenyEntry>,
    v6_cidr: LpmTrie<MapData, [u8; 16], DenyEntry>,
    pass_v4: LpmTrie<MapData, [u8; 4], u32>,
    pass_v6: LpmTrie<MapData, [u8; 16], u32>,
    config: Array<MapData, DenyConfig>,
    cpus: PerCpuArray<MapData, DenyCpu>,
    /// Which of the packets that it drops the agent is shown.
    pub pages: Pages,
    /// Where it is in force.
    pub attached: Vec<Attached>,
    programs: Ebpf,
}

impl Deny {
    /// Loads the deny program with its maps at `pins` (adopting those that stand there) and attaches
    /// it to `interfaces`. `mode`: `None` tries native first.
    ///
    /// # Errors
    ///
    /// When an interface does not exist or refuses XDP, or the pins are of another version.
    pub fn attach(pins: &Path, interfaces: &[String], mode: Option<Mode>) -> Result<Self, ProbeError> {
        bpffs::ensure(pins)?;
        let mut deny = Self::load(Some(pins))?;
        for interface in interfaces {
            let attached = deny.attach_to(pins, interface, mode)?;
            deny.attached.push(attached);
        }
        Ok(deny)
    }

    /// Loads the deny program. Without `pins`, for tests and benchmarks, everything ends with the
    /// value.
    ///
    /// # Errors
    ///
    /// When the kernel refuses maps or program, or the pins are of another version.
    pub fn load(pins: Option<&Path>) -> Result<Self, ProbeError> {
        super::raise_memlock();
        let mut loader = EbpfLoader::new();
        for name in UNUSED {
            loader.map_max_entries(name, 1);
        }
        if let Some(pins) = pins {
            for (name, key, value) in PINNED {
                let path = pins.join(name);
                check_layout(&path, key, value)?;
                loader.map_pin_path(name, path);
            }
        }
        let mut programs =
            loader.load(object::bytes()?).map_err(|e| ProbeError::refused("the denylist's maps", &e))?;
        let xdp: &mut Xdp = program(&mut programs, "picket_deny")?;
        xdp.load().map_err(|e| ProbeError::refused("program picket_deny", &e))?;
        Ok(Self {
            v4: typed(&mut programs, "DENY_V4", HashMap::try_from)?,
            v6: typed(&mut programs, "DENY_V6", HashMap::try_from)?,
            v4_cidr: typed(&mut programs, "DENY_V4_CIDR", LpmTrie::try_from)?,
            v6_cidr: typed(&mut programs, "DENY_V6_CIDR", LpmTrie::try_from)?,
            pass_v4: typed(&mut programs, "PASS_V4", LpmTrie::try_from)?,
            pass_v6: typed(&mut programs, "PASS_V6", LpmTrie::try_from)?,
            config: typed(&mut programs, "DENY_CONFIG", Array::try_from)?,
            cpus: typed(&mut programs, "DENY_CPU", PerCpuArray::try_from)?,
            pages: Pages::of(&mut programs)?,
            attached: Vec::new(),
            programs,
        })
    }

    /// The program, for test runs.
    ///
    /// # Errors
    ///
    /// When the object lacks it.
    pub fn program(&self) -> Result<&Xdp, ProbeError> {
        loaded(&self.programs, "picket_deny")
    }

    /// Denies an address or network until `expires` (`CLOCK_BOOTTIME`, ns; 0: for good). An entry that
    /// stands keeps its counts.
    ///
    /// # Errors
    ///
    /// When the map is full.
    pub fn deny(&mut self, net: IpNet, expires: u64) -> Result<(), MapError> {
        let fresh = DenyEntry { expires, ..DenyEntry::default() };
        let stands =
            |found: Result<DenyEntry, MapError>| found.map_or(fresh, |entry| DenyEntry { expires, ..entry });
        match net.trunc() {
            IpNet::V4(net) if net.prefix_len() == 32 => {
                let key = net.addr().octets();
                let entry = stands(self.v4.get(&key, 0));
                self.v4.insert(key, entry, 0)
            }
            IpNet::V6(net) if net.prefix_len() == 128 => {
                let key = net.addr().octets();
                let entry = stands(self.v6.get(&key, 0));
                self.v6.insert(key, entry, 0)
            }
            // A trie lookup finds a wider network as well, so what stands is looked up by its key.
            IpNet::V4(net) => {
                let entry = stands(exact(&self.v4_cidr, &v4_key(net)));
                self.v4_cidr.insert(&v4_key(net), entry, 0)?;
                self.tell_cidrs()
            }
            IpNet::V6(net) => {
                let entry = stands(exact(&self.v6_cidr, &v6_key(net)));
                self.v6_cidr.insert(&v6_key(net), entry, 0)?;
                self.tell_cidrs()
            }
        }
    }

    /// Lifts a block. False: there was none.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the removal.
    pub fn allow(&mut self, net: IpNet) -> Result<bool, MapError> {
        let removed = match net.trunc() {
            IpNet::V4(net) if net.prefix_len() == 32 => self.v4.remove(&net.addr().octets()),
            IpNet::V6(net) if net.prefix_len() == 128 => self.v6.remove(&net.addr().octets()),
            IpNet::V4(net) => {
                let removed = self.v4_cidr.remove(&v4_key(net));
                self.tell_cidrs()?;
                removed
            }
            IpNet::V6(net) => {
                let removed = self.v6_cidr.remove(&v6_key(net));
                self.tell_cidrs()?;
                removed
            }
        };
        match removed {
            Ok(()) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes the kernel's passlist hold exactly `nets`.
    ///
    /// # Errors
    ///
    /// When the map is full.
    pub fn pass(&mut self, nets: &[IpNet]) -> Result<(), MapError> {
        let nets: Vec<IpNet> = nets.iter().map(IpNet::trunc).collect();
        // New ones first: nothing that stays is missing for a moment.
        for net in &nets {
            match net {
                IpNet::V4(net) => self.pass_v4.insert(&v4_key(*net), 1, 0)?,
                IpNet::V6(net) => self.pass_v6.insert(&v6_key(*net), 1, 0)?,
            }
        }
        // From here on, entries that were found not to be on it are looked up again.
        let config = self.config.get(&0, 0)?;
        self.config.set(0, DenyConfig { passlist: config.passlist + 1, ..config }, 0)?;
        let gone: Vec<_> = self.pass_v4.keys().flatten().filter(|k| !nets.contains(&v4_net(k))).collect();
        for key in gone {
            self.pass_v4.remove(&key)?;
        }
        let gone: Vec<_> = self.pass_v6.keys().flatten().filter(|k| !nets.contains(&v6_net(k))).collect();
        for key in gone {
            self.pass_v6.remove(&key)?;
        }
        Ok(())
    }

    /// One entry.
    #[must_use]
    pub fn entry(&self, net: IpNet) -> Option<DenyEntry> {
        match net.trunc() {
            IpNet::V4(net) if net.prefix_len() == 32 => self.v4.get(&net.addr().octets(), 0).ok(),
            IpNet::V6(net) if net.prefix_len() == 128 => self.v6.get(&net.addr().octets(), 0).ok(),
            IpNet::V4(net) => exact(&self.v4_cidr, &v4_key(net)).ok(),
            IpNet::V6(net) => exact(&self.v6_cidr, &v6_key(net)).ok(),
        }
    }

    /// Every entry, those whose time is over included.
    #[must_use]
    pub fn entries(&self) -> Vec<(IpNet, DenyEntry)> {
        let host = |ip: IpAddr| IpNet::from(ip);
        let v4 = self.v4.iter().flatten().map(|(k, e)| (host(Ipv4Addr::from(k).into()), e));
        let v6 = self.v6.iter().flatten().map(|(k, e)| (host(Ipv6Addr::from(k).into()), e));
        let v4_cidr = self.v4_cidr.iter().flatten().map(|(k, e)| (v4_net(&k), e));
        let v6_cidr = self.v6_cidr.iter().flatten().map(|(k, e)| (v6_net(&k), e));
        v4.chain(v6).chain(v4_cidr).chain(v6_cidr).collect()
    }

    /// Packets dropped, and packets let through because the passlist holds their address, per CPU.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the lookup.
    pub fn packets(&self) -> Result<(Vec<u64>, Vec<u64>), MapError> {
        let cpus = self.cpus.get(&0, 0)?;
        Ok(cpus.iter().map(|cpu| (cpu.dropped, cpu.passlisted)).unzip())
    }

    /// Tells the program whether there are CIDRs at all: without, it spares the lookups.
    fn tell_cidrs(&mut self) -> Result<(), MapError> {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let config = DenyConfig {
            v4_cidrs: count(self.v4_cidr.keys().flatten().count()),
            v6_cidrs: count(self.v6_cidr.keys().flatten().count()),
            ..self.config.get(&0, 0)?
        };
        self.config.set(0, config, 0)
    }

    fn attach_to(
        &mut self,
        pins: &Path,
        interface: &str,
        mode: Option<Mode>,
    ) -> Result<Attached, ProbeError> {
        let refuse = |why: String| ProbeError::Interface { name: interface.to_owned(), why };
        if !interfaces().iter().any(|name| name == interface) {
            return Err(refuse(format!("not found; this host has {}", interfaces().join(", "))));
        }
        let xdp: &mut Xdp = program(&mut self.programs, "picket_deny")?;
        for stood in [Mode::Native, Mode::Generic] {
            let pin = pin_of(pins, interface, stood);
            if !pin.exists() {
                continue;
            }
            let link = PinnedLink::from_pin(&pin).map_err(|e| ProbeError::refused("a pinned link", &e))?;
            let link: XdpLink =
                FdLink::from(link).try_into().map_err(|_| ProbeError::OtherLayout { path: pin.clone() })?;
            // Fails when the interface is gone and another came with its name.
            if mode.is_none_or(|wanted| wanted == stood)
                && let Ok(id) = xdp.attach_to_link(link)
            {
                // The pin keeps it; the program must not detach it when it is dropped.
                drop(xdp.take_link(id));
                return Ok(Attached { interface: interface.to_owned(), mode: stood, adopted: true });
            }
            remove(&pin)?;
        }
        let tries: &[Mode] = match mode {
            None => &[Mode::Native, Mode::Generic],
            Some(Mode::Native) => &[Mode::Native],
            Some(Mode::Generic) => &[Mode::Generic],
        };
        let mut why = String::new();
        for &mode in tries {
            let flags = match mode {
                Mode::Native => XdpMode::Driver,
                Mode::Generic => XdpMode::Skb,
            };
            let id = match xdp.attach(interface, flags) {
                Ok(id) => id,
                Err(error) => {
                    why = format!("{} XDP refused: {}", mode.name(), ProbeError::refused("", &error));
                    continue;
                }
            };
            let link = xdp.take_link(id).map_err(|e| ProbeError::refused("the XDP link", &e))?;
            let link: FdLink =
                link.try_into().map_err(|e| ProbeError::refused("the XDP link (needs Linux 5.9)", &e))?;
            link.pin(pin_of(pins, interface, mode))
                .map_err(|e| ProbeError::refused("pinning the XDP link", &e))?;
            return Ok(Attached { interface: interface.to_owned(), mode, adopted: false });
        }
        Err(refuse(why))
    }
}

/// Removes every pin below `pins`: maps, links, and with them all blocks. Returns how many there were.
///
/// # Errors
///
/// When a pin can't be removed.
pub fn clean(pins: &Path) -> Result<usize, ProbeError> {
    let entries = match fs::read_dir(pins) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(source) => return Err(ProbeError::Io { what: "can't read", path: pins.to_owned(), source }),
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    // Links first: no packet meets a program whose maps are half gone.
    paths.sort_by_key(|path| !path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("xdp-")));
    for path in &paths {
        remove(path)?;
    }
    fs::remove_dir(pins).map_err(|source| ProbeError::Io {
        what: "can't remove",
        path: pins.to_owned(),
        source,
    })?;
    Ok(paths.len())
}

/// Interfaces on which a link is pinned below `pins`.
#[must_use]
pub fn pinned_interfaces(pins: &Path) -> Vec<String> {
    let entries = fs::read_dir(pins).into_iter().flatten().flatten();
    let names = entries.map(|e| e.file_name().to_string_lossy().replace("_dot_", "."));
    let modes = [Mode::Native, Mode::Generic].map(|mode| format!("xdp-{}-", mode.name()));
    let of = |name: String| modes.iter().find_map(|mode| name.strip_prefix(mode).map(str::to_owned));
    names.filter_map(of).collect()
}

/// Names of the network interfaces of this network namespace. From /proc, which follows the thread
/// into a namespace where a mounted /sys does not.
#[must_use]
pub fn interfaces() -> Vec<String> {
    let table = fs::read_to_string("/proc/thread-self/net/dev").unwrap_or_default();
    let mut names: Vec<String> =
        table.lines().filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned())).collect();
    names.sort();
    names
}

fn remove(path: &Path) -> Result<(), ProbeError> {
    fs::remove_file(path).map_err(|source| ProbeError::Io {
        what: "can't remove",
        path: path.to_owned(),
        source,
    })
}

fn pin_of(pins: &Path, interface: &str, mode: Mode) -> PathBuf {
    // bpffs refuses dots in names.
    pins.join(format!("xdp-{}-{}", mode.name(), interface.replace('.', "_dot_")))
}

fn check_layout(pin: &Path, key: u32, value: u32) -> Result<(), ProbeError> {
    if !pin.exists() {
        return Ok(());
    }
    let other = |_| ProbeError::OtherLayout { path: pin.to_owned() };
    let info = MapInfo::from_pin(pin).map_err(other)?;
    let sizes = (info.key_size(), info.value_size());
    if sizes == (key, value) { Ok(()) } else { Err(ProbeError::OtherLayout { path: pin.to_owned() }) }
}

fn is_absent(error: &MapError) -> bool {
    match error {
        MapError::KeyNotFound => true,
        MapError::SyscallError(e) => e.io_error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn exact<K: aya::Pod + PartialEq>(
    trie: &LpmTrie<MapData, K, DenyEntry>,
    key: &Key<K>,
) -> Result<DenyEntry, MapError> {
    let wanted = (key.prefix_len(), key.data());
    trie.iter()
        .flatten()
        .find(|(k, _)| (k.prefix_len(), k.data()) == wanted)
        .map(|(_, entry)| entry)
        .ok_or(MapError::KeyNotFound)
}

fn v4_key(net: Ipv4Net) -> Key<[u8; 4]> {
    Key::new(u32::from(net.prefix_len()), net.addr().octets())
}

fn v6_key(net: Ipv6Net) -> Key<[u8; 16]> {
    Key::new(u32::from(net.prefix_len()), net.addr().octets())
}

fn v4_net(key: &Key<[u8; 4]>) -> IpNet {
    let len = u8::try_from(key.prefix_len()).unwrap_or(32).min(32);
    IpNet::new_assert(Ipv4Addr::from(key.data()).into(), len)
}

fn v6_net(key: &Key<[u8; 16]>) -> IpNet {
    let len = u8::try_from(key.prefix_len()).unwrap_or(128).min(128);
    IpNet::new_assert(Ipv6Addr::from(key.data()).into(), len)
}
