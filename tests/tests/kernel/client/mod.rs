//! An HTTP/1.1 client with full control over what goes on the wire: how bytes are split into
//! segments, how requests share a connection, when the next one is sent. Blocking sockets, no
//! retries: each request is sent exactly once.

pub mod request;
pub mod response;
pub mod tls;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::netns::Netns;
use crate::patience::patient;
pub use request::{Body, Request};
pub use response::Response;

/// How bytes are handed to the kernel. With `TCP_NODELAY` each write leaves as a segment of its own
/// (if the path's MSS allows).
#[derive(Clone, Copy, Debug)]
pub enum Split {
    /// One write.
    Whole,
    /// Writes of so many bytes.
    Pieces(usize),
}

/// One connection to a service, in the clear or through TLS.
pub struct Connection<S = TcpStream> {
    stream: S,
    local: SocketAddr,
    /// Bytes read and not yet used.
    buffer: Vec<u8>,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Default)]
pub struct From<'n> {
    /// The network namespace; none: the one the run is in.
    pub netns: Option<&'n Netns>,
    /// The source address and port; none: the kernel's choice.
    pub source: Option<SocketAddr>,
}

impl Connection {
    /// Connects within a deadline.
    pub fn open(to: SocketAddr, from: From<'_>) -> Result<Self> {
        Self::open_within(to, from, patient(10))
    }

    /// Connects within `deadline`.
    pub fn open_within(to: SocketAddr, from: From<'_>, deadline: Duration) -> Result<Self> {
        let connect = || match from.source {
            None => TcpStream::connect_timeout(&to, deadline),
            Some(source) => connect_from(source, to, deadline),
        };
        let stream = match from.netns {
            Some(netns) => netns.enter(connect)?,
            None => connect(),
        };
        let stream = stream.with_context(|| format!("connect to {to}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patient(30)))?;
        stream.set_write_timeout(Some(patient(30)))?;
        let local = stream.local_addr()?;
        Ok(Self::over(stream, local))
    }

    /// Ends this direction: nothing more will be sent.
    pub fn finish(&self) -> Result<()> {
        self.stream.shutdown(Shutdown::Write).context("end the sending direction")
    }
}

impl<S: Read + Write> Connection<S> {
    /// Speaks HTTP over `stream`, whose end here is `local`.
    pub fn over(stream: S, local: SocketAddr) -> Self {
        Self { stream, local, buffer: Vec::new() }
    }

    /// This end of the connection: what the service sees as its peer.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// What it speaks over.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// The same, to change how it sends.
    pub fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream alone. What was read of it and not used is gone.
    pub fn into_stream(self) -> S {
        self.stream
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8], split: Split) -> Result<()> {
        match split {
            Split::Whole => self.stream.write_all(bytes),
            Split::Pieces(size) => bytes.chunks(size).try_for_each(|piece| self.stream.write_all(piece)),
        }
        .and_then(|()| self.stream.flush())
        .context("send")
    }

    /// Sends a request and reads its response.
    pub fn exchange(&mut self, request: &Request) -> Result<Response> {
        self.send(&request.encode(), Split::Whole)?;
        self.receive(request.method)
    }

    /// Reads the response to a request with this method; 1xx are passed over.
    pub fn receive(&mut self, method: &str) -> Result<Response> {
        let mut body = Vec::new();
        let mut response = self.receive_into(method, &mut |bytes| {
            body.extend_from_slice(bytes);
            Ok(())
        })?;
        response.body = body;
        Ok(response)
    }

    /// Reads the head of the next response, be it interim (1xx) or final.
    pub fn receive_head(&mut self) -> Result<Response> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                return Response::parse(&head);
            }
            anyhow::ensure!(self.buffer.len() < 1 << 20, "no end of the response head within 1 MiB");
            self.fill()?;
        }
    }

    /// Reads a response and hands its body to `sink` piece by piece.
    pub fn receive_into(
        &mut self,
        method: &str,
        sink: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<Response> {
        let response = loop {
            let response = self.receive_head()?;
            if response.status >= 200 || response.status == 101 {
                break response;
            }
        };
        self.read_body(&response, method, sink)?;
        Ok(response)
    }

    /// Reads the body that follows a head already read.
    pub fn receive_body_of(&mut self, mut response: Response, method: &str) -> Result<Response> {
        let mut body = Vec::new();
        self.read_body(&response, method, &mut |bytes| {
            body.extend_from_slice(bytes);
            Ok(())
        })?;
        response.body = body;
        Ok(response)
    }

    fn read_body(
        &mut self,
        response: &Response,
        method: &str,
        sink: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        match response.framing(method)? {
            response::Framing::Length(length) => self.take(length, sink)?,
            response::Framing::Chunked => loop {
                let line = self.line()?;
                let size = line.split(';').next().unwrap_or_default().trim();
                let size = u64::from_str_radix(size, 16).with_context(|| format!("chunk size {line:?}"))?;
                self.take(size, sink)?;
                let end = self.line()?;
                anyhow::ensure!(
                    end.is_empty(),
                    "after a chunk of {size} bytes: {end:?} instead of an empty line"
                );
                if size == 0 {
                    break;
                }
            },
            response::Framing::UntilClose => loop {
                let held = std::mem::take(&mut self.buffer);
                sink(&held)?;
                if self.read_more()? == 0 {
                    break;
                }
            },
        }
        Ok(())
    }

    /// Reads so many bytes that are no response: what a protocol after an upgrade says.
    pub fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = Vec::with_capacity(N);
        self.take(N as u64, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        bytes.try_into().map_err(|_| anyhow::anyhow!("{N} bytes were read"))
    }

    /// Whether the service has closed its direction (waits for a byte or the close).
    pub fn closed(&mut self) -> Result<bool> {
        Ok(self.buffer.is_empty() && self.read_more()? == 0)
    }

    fn take(&mut self, mut length: u64, sink: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        while length > 0 {
            if self.buffer.is_empty() {
                self.fill()?;
            }
            let now = self.buffer.len().min(usize::try_from(length).unwrap_or(usize::MAX));
            sink(&self.buffer[..now])?;
            self.buffer.drain(..now);
            length -= now as u64;
        }
        Ok(())
    }

    fn line(&mut self) -> Result<String> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<()> {
        anyhow::ensure!(
            self.read_more()? > 0,
            "the service closed the connection with {} bytes of an unfinished response: {:?}",
            self.buffer.len(),
            String::from_utf8_lossy(&self.buffer[..self.buffer.len().min(200)])
        );
        Ok(())
    }

    fn read_more(&mut self) -> Result<usize> {
        let had = self.buffer.len();
        self.buffer.resize(had + 64 * 1024, 0);
        let read = self.stream.read(&mut self.buffer[had..]);
        self.buffer.truncate(had + *read.as_ref().unwrap_or(&0));
        read.context("receive")
    }
}

fn connect_from(source: SocketAddr, to: SocketAddr, deadline: Duration) -> std::io::Result<TcpStream> {
    let family = if source.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket: OwnedFd = rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    // SO_SNDTIMEO bounds connect(2) too (socket(7)).
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(deadline))?;
    rustix::net::bind(&socket, &source)?;
    match rustix::net::connect(&socket, &to) {
        Err(rustix::io::Errno::INPROGRESS) => Err(std::io::ErrorKind::TimedOut.into()),
        other => Ok(other.map(|()| TcpStream::from(socket))?),
    }
}

/// The loopback address of a family.
pub fn loopback(v6: bool) -> IpAddr {
    if v6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}
