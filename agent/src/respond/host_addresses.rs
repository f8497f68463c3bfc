//! The host's own addresses and gateways, from the kernel (rtnetlink(7)): all interfaces, all routing tables.

use std::{collections::BTreeSet, io, net::IpAddr, os::fd::OwnedFd, time::Duration};

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    address::{AddressAttribute, AddressMessage},
    route::{RouteAddress, RouteAttribute, RouteMessage, RouteVia},
};
use rustix::net::{
    AddressFamily as SocketFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
    sockopt,
};

/// Addresses this host can't do without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostAddresses {
    /// Of its interfaces.
    pub own: BTreeSet<IpAddr>,
    /// Next hops of its routes.
    pub gateways: BTreeSet<IpAddr>,
}

/// The kernel never sends longer datagrams to a dump (`max_recvmsg_len`, 32 KiB).
const DATAGRAM: usize = 64 * 1024;

impl HostAddresses {
    /// Asks the kernel, in the network namespace of the calling thread.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn read() -> io::Result<Self> {
        // NETLINK_ROUTE is 0, the family's default protocol.
        let socket = socket_with(SocketFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(Duration::from_secs(2)))?;
        let mut host = Self::default();
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut addresses = AddressMessage::default();
            addresses.header.family = family;
            dump(&socket, RouteNetlinkMessage::GetAddress(addresses), &mut |message| host.take(&message))?;
            let mut routes = RouteMessage::default();
            routes.header.address_family = family;
            dump(&socket, RouteNetlinkMessage::GetRoute(routes), &mut |message| host.take(&message))?;
        }
        Ok(host)
    }

    fn take(&mut self, message: &RouteNetlinkMessage) {
        match message {
            RouteNetlinkMessage::NewAddress(address) => {
                // On point-to-point links `Address` is the other end; `Local` is ours where there is one.
                let local = address.attributes.iter().find_map(|attribute| match attribute {
                    AddressAttribute::Local(address) => Some(*address),
                    _ => None,
                });
                let address = local.or_else(|| {
                    address.attributes.iter().find_map(|attribute| match attribute {
                        AddressAttribute::Address(address) => Some(*address),
                        _ => None,
                    })
                });
                self.own.extend(address.map(|address| address.to_canonical()));
            }
            RouteNetlinkMessage::NewRoute(route) => self.next_hops(&route.attributes),
            _ => {}
        }
    }

    fn next_hops(&mut self, attributes: &[RouteAttribute]) {
        for attribute in attributes {
            match attribute {
                RouteAttribute::Gateway(RouteAddress::Inet(address)) => self.gateway(IpAddr::V4(*address)),
                RouteAttribute::Gateway(RouteAddress::Inet6(address)) => self.gateway(IpAddr::V6(*address)),
                RouteAttribute::Via(RouteVia::Inet(address)) => self.gateway(IpAddr::V4(*address)),
                RouteAttribute::Via(RouteVia::Inet6(address)) => self.gateway(IpAddr::V6(*address)),
                RouteAttribute::MultiPath(hops) => {
                    hops.iter().for_each(|hop| self.next_hops(&hop.attributes))
                }
                _ => {}
            }
        }
    }

    fn gateway(&mut self, address: IpAddr) {
        if !address.is_unspecified() {
            self.gateways.insert(address.to_canonical());
        }
    }
}

/// Asks for a dump and calls `each` with its messages.
fn dump(
    socket: &OwnedFd,
    request: RouteNetlinkMessage,
    each: &mut dyn FnMut(RouteNetlinkMessage),
) -> io::Result<()> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(request));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    send(socket, &bytes, SendFlags::empty())?;

    let mut datagram = vec![0; DATAGRAM];
    loop {
        let (held, sent) = recv(socket, &mut datagram[..], RecvFlags::TRUNC)?;
        let mut rest = datagram.get(..held).filter(|_| sent <= DATAGRAM).ok_or_else(|| {
            io::Error::other(format!("netlink datagram of {sent} bytes, at most {DATAGRAM} expected"))
        })?;
        while let Some(len) = rest.first_chunk().map(|len| u32::from_ne_bytes(*len) as usize) {
            // A message with something the library does not know is passed over: the others count.
            if let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest) {
                match message.payload {
                    NetlinkPayload::InnerMessage(message) => each(message),
                    NetlinkPayload::Done(_) => return Ok(()),
                    NetlinkPayload::Error(error) => return Err(error.to_io()),
                    _ => {}
                }
            }
            // Messages are aligned to 4 bytes (netlink(7)).
            rest = rest.get(len.next_multiple_of(4).max(16)..).unwrap_or_default();
        }
    }
}
