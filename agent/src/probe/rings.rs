//! Reading a ring buffer.

use std::{
    os::fd::{AsFd, BorrowedFd},
    ptr::NonNull,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aya::maps::{Array, MapData, RingBuf};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    mm::{MapFlags, ProtFlags, mmap, munmap},
    param::page_size,
};

/// One ring buffer, read by one worker.
pub struct Ring {
    entries: RingBuf<MapData>,
    index: u32,
    /// The programs' table of rings that are polled; shared by all rings.
    table: Arc<Mutex<Array<MapData, u32>>>,
    polled: bool,
    positions: Positions,
}

impl Ring {
    /// Fails where the kernel refuses to map the ring's positions.
    pub(super) fn new(
        entries: RingBuf<MapData>,
        index: u32,
        table: Arc<Mutex<Array<MapData, u32>>>,
    ) -> rustix::io::Result<Self> {
        let positions = Positions::map(entries.as_fd())?;
        Ok(Self { entries, index, table, polled: false, positions })
    }

    /// Whether all that programs have begun to write is read. [`Ring::drain`] also ends where an entry is not finished:
    /// there may be others behind it.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.positions.are_equal()
    }

    /// Whether entries come without waking the reader.
    #[must_use]
    pub fn is_polled(&self) -> bool {
        self.polled
    }

    /// Says whether the reader looks into the ring by itself: while it does, entries come without waking it,
    /// which costs whoever writes them an interrupt.
    ///
    /// A program that is just running may still act on what was said before: who wants to wait after this looks
    /// into the ring again, and waits with an end.
    pub fn poll_from_now_on(&mut self, polled: bool) {
        if self.polled != polled {
            let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
            // When the kernel refuses, all stays as it was.
            if table.set(self.index, u32::from(polled), 0).is_ok() {
                self.polled = polled;
            }
        }
    }

    /// Hands every entry that is there to `each`, at most `limit`; returns how many there were.
    pub fn drain(&mut self, limit: usize, mut each: impl FnMut(&[u8])) -> usize {
        let mut count = 0;
        while count < limit {
            let Some(entry) = self.entries.next() else { break };
            each(&entry);
            count += 1;
        }
        count
    }

    /// Waits until there is an entry, one of `others` can be read, or the time is over. True: an entry.
    pub fn wait<'f>(&'f self, others: impl IntoIterator<Item = BorrowedFd<'f>>, timeout: Duration) -> bool {
        let watch = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
        let mut fds = vec![watch(self.entries.as_fd())];
        fds.extend(others.into_iter().map(watch));
        let timeout = Timespec::try_from(timeout).ok();
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) => fds.first().is_some_and(|fd| fd.revents().contains(PollFlags::IN)),
            // A signal: the caller comes back.
            Err(_) => false,
        }
    }
}

/// How far the ring's writers and its reader have come (`struct bpf_ringbuf`, kernel/bpf/ringbuf.c): a page each.
struct Positions {
    pages: NonNull<std::ffi::c_void>,
}

// SAFETY: read-only memory that belongs to it alone; what is in it is read atomically.
unsafe impl Send for Positions {}

impl Positions {
    fn map(ring: BorrowedFd<'_>) -> rustix::io::Result<Self> {
        // SAFETY: a new mapping; the kernel chooses where.
        let pages = unsafe {
            mmap(std::ptr::null_mut(), 2 * page_size(), ProtFlags::READ, MapFlags::SHARED, ring, 0)?
        };
        NonNull::new(pages).map(|pages| Self { pages }).ok_or(rustix::io::Errno::FAULT)
    }

    fn are_equal(&self) -> bool {
        let read = |offset| {
            // SAFETY: two pages are mapped; each begins with a position of 64 bits, which the kernel writes as one.
            unsafe { self.pages.byte_add(offset).cast::<AtomicU64>().as_ref() }.load(Ordering::Acquire)
        };
        // The writers' first: what they begin meanwhile is not asked about.
        let written = read(page_size());
        read(0) >= written
    }
}

impl Drop for Positions {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`, and nothing refers to it any more. That it fails leaves two pages.
        let _ = unsafe { munmap(self.pages.as_ptr(), 2 * page_size()) };
    }
}
