//! Reading a ring buffer.

use std::{
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use aya::maps::{MapData, RingBuf};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// One ring buffer, read by one worker.
pub struct Ring(RingBuf<MapData>);

impl Ring {
    pub(super) fn new(ring: RingBuf<MapData>) -> Self {
        Self(ring)
    }

    /// Hands every entry that is there to `each`, at most `limit`; returns how many there were.
    pub fn drain(&mut self, limit: usize, mut each: impl FnMut(&[u8])) -> usize {
        let mut count = 0;
        while count < limit {
            let Some(entry) = self.0.next() else { break };
            each(&entry);
            count += 1;
        }
        count
    }

    /// Waits until there is an entry, `stop` can be read, or the time is over. True: an entry.
    pub fn wait(&self, stop: BorrowedFd<'_>, timeout: Duration) -> bool {
        let mut fds = [
            PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(stop, PollFlags::IN),
        ];
        let timeout = Timespec::try_from(timeout).ok();
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) => fds[0].revents().contains(PollFlags::IN),
            // A signal: the caller comes back.
            Err(_) => false,
        }
    }
}
