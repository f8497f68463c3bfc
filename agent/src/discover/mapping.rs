//! Memory shared with the kernel: a perf ring buffer, the first page of a file.

use std::{io, os::fd::AsFd, ptr::NonNull};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// A mapping of our own, unmapped when it is dropped. No reference into it is ever handed out: what is in it changes
/// under our hands.
#[derive(Debug)]
pub(super) struct Memory {
    address: NonNull<u8>,
    length: usize,
}

// SAFETY: a mapping belongs to the process, not to the thread that made it.
unsafe impl Send for Memory {}

impl Memory {
    /// Maps `length` bytes to read and write, shared.
    pub(super) fn shared(fd: impl AsFd, length: usize) -> io::Result<Self> {
        Self::map(fd, length, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED)
    }

    /// Maps the first `length` bytes to read; pages that are not in memory are fetched now. Nobody reads through it: a
    /// file may be cut by others at any time, and the page that is gone then would be a SIGBUS.
    pub(super) fn fetched(fd: impl AsFd, length: usize) -> io::Result<Self> {
        Self::map(fd, length, ProtFlags::READ, MapFlags::PRIVATE | MapFlags::POPULATE)
    }

    /// Maps as a program does.
    #[cfg(test)]
    pub(super) fn executable(fd: impl AsFd, length: usize) -> io::Result<Self> {
        Self::map(fd, length, ProtFlags::READ | ProtFlags::EXEC, MapFlags::PRIVATE)
    }

    fn map(fd: impl AsFd, length: usize, prot: ProtFlags, flags: MapFlags) -> io::Result<Self> {
        // SAFETY: with a null address the kernel takes free room, so no memory that anybody uses is touched.
        let address = unsafe { mmap(std::ptr::null_mut(), length, prot, flags, fd, 0) }?;
        let address = NonNull::new(address.cast()).ok_or_else(|| io::Error::other("mapped at address 0"))?;
        Ok(Self { address, length })
    }

    pub(super) fn address(&self) -> NonNull<u8> {
        self.address
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: it is ours, and no reference into it exists. What can go wrong is a wrong address only.
        let _ = unsafe { munmap(self.address.as_ptr().cast(), self.length) };
    }
}
