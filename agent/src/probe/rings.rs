//! Reading a ring buffer.

use std::{
    os::fd::{AsFd, BorrowedFd},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aya::maps::{Array, MapData, RingBuf};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// One ring buffer, read by one worker.
pub struct Ring {
    entries: RingBuf<MapData>,
    index: u32,
    /// The programs' table of rings that are polled; shared by all rings.
    table: Arc<Mutex<Array<MapData, u32>>>,
    polled: bool,
}

impl Ring {
    pub(super) fn new(entries: RingBuf<MapData>, index: u32, table: Arc<Mutex<Array<MapData, u32>>>) -> Self {
        Self { entries, index, table, polled: false }
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
