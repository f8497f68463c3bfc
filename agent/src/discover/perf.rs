//! The kernel's word on processes and mappings: a software event a CPU that counts nothing, with a ring buffer.
//!
//! `PERF_COUNT_SW_DUMMY` with `mmap`, `mmap2`, `comm_exec` and `task` costs a process nothing but a record at each of
//! these moments. Records of different CPUs are put in order by their time; what is younger than the beginning of a
//! reading is kept for the next one, because an older record of another CPU may still come.

use std::{
    io, mem,
    os::fd::{AsFd, FromRawFd as _, OwnedFd},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use aya_obj::generated::{
    PERF_FLAG_FD_CLOEXEC, perf_event_attr, perf_event_mmap_page, perf_event_sample_format, perf_sw_ids,
    perf_type_id,
};
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};

use super::{
    Event,
    hotplug::{self, Hotplug},
    mapping::Memory,
    record::{self, Record},
};
use crate::time::Ktime;

/// Why processes can't be followed.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// perf_event_open(2) refused.
    #[error(
        "the kernel does not tell which files processes map: perf_event_open on CPU {cpu}: {source}; it needs root \
         (or CAP_PERFMON) and a kernel with CONFIG_PERF_EVENTS; a container's seccomp profile may forbid it too"
    )]
    Open {
        /// Where.
        cpu: u32,
        /// Why.
        source: io::Error,
    },
    /// Its ring buffer could not be had.
    #[error("no ring buffer of {bytes} bytes for CPU {cpu}: {source}")]
    Ring {
        /// Whose.
        cpu: u32,
        /// Asked for.
        bytes: usize,
        /// Why.
        source: io::Error,
    },
    /// The rest: descriptors, the list of CPUs.
    #[error("following processes: {0}")]
    Io(#[from] io::Error),
}

/// What processes do, of all CPUs, in order.
pub struct Stream {
    cpus: Vec<Cpu>,
    /// Bytes of a CPU's ring buffer.
    ring: usize,
    hotplug: Option<Hotplug>,
    epoll: OwnedFd,
    wake: Wake,
    /// Read, but too young to be told.
    held: Vec<(Ktime, Event)>,
    scratch: Vec<u8>,
}

/// What one reading gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Records the kernel had no room for, or that were not laid out as it says.
    pub lost: u64,
    /// There is more that will be old enough to be told soon.
    pub held: bool,
    /// A CPU came: what ran on it before is not known.
    pub new_cpus: bool,
}

const WAKE: u64 = u64::MAX;
/// Anything else that only has to be read.
const OTHER: u64 = u64::MAX - 1;

impl Stream {
    /// Opens the events of all CPUs that are online, with ring buffers of `rings` bytes together.
    ///
    /// # Errors
    ///
    /// When the kernel refuses: rights, no perf events.
    pub fn open(rings: usize) -> Result<Self, StreamError> {
        let cpus = hotplug::online()?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(io::Error::from)?;
        let wake = Wake::new()?;
        wait_for(&epoll, &wake.0, WAKE)?;
        // Without it a CPU that comes later is found at the next look at the list only.
        let hotplug = Hotplug::listen().ok();
        if let Some(hotplug) = &hotplug {
            wait_for(&epoll, hotplug, OTHER)?;
        }
        let mut stream = Self {
            ring: ring_size(rings, cpus.len()),
            cpus: Vec::new(),
            hotplug,
            epoll,
            wake,
            held: Vec::new(),
            scratch: Vec::new(),
        };
        for cpu in cpus {
            stream.add(cpu)?;
        }
        Ok(stream)
    }

    fn add(&mut self, cpu: u32) -> Result<(), StreamError> {
        let new = Cpu::open(cpu, self.ring)?;
        wait_for(&self.epoll, &new.event, OTHER)?;
        self.cpus.push(new);
        Ok(())
    }

    /// Wakes whoever waits, from any thread.
    pub(super) fn wake(&self) -> io::Result<Wake> {
        Ok(Wake(self.wake.0.try_clone()?))
    }

    /// Waits until there is something to read, somebody wakes it, or the time is over; none: without an end.
    pub fn wait(&self, timeout: Option<Duration>) {
        let mut events = Vec::with_capacity(16);
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        // A signal is as good as nothing: the caller comes back.
        let _ = epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), timeout.as_ref());
        if events.iter().any(|event| event.data.u64() == WAKE) {
            let _ = rustix::io::read(&self.wake.0, &mut [0; 8]);
        }
    }

    /// Reads all rings. Appends to `events` what happened before `now`, in order.
    pub fn read(&mut self, now: Ktime, events: &mut Vec<(Ktime, Event)>) -> Reading {
        let mut reading = Reading { new_cpus: self.follow_cpus(), ..Reading::default() };
        for cpu in &mut self.cpus {
            self.scratch.clear();
            reading.lost += cpu.drain(&mut self.scratch);
            let mut rest = self.scratch.as_slice();
            while let Some((record, behind)) =
                record::length(rest).and_then(|size| rest.split_at_checked(size))
            {
                rest = behind;
                match record::read(record) {
                    Record::Event(at, event) => self.held.push((at, event)),
                    Record::Lost(count) => reading.lost += count,
                    Record::Malformed => reading.lost += 1,
                    Record::Other => {}
                }
            }
            // What is left can't be told apart any more.
            reading.lost += u64::from(!rest.is_empty());
        }
        // Stable: records of one CPU stay in their order.
        self.held.sort_by_key(|(at, _)| *at);
        let told = self.held.partition_point(|(at, _)| *at <= now);
        events.extend(self.held.drain(..told));
        reading.held = !self.held.is_empty();
        reading
    }

    /// Opens the events of CPUs that came, closes those of CPUs that went: an event of a CPU that was offline stays
    /// silent when that CPU comes back.
    fn follow_cpus(&mut self) -> bool {
        let mut came = false;
        let changes = self.hotplug.as_ref().map(Hotplug::changes).unwrap_or_default();
        for (cpu, online) in changes {
            self.cpus.retain(|open| open.number != cpu);
            if online {
                match self.add(cpu) {
                    Ok(()) => came = true,
                    Err(error) => tracing::warn!("a CPU came: {error}"),
                }
            }
        }
        came
    }
}

fn wait_for(epoll: &OwnedFd, source: impl AsFd, name: u64) -> io::Result<()> {
    Ok(epoll::add(epoll, source, epoll::EventData::new_u64(name), epoll::EventFlags::IN)?)
}

/// Ends a wait.
pub(super) struct Wake(OwnedFd);

impl Wake {
    fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    pub(super) fn wake(&self) {
        // Full means it is awake already.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }
}

/// Bytes of one CPU's ring: a power of two, at least a page and at most 512 KiB, which is 3,000 records.
fn ring_size(rings: usize, cpus: usize) -> usize {
    let share = (rings / cpus.max(1)).clamp(rustix::param::page_size(), 512 << 10);
    1 << share.ilog2()
}

/// One CPU's event and ring.
struct Cpu {
    number: u32,
    event: OwnedFd,
    ring: Memory,
    page: usize,
}

impl Cpu {
    fn open(number: u32, bytes: usize) -> Result<Self, StreamError> {
        let event = open_event(number).map_err(|source| StreamError::Open { cpu: number, source })?;
        let page = rustix::param::page_size();
        let ring = Memory::shared(&event, page + bytes).map_err(|source| StreamError::Ring {
            cpu: number,
            bytes,
            source,
        })?;
        Ok(Self { number, event, ring, page })
    }

    /// Moves all that is in the ring to `out`; gives how many records had to be left out because the kernel's
    /// positions make no sense (none, ever).
    fn drain(&mut self, out: &mut Vec<u8>) -> u64 {
        let size = self.ring.length() - self.page;
        let control: *mut perf_event_mmap_page = self.ring.address().as_ptr().cast();
        // SAFETY: the ring's first page is a `perf_event_mmap_page`, mapped as long as `self.ring` lives, and aligned.
        // The kernel and we access its positions with atomic operations only: it writes `data_head`, reads `data_tail`.
        let (head, tail) = unsafe {
            (
                AtomicU64::from_ptr(&raw mut (*control).data_head),
                AtomicU64::from_ptr(&raw mut (*control).data_tail),
            )
        };
        // Acquire: the records are there when their end is seen (the kernel's `smp_wmb` before it sets `data_head`).
        let (end, start) = (head.load(Ordering::Acquire), tail.load(Ordering::Relaxed));
        let Some(length) = usize::try_from(end.wrapping_sub(start)).ok().filter(|&length| length <= size)
        else {
            tail.store(end, Ordering::Release);
            return 1;
        };
        // `size` is a power of two, and so fits into the type its remainder comes from.
        let from = usize::try_from(start % size as u64).unwrap_or(0);
        let first = length.min(size - from);
        out.reserve(length);
        for (offset, count) in [(from, first), (0, length - first)] {
            // SAFETY: `offset + count <= size`, so the source lies in the ring behind its first page; the kernel does not
            // write between tail and head; `out` has room for both parts, and only bytes that were copied are counted.
            unsafe {
                let source = self.ring.address().as_ptr().add(self.page + offset);
                source.copy_to_nonoverlapping(out.as_mut_ptr().add(out.len()), count);
                out.set_len(out.len() + count);
            }
        }
        // Release: the copy is done before the kernel may write there again.
        tail.store(end, Ordering::Release);
        0
    }
}

fn open_event(cpu: u32) -> io::Result<OwnedFd> {
    // SAFETY: the structure is integers only, for which zero is a value: unset.
    let mut attr: perf_event_attr = unsafe { mem::zeroed() };
    attr.size = u32::try_from(size_of::<perf_event_attr>()).map_err(io::Error::other)?;
    attr.type_ = perf_type_id::PERF_TYPE_SOFTWARE as u32;
    attr.config = perf_sw_ids::PERF_COUNT_SW_DUMMY as u64;
    attr.sample_type =
        perf_event_sample_format::PERF_SAMPLE_TID as u64 | perf_event_sample_format::PERF_SAMPLE_TIME as u64;
    attr.set_sample_id_all(1);
    // Executable mappings only: `mmap_data` would be the others.
    attr.set_mmap(1);
    attr.set_mmap2(1);
    attr.set_comm(1);
    attr.set_comm_exec(1);
    attr.set_task(1);
    attr.set_use_clockid(1);
    attr.clockid = libc::CLOCK_MONOTONIC;
    // A byte is enough to wake the reader.
    attr.set_watermark(1);
    attr.__bindgen_anon_2.wakeup_watermark = 1;
    let cpu = libc::c_int::try_from(cpu).map_err(io::Error::other)?;
    let (every_process, no_group) = (-1, -1);
    // SAFETY: the kernel reads `size` bytes of `attr`, which is borrowed for the call and holds no pointers.
    let event = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attr,
            every_process,
            cpu,
            no_group,
            libc::c_ulong::from(PERF_FLAG_FD_CLOEXEC),
        )
    };
    if event < 0 {
        return Err(io::Error::last_os_error());
    }
    let event = libc::c_int::try_from(event).map_err(io::Error::other)?;
    // SAFETY: the call gave a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(event) })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::{limits::DISCOVER_RINGS, time};

    #[test]
    fn rings_share_what_there_is() {
        let page = rustix::param::page_size();
        let table = [(2, 512 << 10), (32, 512 << 10), (48, 256 << 10), (256, 64 << 10), (1 << 20, page)];
        for (cpus, bytes) in table {
            assert_eq!(ring_size(DISCOVER_RINGS, cpus), bytes, "{cpus} CPUs");
        }
        assert_eq!(ring_size(0, 0), page);
    }

    /// What the kernel says of one process, from its fork to its end.
    #[test]
    fn a_process_is_told_from_its_fork_to_its_end_in_order() {
        let mut stream = Stream::open(DISCOVER_RINGS).expect("needs root");
        let mut child = Command::new("/bin/sh").args(["-c", ":"]).spawn().expect("a shell");
        let pid = child.id();
        child.wait().expect("its end");
        let (mut events, mut last) = (Vec::new(), 0);
        let reading = stream.read(time::now(), &mut events);
        assert_eq!(reading.lost, 0);
        for (at, _) in &events {
            assert!(last <= *at, "in order");
            last = *at;
        }
        let its: Vec<&Event> =
            events.iter().map(|(_, event)| event).filter(|event| event.pid() == pid).collect();
        let [Event::Forked { parent, .. }, Event::Executed { .. }, mapped @ .., Event::Exited { .. }] =
            its.as_slice()
        else {
            panic!("{its:?}")
        };
        assert_eq!(*parent, std::process::id());
        let shell = std::fs::canonicalize("/bin/sh").expect("a shell");
        let named = |event: &&&Event| matches!(event, Event::Mapped(m) if *m.path == *shell.as_os_str().as_encoded_bytes());
        assert_eq!(mapped.iter().filter(named).count(), 1, "{its:?}");
        assert!(mapped.iter().all(|event| matches!(event, Event::Mapped(_))), "{its:?}");
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let mut stream = Stream::open(0).expect("needs root");
        // A page a CPU holds some thirty records, a shell makes more than five.
        for _ in 0..60 {
            assert!(Command::new("/bin/sh").args(["-c", ":"]).status().expect("a shell").success());
        }
        let mut events = Vec::new();
        let first = stream.read(time::now(), &mut events).lost;
        // The kernel says how many were lost with the next record that finds room.
        assert!(Command::new("/bin/sh").args(["-c", ":"]).status().expect("a shell").success());
        assert!(first + stream.read(time::now(), &mut events).lost > 0);
    }
}
