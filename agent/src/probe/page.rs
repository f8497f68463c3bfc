//! Packets that the deny program dropped, for the blocking page, and the way back to who sent them.

use std::{
    collections::BTreeSet,
    mem,
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use aya::{
    Ebpf,
    maps::{Array, HashMap, MapData, MapError, PerCpuArray, RingBuf},
};
use picket_common::{
    deny::{PageCpu, PagePacket},
    limits::{PAGE_BYTES, PAGE_PACKETS},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{
        AddressFamily, SendFlags, SocketFlags, SocketType,
        addr::{SocketAddrArg, SocketAddrLen, SocketAddrOpaque},
        sendto, socket_with,
    },
};

use super::{ProbeError, tap::typed};

/// Which dropped packets the agent is shown.
pub struct Pages {
    limit: Array<MapData, u32>,
    ports: HashMap<MapData, u16, u8>,
    cpus: PerCpuArray<MapData, PageCpu>,
    packets: Option<Packets>,
}

/// What became of dropped packets that might be answered, since the program was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageCounts {
    /// The agent was shown them.
    pub handed: u64,
    /// They were too many at once.
    pub limited: u64,
    /// The ring buffer had no room.
    pub full: u64,
}

impl Pages {
    pub(super) fn of(programs: &mut Ebpf) -> Result<Self, ProbeError> {
        Ok(Self {
            limit: typed(programs, "PAGE", Array::try_from)?,
            ports: typed(programs, "PAGE_PORTS", HashMap::try_from)?,
            cpus: typed(programs, "PAGE_CPU", PerCpuArray::try_from)?,
            packets: Some(Packets(typed(programs, "PAGE_PACKETS", RingBuf::try_from)?)),
        })
    }

    /// From now on the agent is shown what is dropped on exactly these ports; none: nothing.
    ///
    /// # Errors
    ///
    /// When there are too many.
    pub fn show(&mut self, ports: &BTreeSet<u16>) -> Result<(), MapError> {
        let stand: Vec<u16> = self.ports.keys().flatten().collect();
        for gone in stand.iter().filter(|port| !ports.contains(port)) {
            self.ports.remove(gone)?;
        }
        for new in ports.iter().filter(|port| !stand.contains(port)) {
            self.ports.insert(new, 1, 0)?;
        }
        let cpus = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
        let share = if ports.is_empty() { 0 } else { (PAGE_PACKETS / cpus).max(1) };
        self.limit.set(0, share, 0)
    }

    /// What was counted.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the lookup.
    pub fn counts(&self) -> Result<PageCounts, MapError> {
        let cpus = self.cpus.get(&0, 0)?;
        let sum = |of: fn(&PageCpu) -> u64| cpus.iter().map(of).sum();
        Ok(PageCounts {
            handed: sum(|cpu| cpu.handed),
            limited: sum(|cpu| cpu.limited),
            full: sum(|cpu| cpu.full),
        })
    }

    /// The packets; for the first who asks.
    pub fn take(&mut self) -> Option<Packets> {
        self.packets.take()
    }
}

/// A dropped packet.
#[derive(Clone, Copy, Debug)]
pub struct Dropped<'p> {
    /// Index of the interface it came in by.
    pub interface: u32,
    /// Its first bytes, from the Ethernet header on.
    pub frame: &'p [u8],
}

/// Dropped packets, one after the other.
pub struct Packets(RingBuf<MapData>);

impl Packets {
    /// Waits until there is one, or the time is over.
    pub fn wait(&self, timeout: Duration) {
        let timeout = Timespec::try_from(timeout).ok();
        // A signal, or the end of the time: the caller comes back.
        let _ = poll(&mut [PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN)], timeout.as_ref());
    }

    /// Hands over what is there.
    pub fn drain(&mut self, mut each: impl FnMut(Dropped<'_>)) {
        while let Some(entry) = self.0.next() {
            if let Some(dropped) = read(&entry) {
                each(dropped);
            }
        }
    }
}

/// Reads an entry of the ring; `None`: it is none.
fn read(entry: &[u8]) -> Option<Dropped<'_>> {
    let word = |at| Some(u32::from_ne_bytes(*entry.get(at..)?.first_chunk()?));
    let interface = word(mem::offset_of!(PagePacket, interface))?;
    let length = (word(mem::offset_of!(PagePacket, length))? as usize).min(PAGE_BYTES);
    let frame = entry.get(mem::offset_of!(PagePacket, frame)..)?.get(..length)?;
    Some(Dropped { interface, frame })
}

/// Sends frames as they are (packet(7)).
pub struct Wire(OwnedFd);

impl Wire {
    /// A socket that receives nothing.
    ///
    /// # Errors
    ///
    /// Without `CAP_NET_RAW`.
    pub fn open() -> rustix::io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        socket_with(AddressFamily::PACKET, SocketType::RAW, flags, None).map(Self)
    }

    /// Sends a frame out of an interface.
    ///
    /// # Errors
    ///
    /// When the interface is gone, down or busy.
    pub fn send(&self, interface: u32, frame: &[u8]) -> rustix::io::Result<()> {
        sendto(&self.0, frame, SendFlags::empty(), &Interface(interface)).map(drop)
    }
}

/// An interface, by its index.
struct Interface(u32);

// SAFETY: the closure gets a whole `sockaddr_ll` and its length.
unsafe impl SocketAddrArg for Interface {
    unsafe fn with_sockaddr<R>(&self, f: impl FnOnce(*const SocketAddrOpaque, SocketAddrLen) -> R) -> R {
        let address = libc::sockaddr_ll {
            sll_family: libc::AF_PACKET as u16,
            sll_protocol: 0,
            sll_ifindex: libc::c_int::try_from(self.0).unwrap_or_default(),
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 0,
            sll_addr: [0; 8],
        };
        f((&raw const address).cast(), size_of_val(&address) as SocketAddrLen)
    }
}
