//! A TCP segment in an Ethernet frame, and answers to it.

use std::net::IpAddr;

use etherparse::{LaxNetSlice, LaxSlicedPacket, PacketBuilder, TcpHeader, TcpOptionElement, TransportSlice};

use super::SEGMENT;

/// Hops an answer may take: what Linux sends with.
const TTL: u8 = 64;
/// All that can be said without a scale (RFC 9293, 3.1): requests come in one go.
const WINDOW: u16 = u16::MAX;
/// Two addresses: RFC 894.
const ADDRESSES: usize = 12;

/// What a reply says besides its bytes; it acknowledges in any case.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flags {
    pub syn: bool,
    pub fin: bool,
}

/// A segment that a client sent.
#[derive(Debug)]
pub struct Segment<'f> {
    /// Ethernet header, VLAN tags included.
    link: &'f [u8],
    addresses: Addresses,
    header: TcpHeader,
    /// Its number.
    pub sequence: u32,
    /// Bytes of payload that it has.
    pub length: u32,
    /// What came of them.
    pub payload: &'f [u8],
}

#[derive(Clone, Copy, Debug)]
enum Addresses {
    V4 { client: [u8; 4], local: [u8; 4] },
    V6 { client: [u8; 16], local: [u8; 16] },
}

impl<'f> Segment<'f> {
    /// Reads a frame, which may be cut short. `None`: it is no segment that can be answered.
    pub fn read(frame: &'f [u8]) -> Option<Self> {
        let packet = LaxSlicedPacket::from_ethernet(frame).ok()?;
        let (addresses, network, length) = match packet.net.as_ref()? {
            LaxNetSlice::Ipv4(ip) => {
                let header = ip.header();
                if header.is_fragmenting_payload() {
                    return None;
                }
                let addresses = Addresses::V4 { client: header.source(), local: header.destination() };
                (addresses, header.slice(), header.payload_len().ok()?)
            }
            LaxNetSlice::Ipv6(ip) => {
                let header = ip.header();
                let addresses = Addresses::V6 { client: header.source(), local: header.destination() };
                (addresses, header.slice(), header.payload_length())
            }
            LaxNetSlice::Arp(_) => return None,
        };
        let Some(TransportSlice::Tcp(tcp)) = packet.transport else { return None };
        let offset = |part: &[u8]| (part.as_ptr() as usize).checked_sub(frame.as_ptr() as usize);
        let segment = Self {
            link: frame.get(..offset(network)?)?,
            addresses,
            header: tcp.to_header(),
            sequence: tcp.sequence_number(),
            length: u32::from(length).checked_sub(tcp.header_slice().len() as u32)?,
            payload: tcp.payload(),
        };
        // Extension headers would lie between: nobody opens a connection to a web site with them.
        let plain = offset(network)? + network.len() == offset(tcp.header_slice())?;
        (plain && segment.is_from_somebody()).then_some(segment)
    }

    /// Whether it opens a connection.
    pub fn opens(&self) -> bool {
        self.header.syn && !self.header.ack && !self.header.rst && !self.header.fin
    }

    /// Whether its sender will say no more.
    pub fn closes(&self) -> bool {
        self.header.fin
    }

    /// The number its sender waits for, if it says so and goes on.
    pub fn acknowledges(&self) -> Option<u32> {
        let TcpHeader { ack, syn, rst, .. } = self.header;
        (ack && !syn && !rst).then_some(self.header.acknowledgment_number)
    }

    /// The same: where an answer begins.
    pub fn next(&self) -> u32 {
        self.header.acknowledgment_number
    }

    /// The number behind it.
    pub fn end(&self) -> u32 {
        let flags = u32::from(self.header.syn) + u32::from(self.header.fin);
        // What a SYN brings along (RFC 7413) is not taken.
        let length = if self.header.syn { 0 } else { self.length };
        self.sequence.wrapping_add(length).wrapping_add(flags)
    }

    /// Who sent it.
    pub fn client(&self) -> IpAddr {
        match self.addresses {
            Addresses::V4 { client, .. } => client.into(),
            Addresses::V6 { client, .. } => client.into(),
        }
    }

    /// Whom it was for.
    pub fn local(&self) -> IpAddr {
        match self.addresses {
            Addresses::V4 { local, .. } => local.into(),
            Addresses::V6 { local, .. } => local.into(),
        }
    }

    /// Ports: the client's, and the service's.
    pub fn ports(&self) -> (u16, u16) {
        (self.header.source_port, self.header.destination_port)
    }

    /// Makes a segment back to the sender.
    pub fn reply(
        &self,
        sequence: u32,
        acknowledges: u32,
        flags: Flags,
        payload: &[u8],
        send: &mut impl FnMut(&[u8]),
    ) {
        let (client, local) = self.ports();
        let mut tcp = TcpHeader::new(local, client, sequence, WINDOW);
        tcp.ack = true;
        tcp.acknowledgment_number = acknowledges;
        tcp.syn = flags.syn;
        tcp.fin = flags.fin;
        tcp.psh = !payload.is_empty();
        if flags.syn && tcp.set_options(&[TcpOptionElement::MaximumSegmentSize(SEGMENT as u16)]).is_err() {
            return;
        }
        let builder = match self.addresses {
            Addresses::V4 { client, local } => PacketBuilder::ipv4(local, client, TTL),
            Addresses::V6 { client, local } => PacketBuilder::ipv6(local, client, TTL),
        };
        let builder = builder.tcp_header(tcp);
        // Back the way it came, through the same VLAN.
        let (Some((to, from)), Some(kind)) = (
            self.link.get(..ADDRESSES).and_then(|both| both.split_at_checked(6)),
            self.link.get(ADDRESSES..),
        ) else {
            return;
        };
        let mut frame = Vec::with_capacity(self.link.len() + builder.size(payload.len()));
        for part in [from, to, kind] {
            frame.extend_from_slice(part);
        }
        // It can't fail: nothing is too long.
        if builder.write(&mut frame, payload).is_ok() {
            send(&frame);
        }
    }

    /// Not to everybody, and not from everybody: broadcasts and multicast are no connections.
    fn is_from_somebody(&self) -> bool {
        // RFC 894, IEEE 802.3: the first bit of a group's address.
        let group = |address: Option<&u8>| address.is_none_or(|first| first & 1 != 0);
        let (client, local) = (self.client(), self.local());
        !group(self.link.first())
            && !group(self.link.get(6))
            && !client.is_multicast()
            && !client.is_unspecified()
            && !local.is_multicast()
    }
}
