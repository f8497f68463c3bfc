//! Ethernet frames made by hand.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Hardware addresses: whom to, whom from.
pub type Macs = [[u8; 6]; 2];

/// Addresses that mean nothing, for frames that are never sent.
pub const NOWHERE: Macs = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];

/// RFC 863.
pub const DISCARD: u16 = 9;

/// Payload behind the IP header, UDP header included.
const PAYLOAD: usize = 64;

/// A UDP datagram to the discard port, with a right IPv4 header checksum and no UDP checksum
/// (IPv4; an IPv6 one is refused by its receiver, should it get that far).
pub fn udp(macs: Macs, source: IpAddr, destination: IpAddr) -> Vec<u8> {
    let mut frame = macs.concat();
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            frame.extend([0x08, 0x00]);
            frame.extend(ipv4(source, destination));
        }
        (source, destination) => {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, PAYLOAD as u8, 17, 64]);
            frame.extend(mapped(source).octets());
            frame.extend(mapped(destination).octets());
        }
    }
    frame.extend(49_152u16.to_be_bytes());
    frame.extend(DISCARD.to_be_bytes());
    frame.extend((PAYLOAD as u16).to_be_bytes());
    frame.resize(frame.len() + 2 + PAYLOAD - 8, 0);
    frame
}

/// The same as a TCP segment that opens a connection. Its sums are wrong: for the deny program, which does not look at them.
pub fn syn(macs: Macs, source: IpAddr, destination: IpAddr) -> Vec<u8> {
    let mut frame = udp(macs, source, destination);
    let (protocol, tcp) = if source.is_ipv4() { (23, 34) } else { (20, 54) };
    frame[protocol] = 6;
    // Five words of header (RFC 9293, 3.1), SYN.
    frame.splice(tcp + 12..tcp + 14, [0x50, 2]);
    frame
}

/// A frame that is no IP: the deny program leaves it at once.
pub fn not_ip() -> Vec<u8> {
    let mut frame = udp(NOWHERE, Ipv4Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into());
    // 0x88b5: for local experiments (IEEE 802).
    frame.splice(12..14, [0x88, 0xb5]);
    frame
}

fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

fn ipv4(source: Ipv4Addr, destination: Ipv4Addr) -> Vec<u8> {
    let length = (20 + PAYLOAD as u16).to_be_bytes();
    // Identification = ~(both halves of the source): the checksum is the same whatever the source is.
    let [a, b, c, d] = source.octets();
    let identification = (!sum(&[a, b, c, d])).to_be_bytes();
    let mut header =
        vec![0x45, 0, length[0], length[1], identification[0], identification[1], 0x40, 0, 64, 17, 0, 0];
    header.extend([a, b, c, d]);
    header.extend(destination.octets());
    let checksum = (!sum(&header)).to_be_bytes();
    header.splice(10..12, checksum);
    header
}

/// Ones' complement sum (RFC 1071).
fn sum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    u16::try_from(folded).unwrap_or_else(|_| ((folded & 0xffff) + (folded >> 16)) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_right_and_the_same_for_every_source() {
        let frames: Vec<Vec<u8>> = ["10.0.0.1", "203.0.113.250", "255.255.255.255"]
            .map(|source| udp(NOWHERE, source.parse().unwrap(), "192.0.2.1".parse().unwrap()))
            .into();
        for frame in &frames {
            assert_eq!(sum(&frame[14..34]), 0xffff, "RFC 1071: over the whole header it is -0");
            assert_eq!(frame[24..26], frames[0][24..26]);
            assert_eq!(frame.len(), 14 + 20 + PAYLOAD);
        }
    }
}
