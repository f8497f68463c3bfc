//! Segments that TCP does not accept: malformed ones, and ones that claim to belong to a connection
//! but lie outside of its window or have a wrong checksum. The tap sees them; the service does not.
//! They must not hurt the service, and what they carry was never a request.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto, sockopt};

use crate::agent::Installation;
use crate::client::Connection;
use crate::ledger::Ledger;
use crate::netns::Netns;
use crate::patience::{patient, wait_until};
use crate::random::Random;
use crate::servers::{Place, Server, nginx};
use crate::site::Site;
use crate::workload::{gets, mark};

/// Garbage at the service's port, and forged segments into connections that are in use.
pub fn forged(site: &Site) -> Result<Vec<String>> {
    const GARBAGE: usize = 2000;
    let netns = Arc::new(Netns::new()?);
    let server = nginx::start(&Place::inside(site, &netns)?)?;
    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    let mut ledger = Ledger::default();
    let raw = Raw::new(&netns)?;
    let mut forged = 0;
    let mut connections = Vec::new();
    for _ in 0..5 {
        let mut connection = server.connect(false)?;
        gets(&server, &mut connection, "before-forged", 5, &mut ledger)?;
        connections.push(connection);
    }
    for connection in &mut connections {
        let next = raw.next_expected(&server, connection, &mut ledger)?;
        // Far ahead of the window, far behind it, and over bytes that were received long ago.
        for distance in [1 << 30, 1 << 31, (1 << 30) * 3, u32::MAX - 200, 100_000_000] {
            for right in [false, true] {
                let request = format!("GET {} HTTP/1.1\r\nHost: forged.example\r\n\r\n", mark("forged"));
                let sequence = next.sequence.wrapping_add(distance);
                raw.forge(connection, &server, Expected { sequence, ..next }, request.as_bytes(), right)?;
                forged += 1;
            }
        }
        gets(&server, connection, "after-forged", 5, &mut ledger)?;
    }
    let mut random = Random::new(17);
    let port = server.service.port.to_be_bytes();
    for n in 0..GARBAGE {
        let size = random.below(120);
        let mut segment = random.bytes(size);
        if let Some(destination) = segment.get_mut(2..4) {
            destination.copy_from_slice(&port);
        }
        // A reset or SYN that happens to be right would be right: most have a wrong checksum.
        raw.send(&segment)?;
        if n % 100 == 0 {
            for connection in &mut connections {
                gets(&server, connection, "among-garbage", 1, &mut ledger)?;
            }
        }
    }
    gets(&server, &mut server.connect(false)?, "after-garbage", 3, &mut ledger)?;
    ledger.check_access_log(&server)?;
    let sent = ledger.len();
    agent.check(&ledger)?;
    Ok(vec![format!(
        "{sent} requests among {forged} forged and {GARBAGE} malformed segments, each reported once"
    )])
}

/// What a service expects of the next segment of a connection.
#[derive(Clone, Copy)]
struct Expected {
    sequence: u32,
    acknowledgement: u32,
}

/// A raw socket on loopback: what it sends gets an IPv4 header from the kernel and nothing else.
struct Raw(OwnedFd);

impl Raw {
    fn new(netns: &Netns) -> Result<Self> {
        let open = || {
            let kind = SocketType::RAW;
            rustix::net::socket_with(AddressFamily::INET, kind, SocketFlags::CLOEXEC, Some(ipproto::TCP))
        };
        let socket = netns.enter(open)?.context("open a raw socket")?;
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(patient(5)))?;
        Ok(Self(socket))
    }

    fn send(&self, segment: &[u8]) -> Result<()> {
        let to = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        rustix::net::sendto(&self.0, segment, SendFlags::empty(), &to).context("send a segment")?;
        Ok(())
    }

    /// Sends a request on the connection and reads from the service's answer what it expects next.
    fn next_expected(
        &self,
        server: &Server,
        connection: &mut Connection,
        ledger: &mut Ledger,
    ) -> Result<Expected> {
        // What has arrived before is of no interest.
        let mut packet = [0; 2048];
        while rustix::net::recv(&self.0, &mut packet, RecvFlags::DONTWAIT).is_ok() {}
        gets(server, connection, "before-forged", 1, ledger)?;
        wait_until("the service's answer on the raw socket", 5, || {
            let (_, length) = rustix::net::recv(&self.0, &mut packet, RecvFlags::DONTWAIT).ok()?;
            // RFC 791 section 3.1, RFC 9293 section 3.1.
            let segment = packet.get(usize::from(packet[0] & 0xf) * 4..length)?;
            let port = |at: usize| Some(u16::from_be_bytes(segment.get(at..at + 2)?.try_into().ok()?));
            let number = |at: usize| Some(u32::from_be_bytes(segment.get(at..at + 4)?.try_into().ok()?));
            let data = segment.len().checked_sub(usize::from(segment.get(12)? >> 4) * 4)?;
            let answer = port(0)? == server.service.port && port(2)? == connection.local().port() && data > 0;
            let data = u32::try_from(data).ok()?;
            // The answer acknowledges the whole request.
            answer
                .then_some(Expected { sequence: number(8)?, acknowledgement: number(4)?.wrapping_add(data) })
        })
    }

    /// Sends a segment that claims to be of the connection.
    fn forge(
        &self,
        connection: &Connection,
        server: &Server,
        next: Expected,
        payload: &[u8],
        right_checksum: bool,
    ) -> Result<()> {
        let (from, to) = (connection.local().port(), server.service.port);
        let mut segment = Vec::new();
        segment.extend(from.to_be_bytes());
        segment.extend(to.to_be_bytes());
        segment.extend(next.sequence.to_be_bytes());
        segment.extend(next.acknowledgement.to_be_bytes());
        // Header of 20 bytes, PSH and ACK; window; checksum; urgent pointer.
        segment.extend([0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
        segment.extend(payload);
        let mut checksum = checksum(&segment);
        if !right_checksum {
            checksum ^= 0x5555;
        }
        if let Some(field) = segment.get_mut(16..18) {
            field.copy_from_slice(&checksum.to_be_bytes());
        }
        ensure!(
            connection.local().ip() == IpAddr::from(Ipv4Addr::LOCALHOST),
            "forged segments are for loopback"
        );
        self.send(&segment)
    }
}

/// TCP checksum of a segment from 127.0.0.1 to 127.0.0.1 (RFC 9293 section 3.1).
fn checksum(segment: &[u8]) -> u16 {
    let length = u32::try_from(segment.len()).unwrap_or(0);
    let mut sum = 0x7f00 + 1 + 0x7f00 + 1 + 6 + length;
    for pair in segment.chunks(2) {
        sum += u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}
