//! wrk: as many requests as the service answers.

use std::{
    fs::{self, File},
    net::SocketAddr,
    process::Command,
};

use anyhow::{Result, ensure};

use super::request;
use crate::bench::{
    clock::wait_until,
    cpu,
    ground::{Cgroup, Directory, Process, find},
};

/// Connections, each with a request in flight at any time.
pub const CONNECTIONS: u32 = 32;

/// What it found.
#[derive(Clone, Copy, Debug)]
pub struct Saturated {
    /// Requests answered.
    pub requests: u64,
    /// Requests answered per second.
    pub rate: f64,
}

/// Keeps the service busy for so many seconds, from a client in `cgroup` that is bound to a CPU.
///
/// # Errors
///
/// When any request failed.
pub fn saturate(service: SocketAddr, seconds: u32, cgroup: &Cgroup, cpu: usize) -> Result<Saturated> {
    let mut command = Command::new(find("wrk")?);
    command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s"), "--timeout", "5s"]);
    for (name, value) in request::HEADERS {
        command.args(["-H", &format!("{name}: {value}")]);
    }
    command.arg(format!("http://{service}{}", request::TARGET));
    let directory = Directory::new("wrk")?;
    let output = directory.file("output");
    let log = File::create(&output)?;
    // The child inherits the CPU from the thread that starts it.
    let run = || {
        cpu::pin(cpu)?;
        let mut wrk = Process::spawn("wrk", command, log, cgroup, None)?;
        wait_until("wrk to end", u64::from(seconds) + 20, || wrk.ended())
    };
    let ended = std::thread::scope(|scope| scope.spawn(run).join());
    let ended = ended.map_err(|_| anyhow::anyhow!("the thread that runs wrk panicked"))??;
    let said = fs::read_to_string(output)?;
    ensure!(ended.success(), "wrk ended with {ended}: {said}");
    read(&said)
}

fn read(said: &str) -> Result<Saturated> {
    let failed = ["Socket errors", "Non-2xx"].iter().any(|word| said.contains(word));
    ensure!(!failed, "requests failed: {said}");
    let requests = said.lines().find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok());
    let rate = said.lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse().ok());
    let (Some(requests), Some(rate)) = (requests, rate) else { anyhow::bail!("wrk said {said:?}") };
    Ok(Saturated { requests, rate })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Running 1s test @ http://127.0.0.1:80/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   500.03us  100.00us   2.00ms   90.00%
  40123 requests in 1.00s, 5.00MB read
Requests/sec:  40012.34
Transfer/sec:      5.00MB
";

    #[test]
    fn its_words_are_read() {
        let read = read(SAID).expect("nothing failed");
        assert_eq!((read.requests, read.rate), (40_123, 40_012.34));
    }

    #[test]
    fn a_failed_request_is_an_error() {
        assert!(super::read(&format!("{SAID}  Non-2xx or 3xx responses: 7\n")).is_err());
        assert!(super::read("").is_err());
    }
}
