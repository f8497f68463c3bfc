//! Accepts, reads and writes through io_uring: no system call names the socket.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd};

use io_uring::{IoUring, Probe, opcode, squeue, types::Fd};

use crate::report::CannotRun;

/// Whether this kernel lets us: io_uring may be too old (accept, receive and send came with Linux
/// 5.5 and 5.6), switched off (`kernel.io_uring_disabled`, Linux 6.6) or filtered (seccomp).
pub fn available() -> anyhow::Result<()> {
    let ring = IoUring::new(2).map_err(|e| CannotRun(format!("io_uring_setup: {e}")))?;
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe).map_err(|e| CannotRun(format!("io_uring probe: {e}")))?;
    let needed = [opcode::Accept::CODE, opcode::Recv::CODE, opcode::Send::CODE];
    if let Some(missing) = needed.into_iter().find(|code| !probe.is_supported(*code)) {
        return Err(CannotRun(format!("io_uring has no operation {missing} here")).into());
    }
    Ok(())
}

/// A connection and its ring.
pub struct Ring {
    ring: IoUring,
    stream: TcpStream,
}

impl Ring {
    /// With a new ring.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        Ok(Self { ring: IoUring::new(2)?, stream })
    }
}

/// Accepts a connection through a ring.
pub fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let accept = opcode::Accept::new(Fd(listener.as_raw_fd()), std::ptr::null_mut(), std::ptr::null_mut());
    let fd = complete(&mut IoUring::new(2)?, &accept.build())?;
    // SAFETY: the completion hands over a new file descriptor that nothing else owns.
    Ok(unsafe { TcpStream::from_raw_fd(fd) })
}

impl Read for Ring {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let receive = opcode::Recv::new(Fd(self.stream.as_raw_fd()), buffer.as_mut_ptr(), length).build();
        complete(&mut self.ring, &receive).map(|n| n.unsigned_abs() as usize)
    }
}

impl Write for Ring {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let send = opcode::Send::new(Fd(self.stream.as_raw_fd()), bytes.as_ptr(), length).build();
        complete(&mut self.ring, &send).map(|n| n.unsigned_abs() as usize)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Submits one operation and waits for its result.
fn complete(ring: &mut IoUring, operation: &squeue::Entry) -> io::Result<i32> {
    // SAFETY: the buffers and the file descriptor of the operation live until it is complete: this
    // function does not return before, except when the ring itself fails, which ends the server's thread.
    unsafe { ring.submission().push(operation) }
        .map_err(|_| io::Error::other("the submission queue is full"))?;
    loop {
        match ring.submit_and_wait(1) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(_) => {
                if let Some(done) = ring.completion().next() {
                    let result = done.result();
                    return if result < 0 { Err(io::Error::from_raw_os_error(-result)) } else { Ok(result) };
                }
            }
        }
    }
}
