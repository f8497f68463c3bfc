//! inet_diag over netlink: which TCP sockets a network namespace holds (sock_diag(7)).

use std::{
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    os::fd::OwnedFd,
    time::Duration,
};

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::{
    AF_INET, AF_INET6, IPPROTO_TCP, SockDiagMessage, TCP_LISTEN,
    inet::{ExtensionFlags, InetRequest, InetResponse, SocketId, StateFlags},
};
use picket_common::conn::Tuple;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with, sockopt,
};

use super::sockets::{TcpSocket, canonical, ends};

/// A netlink socket in the network namespace of the thread that opened it.
pub struct Diag {
    socket: OwnedFd,
}

/// `INET_DIAG_NOCOOKIE` twice (linux/inet_diag.h): whatever the cookie.
const ANY_COOKIE: [u8; 8] = [0xff; 8];

/// The kernel never sends longer datagrams to a dump (`max_recvmsg_len`, 32 KiB).
const DATAGRAM: usize = 64 * 1024;

impl Diag {
    /// Opens a socket in the namespace of the calling thread.
    ///
    /// # Errors
    ///
    /// When the kernel has no sock_diag (`EPROTONOSUPPORT`).
    pub fn open() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(netlink::SOCK_DIAG),
        )?;
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(Duration::from_secs(2)))?;
        Ok(Self { socket })
    }

    /// All listening TCP sockets, IPv4 and IPv6.
    ///
    /// # Errors
    ///
    /// `ENOENT` when the kernel has sock_diag, but no tcp_diag.
    pub fn listening(&self) -> io::Result<Vec<TcpSocket>> {
        let mut sockets = self.ask(&request(AF_INET, SocketId::new_v4(), StateFlags::LISTEN), NLM_F_DUMP)?;
        // Without IPv6 in the kernel the second dump is empty or refused: both are fine.
        sockets.extend(
            self.ask(&request(AF_INET6, SocketId::new_v6(), StateFlags::LISTEN), NLM_F_DUMP)
                .unwrap_or_default(),
        );
        Ok(sockets)
    }

    /// The connection with this tuple and cookie, if this namespace has it.
    ///
    /// # Errors
    ///
    /// When the kernel has no tcp_diag, or says something unexpected.
    pub fn connection(&self, tuple: &Tuple, cookie: u64) -> io::Result<Option<TcpSocket>> {
        let (local, remote) = ends(tuple);
        match self.exactly(tuple, cookie_bytes(cookie)) {
            Ok(sockets) => {
                if let Some(found) = sockets.into_iter().find(|socket| socket.cookie == Some(cookie)) {
                    return Ok(Some(found));
                }
            }
            // Not here, or the tuple belongs to another socket (ESTALE).
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // tcp_diag itself may be missing: that is ENOENT too, and the dump below tells.
            }
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::STALE.raw_os_error()) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        // Sockets bound to a device (VRF, link-local scope) are not found by the tuple alone.
        if !needs_dump(local.ip()) {
            return Ok(None);
        }
        let mut id = SocketId::new_v6();
        id.source_port = local.port();
        id.destination_port = remote.port();
        let sockets = self.ask(&request(AF_INET6, id, StateFlags::all()), NLM_F_DUMP)?;
        Ok(sockets.into_iter().find(|socket| socket.cookie == Some(cookie)))
    }

    /// The socket with these addresses, if this namespace has it.
    ///
    /// # Errors
    ///
    /// When the kernel has no tcp_diag, or says something unexpected.
    pub fn end(&self, tuple: &Tuple) -> io::Result<Option<TcpSocket>> {
        let (local, remote) = ends(tuple);
        match self.exactly(tuple, ANY_COOKIE) {
            Ok(sockets) => Ok(sockets.into_iter().find(|s| s.local == local && s.remote == remote)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An exact question is a hash lookup. For IPv4 it also finds dual-stack sockets.
    fn exactly(&self, tuple: &Tuple, cookie: [u8; 8]) -> io::Result<Vec<TcpSocket>> {
        let (local, remote) = ends(tuple);
        let mut id = if local.is_ipv4() { SocketId::new_v4() } else { SocketId::new_v6() };
        id.source_address = local.ip();
        id.destination_address = remote.ip();
        id.source_port = local.port();
        id.destination_port = remote.port();
        id.cookie = cookie;
        let family = if local.is_ipv4() { AF_INET } else { AF_INET6 };
        self.ask(&request(family, id, StateFlags::all()), 0)
    }

    /// Whether the kernel answers at all.
    ///
    /// # Errors
    ///
    /// As [`listening`](Self::listening).
    pub fn answers(&self) -> io::Result<()> {
        self.ask(&request(AF_INET, SocketId::new_v4(), StateFlags::LISTEN), NLM_F_DUMP).map(drop)
    }

    fn ask(&self, request: &InetRequest, flags: u16) -> io::Result<Vec<TcpSocket>> {
        let dump = flags & NLM_F_DUMP == NLM_F_DUMP;
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        let mut message =
            NetlinkMessage::new(header, NetlinkPayload::from(SockDiagMessage::InetRequest(request.clone())));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        send(&self.socket, &bytes, SendFlags::empty())?;

        let mut sockets = Vec::new();
        let mut datagram = vec![0; DATAGRAM];
        loop {
            let (held, sent) = recv(&self.socket, &mut datagram[..], RecvFlags::TRUNC)?;
            let mut rest = datagram.get(..held).filter(|_| sent <= DATAGRAM).ok_or_else(|| {
                io::Error::other(format!("netlink datagram of {sent} bytes, at most {DATAGRAM} expected"))
            })?;
            while !rest.is_empty() {
                let message =
                    NetlinkMessage::<SockDiagMessage>::deserialize(rest).map_err(io::Error::other)?;
                match message.payload {
                    NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(socket)) => {
                        sockets.push(tcp_socket(&socket));
                        if !dump {
                            return Ok(sockets);
                        }
                    }
                    NetlinkPayload::Done(_) => return Ok(sockets),
                    NetlinkPayload::Error(error) => return Err(error.to_io()),
                    _ => return Err(io::Error::other("an answer that is not inet_diag's")),
                }
                // Messages are aligned to 4 bytes (netlink(7)).
                let len = (message.header.length as usize).next_multiple_of(4).max(16);
                rest = rest.get(len..).unwrap_or(&[]);
            }
        }
    }
}

fn request(family: u8, socket_id: SocketId, states: StateFlags) -> InetRequest {
    InetRequest { family, protocol: IPPROTO_TCP, extensions: ExtensionFlags::empty(), states, socket_id }
}

fn needs_dump(local: IpAddr) -> bool {
    matches!(local, IpAddr::V6(ip) if is_link_local(ip))
}

fn is_link_local(ip: Ipv6Addr) -> bool {
    ip.segments()[0] & 0xffc0 == 0xfe80
}

fn tcp_socket(response: &InetResponse) -> TcpSocket {
    let id = &response.header.socket_id;
    TcpSocket {
        cookie: Some(cookie_number(id.cookie)),
        inode: u64::from(response.header.inode),
        local: canonical(SocketAddr::new(id.source_address, id.source_port)),
        remote: canonical(SocketAddr::new(id.destination_address, id.destination_port)),
        listening: response.header.state == TCP_LISTEN,
    }
}

/// `idiag_cookie[2]`: two words in host order, the low one first (`sock_diag_save_cookie`).
fn cookie_number(bytes: [u8; 8]) -> u64 {
    let [a, b, c, d, e, f, g, h] = bytes;
    u64::from(u32::from_ne_bytes([a, b, c, d])) | u64::from(u32::from_ne_bytes([e, f, g, h])) << 32
}

fn cookie_bytes(cookie: u64) -> [u8; 8] {
    let mut bytes = [0; 8];
    let (low, high) = bytes.split_at_mut(4);
    #[expect(clippy::cast_possible_truncation, reason = "the low word is wanted")]
    low.copy_from_slice(&(cookie as u32).to_ne_bytes());
    high.copy_from_slice(&((cookie >> 32) as u32).to_ne_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_go_both_ways() {
        for cookie in [0, 1, 0xffff_ffff, 0x1_0000_0000, 0x1234_5678_9abc_def0, u64::MAX] {
            assert_eq!(cookie_number(cookie_bytes(cookie)), cookie);
        }
    }
}
