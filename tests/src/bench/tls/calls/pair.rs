//! A request and a response through OpenSSL, without a network, with Picket's programs and without.

use std::{
    fs::{self, File},
    hint::black_box,
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use picket::{
    binary::{self, Cost, Scope},
    probe::{
        counts::KernelCounts,
        rings::Ring,
        tap::{self, Attached, TapOptions},
        tls::{Attachment, TlsProbes},
    },
};
use picket_common::stats::Counter;
use serde_json::{Value, json};

use super::programs;
use crate::bench::{
    Bench,
    clock::wait_until,
    cpu,
    figures::{Series, in_turns},
    ground::{Cgroup, Directory, Process},
    load::request,
    report::{Table, grouped},
    sys::{
        openssl::{End, OpenSsl},
        uprobe,
    },
    tls::certificate::Certificate,
};

const RESPONSE: &[u8] =
    b"HTTP/1.1 204 No Content\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nConnection: keep-alive\r\n\r\n";

/// Which probes are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Without,
    /// As the agent sets them.
    Points,
    /// Those for connections older than the agent, too.
    Older,
    /// At the functions' entries, and return probes.
    Usual,
}

const SIDES: [Side; 4] = [Side::Without, Side::Points, Side::Older, Side::Usual];

impl Side {
    const fn name(self) -> &'static str {
        match self {
            Self::Without => "without probes",
            Self::Points => "Picket's points",
            Self::Older => "… and those for connections older than the agent (`BIO_read`)",
            Self::Usual => "Picket's programs at entries and as return probes, the usual way",
        }
    }
}

/// Tap and probes at work.
struct Probes {
    counts: KernelCounts,
    attached: (Attached, Vec<Attachment>),
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

/// Nanoseconds a round.
#[derive(Clone, Copy, Debug)]
struct Round {
    server: f64,
    client: f64,
    /// Records that did not fit into the ring.
    lost: u64,
}

/// A pair of calls with and without Picket; then what each of its programs takes.
pub fn tables(bench: &Bench) -> Result<Vec<Table>> {
    let rounds = if bench.quick { 5_000 } else { 100_000 };
    let turns = bench.turns(9, 2);
    let certificate = Certificate::new()?;
    bench.progress(&format!("{} sides, {turns} turns of {} rounds", SIDES.len(), grouped(rounds.into())));
    let measured = in_turns(turns, &mut { SIDES }, |side, _| measure(*side, &certificate, rounds))?;
    let mut table = Table::new(
        format!(
            "OpenSSL; nanoseconds, median (least–most) of {turns} turns of {} rounds",
            grouped(rounds.into())
        ),
        &[
            "probes",
            "server: SSL_read + SSL_write",
            "above without",
            "client: SSL_write + SSL_read",
            "above without",
            "records lost",
        ],
    );
    let of = |turns: &[Round], what: fn(&Round) -> f64| Series::of(turns.iter().map(what));
    let without = measured.first().context("a side")?;
    let whole = |value: f64| grouped(value);
    for (side, turns) in SIDES.iter().zip(&measured) {
        let mut row = vec![side.name().to_owned()];
        for what in [(|round| round.server) as fn(&Round) -> f64, |round| round.client] {
            let series = of(turns, what);
            row.push(series.show(whole));
            row.push(series.less(&of(without, what)).show(whole));
        }
        row.push(grouped(turns.iter().map(|turn| turn.lost).sum::<u64>() as f64));
        table.row(row);
    }
    bench.progress("each program's time");
    let programs = profile(&certificate, rounds)?;
    Ok(vec![table, programs])
}

fn measure(side: Side, certificate: &Certificate, rounds: u32) -> Result<Round> {
    let cgroup = Cgroup::new("pair")?;
    let probes = Probes::set(side, &cgroup)?;
    let mut round = exchange(certificate, rounds, &cgroup)?;
    if let Some(probes) = probes {
        round.lost = probes.lost(rounds)?;
    }
    Ok(round)
}

/// What each program takes, with all of them set.
fn profile(certificate: &Certificate, rounds: u32) -> Result<Table> {
    let cgroup = Cgroup::new("pair")?;
    let others = programs::loaded()?;
    let probes = Probes::set(Side::Older, &cgroup)?;
    let watch = programs::Watch::start(others)?;
    exchange(certificate, rounds, &cgroup)?;
    let table = watch.table(rounds)?;
    drop(probes);
    Ok(table)
}

impl Probes {
    fn set(side: Side, cgroup: &Cgroup) -> Result<Option<Self>> {
        if side == Side::Without {
            return Ok(None);
        }
        let options = TapOptions {
            cgroup: Some(cgroup.path()),
            rings: 1,
            ring_size: 8 << 20,
            request_body: 64 << 10,
            response_body: 16 << 10,
        };
        let tap = tap::attach(&options)?;
        let tls = tap.tls?;
        let attachments = attach(&tls, side)?;
        let stop = Arc::new(AtomicBool::new(false));
        let ring = tap.rings.into_iter().next().context("a ring")?;
        let stopped = Arc::clone(&stop);
        let reader = thread::spawn(move || read(ring, &stopped));
        Ok(Some(Self {
            counts: tap.counts,
            attached: (tap.programs, attachments),
            stop,
            reader: Some(reader),
        }))
    }

    /// Makes sure that the server's plaintext was seen; how many records of it did not fit into the ring.
    fn lost(&self, rounds: u32) -> Result<u64> {
        let counts = self.counts.read()?;
        let of = |wanted| {
            counts.iter().filter(|(counter, _)| *counter == wanted).flat_map(|(_, cpus)| cpus).sum::<u64>()
        };
        let (records, lost) = (of(Counter::Records), of(Counter::RingFull));
        let wanted = 2 * u64::from(rounds);
        ensure!(
            records + lost >= wanted,
            "{records} records and {lost} lost, of {wanted} calls: the server's end is not tied"
        );
        Ok(lost)
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.attached.1.clear();
    }
}

/// Reads as a worker does under load: by itself, with short pauses.
fn read(mut ring: Ring, stop: &AtomicBool) {
    ring.poll_from_now_on(true);
    while !stop.load(Ordering::Relaxed) {
        if ring.drain(4096, |entry| {
            black_box(entry.len());
        }) == 0
        {
            thread::sleep(Duration::from_micros(300));
        }
    }
}

/// Sets the probes of OpenSSL's libraries.
fn attach(tls: &TlsProbes, side: Side) -> Result<Vec<Attachment>> {
    let library = OpenSsl::load()?;
    let mut attached = Vec::new();
    if side == Side::Usual {
        for (function, program) in [(c"SSL_read", "picket_ssl_read"), (c"SSL_write", "picket_ssl_write")] {
            let (file, offset) = uprobe::place(library.address(function)?)?;
            attached.push(tls.attach(program, false, &file, offset, None)?);
            attached.push(tls.attach("picket_ssl_leave", true, &file, offset, None)?);
        }
        return Ok(attached);
    }
    for function in [c"SSL_read", c"BIO_read"] {
        let (file, _) = uprobe::place(library.address(function)?)?;
        let inspection = binary::inspect(&fs::read(&file)?)?;
        for point in inspection.runtimes.iter().flat_map(|found| &found.points) {
            if point.scope == Scope::Always || side == Side::Older {
                let at_return = point.cost == Cost::Return;
                attached.push(tls.attach(point.program, at_return, &file, point.offset, None)?);
            }
        }
    }
    Ok(attached)
}

/// Starts this program again as a process that is watched and exchanges messages with itself.
fn exchange(certificate: &Certificate, rounds: u32, cgroup: &Cgroup) -> Result<Round> {
    let directory = Directory::new("pair")?;
    let output = directory.file("output");
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--exchange").arg(rounds.to_string());
    command.arg("--certificate").arg(certificate.chain()).arg("--key").arg(certificate.key());
    let mut process = Process::spawn("the exchange", command, File::create(&output)?, cgroup, None)?;
    let ended = wait_until("the exchange to end", 60, || process.ended())?;
    let said = fs::read_to_string(output)?;
    if !ended.success() {
        bail!("the exchange ended with {ended}: {}", said.trim());
    }
    let said: Value =
        serde_json::from_str(said.trim()).with_context(|| format!("the exchange said {said:?}"))?;
    let each = |key: &str| {
        let all = said[key].as_f64().with_context(|| format!("the exchange said {said}"))?;
        anyhow::Ok(all / f64::from(rounds))
    };
    Ok(Round { server: each("server")?, client: each("client")?, lost: 0 })
}

/// In the child: exchanges messages and says how many nanoseconds that took, as JSON on standard output.
///
/// # Errors
///
/// When OpenSSL is not there, or an exchange fails.
pub fn child(rounds: u32, certificate: &Path, key: &Path) -> Result<()> {
    // The reader of the ring is on the other one.
    cpu::pin(0)?;
    let openssl = OpenSsl::load()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    let mut pair = openssl.pair(certificate, key, &server, &client)?;
    let request = request::bytes();
    let mut buffer = vec![0; 16 << 10];
    let (mut at_server, mut at_client) = (Duration::ZERO, Duration::ZERO);
    let mut round = |count: bool| -> Result<()> {
        let start = Instant::now();
        pair.write(End::Client, &request)?;
        let asked = Instant::now();
        let got = pair.read(End::Server, &mut buffer)?;
        pair.write(End::Server, RESPONSE)?;
        let answered = Instant::now();
        ensure!(buffer.get(..got) == Some(request.as_slice()), "the server got another request");
        let reading = Instant::now();
        let got = pair.read(End::Client, &mut buffer)?;
        let end = Instant::now();
        ensure!(buffer.get(..got) == Some(RESPONSE), "the client got another response");
        if count {
            at_server += answered - asked;
            at_client += (asked - start) + (end - reading);
        }
        Ok(())
    };
    for number in 0..rounds + rounds / 10 {
        round(number >= rounds / 10)?;
    }
    println!("{}", json!({"server": at_server.as_nanos(), "client": at_client.as_nanos()}));
    Ok(())
}
