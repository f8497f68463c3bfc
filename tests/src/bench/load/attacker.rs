//! An attacker with an address of its own, who goes on sending while he is being blocked.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream, UdpSocket},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use super::request;
use crate::bench::clock;

/// Matches several rules of each rule set; URL-encoded `1' OR '1'='1' UNION SELECT password FROM users--`.
pub const ATTACK: &str = "GET /catalog/shoes?q=1%27%20OR%20%271%27%3D%271%27%20UNION%20SELECT%20password%20FROM%20users-- \
                      HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0\r\n\r\n";

/// Time from one packet to the next, after the attack.
pub const EVERY: u64 = 100_000;
/// When nothing was dropped by then, nothing will be.
const AT_LONGEST: u64 = 10_000_000_000;
/// Port of the datagrams that go on: discard (RFC 863).
pub const DISCARD: u16 = 9;

/// Whom to attack, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// A service that answers every request with success.
    pub service: SocketAddrV4,
    /// An address of this network namespace.
    pub from: Ipv4Addr,
    /// Requests until the block.
    pub requests: usize,
    /// Nanoseconds before the last of them, so that attacks do not beat in time with anything.
    pub pause: u64,
}

/// How it went. Times are `CLOCK_BOOTTIME` in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// Just before the last request was handed to the kernel.
    pub attacked: u64,
    /// First packet dropped.
    pub dropped: u64,
    /// The packet before the last was sent so long before it: how exact `dropped` is.
    pub gap: u64,
}

impl Attack {
    /// Attacks, and then sends a datagram every 100 µs until `first_drop` tells of a dropped one.
    ///
    /// # Errors
    ///
    /// When the service does not answer, or nothing is dropped.
    pub fn run(&self, mut first_drop: impl FnMut() -> Option<u64>) -> Result<Course> {
        let mut stream = self.connect()?;
        let datagrams = UdpSocket::bind((self.from, 0)).context("bind a datagram socket")?;
        datagrams.connect((*self.service.ip(), DISCARD))?;
        for _ in 1..self.requests {
            stream.write_all(ATTACK.as_bytes())?;
            answer(&mut stream)?;
        }
        std::thread::sleep(Duration::from_nanos(self.pause));

        let attacked = clock::boot();
        stream.write_all(ATTACK.as_bytes())?;
        let (mut before, mut last) = (attacked, attacked);
        for number in 1.. {
            wait_for(attacked + number * EVERY);
            (before, last) = (last, clock::boot());
            // A refusal that came back for an earlier one is none of this one's business.
            let _ = datagrams.send(b"still here");
            if let Some(dropped) = first_drop() {
                return Ok(Course { attacked, dropped, gap: last - before });
            }
            ensure!(
                last - attacked < AT_LONGEST,
                "{} attacked {} times, and none of its packets was dropped for {} s",
                self.from,
                self.requests,
                AT_LONGEST / 1_000_000_000
            );
        }
        Ok(Course { attacked, dropped: last, gap: last - before })
    }

    fn connect(&self) -> Result<TcpStream> {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        bind(&socket, &SocketAddrV4::new(self.from, 0)).with_context(|| format!("bind to {}", self.from))?;
        let service = SocketAddr::V4(self.service);
        connect(&socket, &service).with_context(|| format!("connect to {service} from {}", self.from))?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        Ok(stream)
    }
}

fn answer(stream: &mut TcpStream) -> Result<()> {
    let (mut received, mut buffer) = (Vec::new(), [0; 4096]);
    while request::response_length(&received)?.is_none() {
        let count = stream.read(&mut buffer).context("read a response")?;
        ensure!(count > 0, "the service closed the connection");
        received.extend_from_slice(&buffer[..count]);
    }
    Ok(())
}

/// Without sleeping, as an idle CPU may take longer to wake than a packet is to wait; but whoever else wants
/// this CPU gets it.
fn wait_for(time: u64) {
    while clock::boot() < time {
        std::thread::yield_now();
    }
}
