//! Requests at a steady rate, whether the service keeps up or not.
//!
//! Each request has its time. When all connections still wait for a response, a request goes out late,
//! but its latency counts from its time: a stall of the service shows in every request it delayed
//! (no coordinated omission).

use std::{
    collections::VecDeque,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    num::NonZeroU64,
    os::fd::AsFd,
};

use anyhow::{Context, Result, ensure};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    thread::set_current_timer_slack,
};

use super::{attacker::ATTACK, request};
use crate::bench::{clock::monotonic, figures::Series};

const SECOND: u64 = 1_000_000_000;
/// What was sent in the first half second is answered, but not counted.
const WARM_UP: u64 = SECOND / 2;
/// Time for what is still under way at the end.
const LAST_ANSWERS: u64 = 5 * SECOND;

/// A load.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Who gets it.
    pub service: SocketAddr,
    /// Requests a second.
    pub rate: u32,
    /// Connections they are spread over.
    pub connections: usize,
    /// For how long.
    pub seconds: u32,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Requests sent, all of them answered.
    pub requests: u64,
    /// Requests answered a second.
    pub rate: f64,
    /// Nanoseconds from the time a request was due to the last byte of its response.
    pub latency: Series,
}

/// A connection to the service, with at most one request in flight.
pub struct Connection<S> {
    stream: S,
    /// When the request in flight was due.
    due: Option<u64>,
    received: Vec<u8>,
}

impl Load {
    /// Sends it in the clear. All on this thread.
    ///
    /// # Errors
    ///
    /// When a request fails or goes unanswered.
    pub fn send(&self) -> Result<Outcome> {
        self.send_over(plain)
    }

    /// Sends attacks instead of honest requests, in the clear. All on this thread.
    ///
    /// # Errors
    ///
    /// When a request fails or goes unanswered.
    pub fn attack(&self) -> Result<Outcome> {
        self.send_these(ATTACK.as_bytes(), plain)
    }

    /// Sends it over connections, which must not block, made by `connect`. All on this thread.
    ///
    /// # Errors
    ///
    /// When a request fails or goes unanswered.
    pub fn send_over<S: Read + Write + AsFd>(
        &self,
        connect: impl Fn(SocketAddr) -> Result<S>,
    ) -> Result<Outcome> {
        self.send_these(&request::bytes(), connect)
    }

    fn send_these<S: Read + Write + AsFd>(
        &self,
        request: &[u8],
        connect: impl Fn(SocketAddr) -> Result<S>,
    ) -> Result<Outcome> {
        // The kernel gathers wake-ups within 50 µs otherwise (prctl(2), PR_SET_TIMERSLACK).
        set_current_timer_slack(NonZeroU64::new(1)).context("set the timer slack")?;
        let mut connections: Vec<Connection<S>> = (0..self.connections)
            .map(|_| Ok(Connection::over(connect(self.service)?)))
            .collect::<Result<_>>()?;
        let total = u64::from(self.rate) * u64::from(self.seconds);
        let start = monotonic() + SECOND / 100;
        let due = |number: u64| start + number * SECOND / u64::from(self.rate);
        let mut free: VecDeque<usize> = (0..connections.len()).collect();
        let mut latency = Series::default();
        let (mut sent, mut answered) = (0, 0);
        let mut last = start;
        while answered < total {
            let now = monotonic();
            while sent < total && due(sent) <= now {
                let Some(index) = free.pop_front() else { break };
                connections[index].send(request, due(sent))?;
                sent += 1;
            }
            ensure!(
                now < due(total) + LAST_ANSWERS,
                "{} of {total} requests were unanswered {} s after the last was due",
                total - answered,
                LAST_ANSWERS / SECOND
            );
            let next = if sent < total && !free.is_empty() { due(sent) } else { now + SECOND / 10 };
            for index in readable(&connections, next.saturating_sub(monotonic()))? {
                let Some((due, now)) = connections[index].receive()? else { continue };
                answered += 1;
                last = now;
                free.push_back(index);
                if due >= start + WARM_UP {
                    latency.push((now - due) as f64);
                }
            }
        }
        let rate = total as f64 * SECOND as f64 / (last - start) as f64;
        Ok(Outcome { requests: total, rate, latency })
    }
}

/// Connections with something to read, at the latest after `timeout` nanoseconds.
///
/// # Errors
///
/// When the kernel refuses to wait.
pub fn readable<S: AsFd>(connections: &[Connection<S>], timeout: u64) -> Result<Vec<usize>> {
    let mut waiting: Vec<PollFd<'_>> =
        connections.iter().map(|connection| PollFd::new(&connection.stream, PollFlags::IN)).collect();
    let timeout = Timespec { tv_sec: 0, tv_nsec: timeout.min(SECOND - 1).cast_signed() };
    match poll(&mut waiting, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error).context("wait for responses"),
    }
    let readable = waiting.iter().enumerate().filter(|(_, fd)| !fd.revents().is_empty());
    Ok(readable.map(|(index, _)| index).collect())
}

fn plain(service: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(service).with_context(|| format!("connect to {service}"))?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

impl<S: Read + Write> Connection<S> {
    /// Over a stream that does not block.
    pub fn over(stream: S) -> Self {
        Self { stream, due: None, received: Vec::with_capacity(4096) }
    }

    /// Sends a request that was due at a time.
    ///
    /// # Errors
    ///
    /// When it does not go out.
    pub fn send(&mut self, request: &[u8], due: u64) -> Result<()> {
        // One request at a time: it always fits into the socket's buffer.
        self.stream.write_all(request).context("send a request")?;
        self.due = Some(due);
        Ok(())
    }

    /// Reads what is there: when the request was due and when its response was complete, once it is.
    ///
    /// # Errors
    ///
    /// When it is no response, or the service closed the connection.
    pub fn receive(&mut self) -> Result<Option<(u64, u64)>> {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => anyhow::bail!("the service closed a connection"),
                Ok(count) => {
                    self.received.extend_from_slice(&buffer[..count]);
                    // A full buffer: TLS may hold more, of which the socket knows nothing.
                    if count < buffer.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error).context("read a response"),
            }
        }
        if self.received.is_empty() {
            return Ok(None);
        }
        let Some(length) = request::response_length(&self.received)? else { return Ok(None) };
        ensure!(length == self.received.len(), "more came than the response asked for");
        self.received.clear();
        let due = self.due.take().context("a response nobody asked for")?;
        Ok(Some((due, monotonic())))
    }
}
