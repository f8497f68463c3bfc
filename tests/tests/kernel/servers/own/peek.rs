//! Reads with recvmsg(2): looks first (`MSG_PEEK`), then takes half of what it saw, into two
//! buffers. What watches system calls sees bytes twice.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::TcpStream;

use rustix::net::{RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags, recvmsg, sendmsg};

/// A connection.
pub struct Peek(pub TcpStream);

impl Read for Peek {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut whole = [IoSliceMut::new(buffer)];
        let seen = recvmsg(&self.0, &mut whole, &mut RecvAncillaryBuffer::default(), RecvFlags::PEEK)?.bytes;
        if seen == 0 {
            return Ok(0);
        }
        let take = seen.div_ceil(2);
        let (front, back) = buffer[..take].split_at_mut(take / 2);
        let mut halves = [IoSliceMut::new(front), IoSliceMut::new(back)];
        Ok(recvmsg(&self.0, &mut halves, &mut RecvAncillaryBuffer::default(), RecvFlags::empty())?.bytes)
    }
}

impl Write for Peek {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (front, back) = bytes.split_at(bytes.len() / 2);
        let halves = [IoSlice::new(front), IoSlice::new(back)];
        Ok(sendmsg(&self.0, &halves, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
