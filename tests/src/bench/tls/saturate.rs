//! As many requests as the service answers: on each connection the next one follows the last byte of the response.

use std::net::SocketAddr;

use anyhow::Result;

use super::client::Client;
use crate::bench::{
    clock::{monotonic, thread_cpu},
    cpu,
    figures::Series,
    load::{
        open_loop::{Connection, readable},
        request,
    },
};

const SECOND: u64 = 1_000_000_000;

/// Connections, each with a request in flight at any time.
pub const CONNECTIONS: usize = 32;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Saturated {
    /// Requests, all answered.
    pub requests: u64,
    /// Requests answered a second.
    pub rate: f64,
    /// Nanoseconds from the request to the last byte of its response.
    pub latency: Series,
    /// Nanoseconds of CPU time the client had.
    pub client_ns: u64,
}

/// Keeps the service busy for so many seconds from a thread that is bound to a CPU.
///
/// # Errors
///
/// When a request fails.
pub fn saturate(client: &Client, service: SocketAddr, seconds: u32, cpu: usize) -> Result<Saturated> {
    let run = || {
        cpu::pin(cpu)?;
        keep_busy(client, service, seconds)
    };
    let done = std::thread::scope(|scope| scope.spawn(run).join());
    done.map_err(|_| anyhow::anyhow!("the thread that sends requests panicked"))?
}

fn keep_busy(client: &Client, service: SocketAddr, seconds: u32) -> Result<Saturated> {
    let request = request::bytes();
    let mut connections: Vec<_> =
        (0..CONNECTIONS).map(|_| Ok(Connection::over(client.connect(service)?))).collect::<Result<_>>()?;
    let mut latency = Series::default();
    let cpu_before = thread_cpu();
    let start = monotonic();
    let end = start + u64::from(seconds) * SECOND;
    for connection in &mut connections {
        connection.send(&request, monotonic())?;
    }
    let mut waiting = connections.len();
    let (mut requests, mut last) = (0, start);
    while waiting > 0 {
        let ready = readable(&connections, SECOND)?;
        anyhow::ensure!(!ready.is_empty(), "the service has not answered for a second");
        for index in ready {
            let connection = &mut connections[index];
            let Some((sent, now)) = connection.receive()? else { continue };
            requests += 1;
            last = now;
            latency.push((now - sent) as f64);
            if now < end {
                connection.send(&request, now)?;
            } else {
                waiting -= 1;
            }
        }
    }
    let rate = requests as f64 * SECOND as f64 / (last - start) as f64;
    Ok(Saturated { requests, rate, latency, client_ns: thread_cpu() - cpu_before })
}
