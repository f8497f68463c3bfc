//! Small servers of our own, one for each way of reading a socket that programs at hand do not use.
//! They are this very test binary, started again under another name (`--serve WAY …`), so that a
//! machine of the kernel matrix needs no further file.

mod bytes;
mod http;
mod peek;
mod splice;
mod uring;

use std::fs::{self, OpenOptions};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use super::{ACCESS_LOG, Place, Server};

/// How a server of ours reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `IORING_OP_ACCEPT`, `IORING_OP_RECV`, `IORING_OP_SEND`.
    Uring,
    /// `splice(2)` from the socket into a pipe, and back.
    Splice,
    /// `recvmsg(2)` with `MSG_PEEK`, then in parts into several buffers.
    Peek,
    /// Not HTTP: sends back what it gets.
    Echo,
    /// Not HTTP: speaks first, as an SSH server does, then sends back what it gets.
    BannerEcho,
}

impl Way {
    const ALL: [Self; 5] = [Self::Uring, Self::Splice, Self::Peek, Self::Echo, Self::BannerEcho];

    /// Name of the server's executable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uring => "uring-server",
            Self::Splice => "splice-server",
            Self::Peek => "peek-server",
            Self::Echo => "echo-server",
            Self::BannerEcho => "banner-server",
        }
    }
}

/// Starts a server of ours.
pub fn start(place: &Place<'_>, way: Way) -> Result<Server> {
    if way == Way::Uring {
        uring::available()?;
    }
    let exe = place.file(way.name());
    let own = std::env::current_exe().context("find the test binary")?;
    if fs::hard_link(&own, &exe).is_err() {
        fs::copy(&own, &exe).context("copy the test binary")?;
    }
    let mut command = Command::new(&exe);
    command.arg("--serve").arg(way.name()).arg(place.file(ACCESS_LOG));
    command.args(place.sockets().map(|s| s.to_string()));
    Server::start(way.name(), command, place)
}

/// What `--serve` does: the arguments after it are the way, the access log and the sockets.
pub fn serve(arguments: &[String]) -> Result<()> {
    let [way, log, sockets @ ..] = arguments else {
        return Err(anyhow!("--serve WAY ACCESS_LOG ADDRESS:PORT…"));
    };
    let way =
        Way::ALL.into_iter().find(|w| w.name() == way).with_context(|| format!("no way is named {way}"))?;
    let log = OpenOptions::new().append(true).create(true).open(log).context("open the access log")?;
    let mut threads = Vec::new();
    for socket in sockets {
        let listener = listen(socket.parse().with_context(|| format!("socket {socket}"))?)?;
        let log = log.try_clone()?;
        threads.push(std::thread::spawn(move || match way {
            Way::Uring => http::serve(&listener, &log, uring::accept, uring::Ring::new),
            Way::Splice => http::serve(&listener, &log, http::accept, splice::Pipes::new),
            Way::Peek => http::serve(&listener, &log, http::accept, |stream| Ok(peek::Peek(stream))),
            Way::Echo => bytes::serve(&listener, b""),
            Way::BannerEcho => bytes::serve(&listener, b"SSH-2.0-Picket_1\r\n"),
        }));
    }
    for thread in threads {
        thread.join().map_err(|_| anyhow!("a listener's thread panicked"))??;
    }
    Ok(())
}

fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    let family = if at.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket: OwnedFd = rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if at.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, !at.ip().is_unspecified())?;
    }
    rustix::net::bind(&socket, &at)?;
    rustix::net::listen(&socket, 512)?;
    Ok(TcpListener::from(socket))
}
