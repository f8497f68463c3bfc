//! Reads and writes with splice(2): no read(2) or write(2) on the socket.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;

use rustix::pipe::{SpliceFlags, pipe, splice};

/// What a pipe holds at least (pipe(7)); more is never spliced at a time, so nothing blocks.
const PIPE: usize = 4096;

/// A connection and the pipes its bytes go through.
pub struct Pipes {
    stream: TcpStream,
    arriving: (OwnedFd, OwnedFd),
    leaving: (OwnedFd, OwnedFd),
}

impl Pipes {
    /// With two new pipes.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        Ok(Self { stream, arriving: pipe()?, leaving: pipe()? })
    }
}

impl Read for Pipes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (from, to) = &self.arriving;
        let wanted = buffer.len().min(PIPE);
        let moved = splice(&self.stream, None, to, None, wanted, SpliceFlags::MOVE)?;
        let mut got = 0;
        while got < moved {
            got += rustix::io::read(from, &mut buffer[got..moved])?;
        }
        Ok(got)
    }
}

impl Write for Pipes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (from, to) = &self.leaving;
        let now = rustix::io::write(to, &bytes[..bytes.len().min(PIPE)])?;
        let mut moved = 0;
        while moved < now {
            moved += splice(from, None, &self.stream, None, now - moved, SpliceFlags::MOVE)?;
        }
        Ok(now)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
