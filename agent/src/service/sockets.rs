//! TCP sockets of a network namespace: listening ones, and single connections.
//!
//! By inet_diag (sock_diag(7)), which also tells socket cookies; by `/proc/<pid>/net/tcp` where the
//! kernel has no inet_diag or the namespace may not be entered.

use std::{io, net::SocketAddr};

use picket_common::conn::Tuple;
use procfs::{net::TcpState, process::Process};

use super::{diag, netns::Netns};

/// A TCP socket. Addresses are canonical: IPv4-mapped ones come out as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TcpSocket {
    /// Socket cookie; `None` when it came from `/proc`.
    pub cookie: Option<u64>,
    /// Inode of the socket, 0 when no process holds it (yet).
    pub inode: u64,
    /// Own address.
    pub local: SocketAddr,
    /// The peer's; unspecified for a listening socket.
    pub remote: SocketAddr,
    /// Whether it listens.
    pub listening: bool,
}

/// Listening sockets of the namespace the calling thread is in (`entered`), else of a process there.
///
/// # Errors
///
/// When neither way works.
pub fn listening(namespace: &Netns, entered: io::Result<()>) -> io::Result<Vec<TcpSocket>> {
    match entered.and_then(|()| diag::Diag::open()?.listening()) {
        Ok(sockets) => Ok(sockets),
        Err(error) => {
            tracing::debug!(netns = namespace.inode, %error, "no inet_diag here, reading /proc/<pid>/net/tcp");
            Ok(from_proc(namespace)?.into_iter().filter(|socket| socket.listening).collect())
        }
    }
}

/// The socket of one connection in the namespace, if it is there.
///
/// # Errors
///
/// When neither way works.
pub fn connection(
    namespace: &Netns,
    entered: io::Result<()>,
    tuple: &Tuple,
    cookie: u64,
) -> io::Result<Option<TcpSocket>> {
    match entered.and_then(|()| diag::Diag::open()?.connection(tuple, cookie)) {
        Ok(socket) => Ok(socket),
        Err(_) => in_proc(namespace, tuple),
    }
}

/// The socket with these addresses, whatever its cookie, if it is there.
///
/// # Errors
///
/// When neither way works.
pub fn end(namespace: &Netns, entered: io::Result<()>, tuple: &Tuple) -> io::Result<Option<TcpSocket>> {
    match entered.and_then(|()| diag::Diag::open()?.end(tuple)) {
        Ok(socket) => Ok(socket),
        Err(_) => in_proc(namespace, tuple),
    }
}

fn in_proc(namespace: &Netns, tuple: &Tuple) -> io::Result<Option<TcpSocket>> {
    let (local, remote) = ends(tuple);
    let sockets = from_proc(namespace)?;
    Ok(sockets
        .into_iter()
        .find(|socket| !socket.listening && socket.local == local && socket.remote == remote))
}

/// Both ends of a connection, canonical.
#[must_use]
pub fn ends(tuple: &Tuple) -> (SocketAddr, SocketAddr) {
    let address =
        |bytes: [u8; 16], port| SocketAddr::new(std::net::Ipv6Addr::from(bytes).to_canonical(), port);
    (address(tuple.local_addr, tuple.local_port), address(tuple.remote_addr, tuple.remote_port))
}

/// The listening socket a connection to `local` was accepted by: the same port, and the same
/// address before the unspecified one, as the kernel chooses. Several with `SO_REUSEPORT` are equal
/// here: the first counts.
#[must_use]
pub fn listener_for<'s>(
    sockets: impl IntoIterator<Item = &'s TcpSocket>,
    local: SocketAddr,
) -> Option<&'s TcpSocket> {
    sockets
        .into_iter()
        .filter(|socket| socket.listening && socket.local.port() == local.port())
        .filter_map(|socket| {
            let rank = match socket.local.ip() {
                ip if ip == local.ip() => 0,
                ip if !ip.is_unspecified() => return None,
                ip if ip.is_ipv4() == local.is_ipv4() => 1,
                // [::] takes IPv4 too, unless IPV6_V6ONLY.
                ip if ip.is_ipv6() => 2,
                _ => return None,
            };
            Some((rank, socket))
        })
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, socket)| socket)
}

/// `/proc/<pid>/net/tcp` and `tcp6` of the first process of the namespace that still runs.
fn from_proc(namespace: &Netns) -> io::Result<Vec<TcpSocket>> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for &pid in &namespace.pids {
        let tables = i32::try_from(pid)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
            .and_then(|pid| Process::new(pid).map_err(io::Error::other))
            .and_then(|process| {
                let mut entries = process.tcp().map_err(io::Error::other)?;
                // No tcp6 where IPv6 is off.
                entries.extend(process.tcp6().unwrap_or_default());
                Ok(entries)
            });
        match tables {
            // A process that moved elsewhere meanwhile would show another namespace's sockets.
            Ok(entries) if super::netns::of(pid) == Some(namespace.inode) => {
                return Ok(entries
                    .into_iter()
                    .map(|entry| TcpSocket {
                        cookie: None,
                        inode: entry.inode,
                        local: canonical(entry.local_address),
                        remote: canonical(entry.remote_address),
                        listening: entry.state == TcpState::Listen,
                    })
                    .collect());
            }
            Ok(_) => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// IPv4-mapped as IPv4; no flow label or scope.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn listening_at(address: &str) -> TcpSocket {
        let remote = "0.0.0.0:0".parse().expect("address");
        TcpSocket {
            cookie: None,
            inode: 1,
            local: address.parse().expect("address"),
            remote,
            listening: true,
        }
    }

    #[test]
    fn the_most_specific_listener_is_taken() {
        let all = ["[::]:80", "0.0.0.0:80", "10.0.0.1:80", "0.0.0.0:81", "[::]:82", "10.0.0.1:83"];
        let sockets = all.map(listening_at);
        for (local, expected) in [
            ("10.0.0.1:80", Some("10.0.0.1:80")),
            ("10.0.0.2:80", Some("0.0.0.0:80")),
            ("[2001:db8::1]:80", Some("[::]:80")),
            ("10.0.0.2:82", Some("[::]:82")),
            ("[2001:db8::1]:81", None),
            ("10.0.0.2:83", None),
            ("10.0.0.2:84", None),
        ] {
            let found = listener_for(&sockets, local.parse().expect("address"));
            assert_eq!(found.map(|s| s.local), expected.map(|e| e.parse().expect("address")), "{local}");
        }
    }

    /// Both ways of looking agree with each other and with what the socket says itself.
    #[test]
    fn proc_and_inet_diag_agree() {
        for bind in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let listener = TcpListener::bind(bind).expect("bind");
            let port = listener.local_addr().expect("address").port();
            // Over [::] with an IPv4 client: a dual-stack socket, addresses IPv4-mapped inside.
            let to = if bind == "[::1]:0" { format!("[::1]:{port}") } else { format!("127.0.0.1:{port}") };
            let client = TcpStream::connect(&to).expect("connect");
            let (server, remote) = listener.accept().expect("accept");
            let own = super::super::netns::of(std::process::id()).expect("own namespace");
            let namespace = Netns { inode: own, pids: vec![std::process::id()] };
            let refused = || Err(io::Error::from(io::ErrorKind::PermissionDenied));

            let by_diag = listening(&namespace, Ok(())).expect("inet_diag");
            let by_proc = listening(&namespace, refused()).expect("proc");
            let at_port = |sockets: &[TcpSocket]| {
                *sockets
                    .iter()
                    .find(|s| s.local.port() == port)
                    .unwrap_or_else(|| panic!("no listener at {port}"))
            };
            assert_eq!(at_port(&by_diag).cookie, rustix::net::sockopt::socket_cookie(&listener).ok());
            assert_eq!(at_port(&by_diag).inode, at_port(&by_proc).inode);
            assert_eq!(at_port(&by_diag).local, at_port(&by_proc).local);

            let tuple = tuple(server.local_addr().expect("address"), remote);
            let cookie = rustix::net::sockopt::socket_cookie(&server).expect("cookie");
            let by_diag = connection(&namespace, Ok(()), &tuple, cookie).expect("inet_diag").expect("found");
            let by_proc = connection(&namespace, refused(), &tuple, cookie).expect("proc").expect("found");
            assert_eq!(by_diag.cookie, Some(cookie));
            assert_eq!(
                (by_diag.inode, by_diag.local, by_diag.remote),
                (by_proc.inode, by_proc.local, by_proc.remote)
            );
            assert_eq!(connection(&namespace, Ok(()), &tuple, cookie + 1_000_000).expect("inet_diag"), None);
            // The client's end has the same addresses, the other way round.
            let reverse = Tuple {
                local_addr: tuple.remote_addr,
                remote_addr: tuple.local_addr,
                local_port: tuple.remote_port,
                remote_port: tuple.local_port,
            };
            let cookie = rustix::net::sockopt::socket_cookie(&client).expect("cookie");
            let other = connection(&namespace, Ok(()), &reverse, cookie).expect("inet_diag").expect("found");
            assert_ne!(other.inode, by_diag.inode);
        }
    }

    fn tuple(local: SocketAddr, remote: SocketAddr) -> Tuple {
        let bytes = |address: SocketAddr| match address.ip() {
            std::net::IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
            std::net::IpAddr::V6(ip) => ip.octets(),
        };
        Tuple {
            local_addr: bytes(local),
            remote_addr: bytes(remote),
            local_port: local.port(),
            remote_port: remote.port(),
        }
    }
}
