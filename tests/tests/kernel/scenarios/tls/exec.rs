//! A process that becomes another program with another TLS library, under the same number: what was found in the
//! objects of the first says nothing of the second's.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use super::{named, prefixed};
use crate::agent::{Agent, Installation, Report};
use crate::bpf::points;
use crate::client::tls::patterns::{Load, Pattern};
use crate::client::tls::{Client, Manner, Pace};
use crate::ledger::Ledger;
use crate::netns::Netns;
use crate::patience::{factor, in_vm, patient, wait_until};
use crate::program;
use crate::servers::tls::Certificate;
use crate::servers::{Place, Server, Service};
use crate::site::Site;

/// Before Python's server: what makes it the program that `PICKET_NEXT` names, a word a line.
const PRELUDE: &str = "
import os, signal
signal.signal(signal.SIGUSR1, lambda *_: os.execv((words := os.environ['PICKET_NEXT'].split('\\n'))[0], words))
";

/// What a process becomes.
struct Next {
    /// Of the programs that are built.
    program: &'static str,
    /// Before the certificate.
    way: Option<&'static str>,
    /// The row of a service that runs it before, so that its probes are there at once.
    runs_already: Option<&'static str>,
}

const NEXT: [Next; 3] = [
    Next { program: "go-server", way: None, runs_already: None },
    Next { program: "openssl-1.1-server", way: Some("read"), runs_already: None },
    Next { program: "openssl-1.1-server", way: Some("read"), runs_already: Some("openssl-1.1") },
];
/// Requests before, and after.
const REQUESTS: usize = 40;
/// How long it is waited for a request's report before the next is sent.
const TRY: Duration = Duration::from_millis(100);
/// Requests in a row that are reported while no probe is set.
const SETTLED: usize = 8;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(2);
/// Requests a second.
const RATE: u32 = 200;

/// OpenSSL 3 in Python, then each of the others: all requests of both are seen.
pub fn exec(site: &Site) -> Result<Vec<String>> {
    let certificate = Certificate::make(site.dir())?;
    let client = Client::new(&certificate)?;
    let netns = Arc::new(Netns::new()?);
    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    let mut run = Run { agent: &agent, client: &client, whole: Ledger::default(), tries: Ledger::default() };
    let mut notes = Vec::new();
    // The machines of the kernel matrix come without the C program.
    let chosen: Vec<&Next> = NEXT.iter().filter(|next| !in_vm() || next.program == "go-server").collect();
    for next in &chosen {
        let mut others = Vec::new();
        if let Some(row) = next.runs_already {
            let other = (named(row)?.start)(&Place::inside(site, &netns)?, &certificate)?;
            run.until_seen(&other)?;
            others.push(other);
        }
        let place = Place::inside(site, &netns)?;
        let words = next.words(&certificate, &place)?.join("\n");
        let place = place.with_command(|command| {
            let mut command = prefixed(command, PRELUDE)?;
            command.env("PICKET_NEXT", &words);
            Ok(command)
        });
        let mut server = (named("python-http")?.start)(&place, &certificate)?;
        run.until_seen(&server)?;
        run.requests(&server)?;
        next.replace(&mut server)?;
        let (count, took) = run.until_seen(&server)?;
        run.requests(&server)?;
        notes.push(format!(
            "{} after Python{}: all points set {:.0} ms after it listened, by request number {count}; {REQUESTS} requests of each, all reported",
            next.program,
            if others.is_empty() { "" } else { ", in another process before" },
            took.as_secs_f64() * 1e3,
        ));
    }
    let Run { whole, tries, .. } = run;
    let reports = agent.stop()?;
    let paths: HashSet<&str> = whole.expected().map(|expected| expected.path).collect();
    let (wanted, others): (Vec<_>, Vec<_>) =
        reports.into_iter().partition(|report| paths.contains(report.path()));
    whole.check(&wanted)?;
    tries.check_with_loss(&others).context("before it was seen")?;
    ensure!(whole.len() == 2 * REQUESTS * chosen.len(), "{} requests were sent", whole.len());
    Ok(notes)
}

impl Next {
    /// How it is run.
    fn words(&self, certificate: &Certificate, place: &Place<'_>) -> Result<Vec<String>> {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let mut words = vec![text(program::built(self.program)?)];
        words.extend(self.way.map(str::to_owned));
        words.extend([text(certificate.chain()), text(certificate.key()), place.port.to_string()]);
        words.extend(place.listen.iter().map(ToString::to_string));
        Ok(words)
    }

    /// The process becomes it, and listens again.
    fn replace(&self, server: &mut Server) -> Result<()> {
        let (pid, port) = (server.service.pid, server.service.port);
        let exe = format!("/proc/{pid}/exe");
        let before = listening(pid, port).with_context(|| format!("nobody listens on port {port}"))?;
        server.process.signal(Signal::USR1)?;
        wait_until(&format!("process {pid} to listen as {}", self.program), 20, || {
            listening(pid, port).filter(|now| *now != before)
        })
        .with_context(|| server.printed())?;
        let exe = fs::read_link(&exe)?.to_string_lossy().into_owned();
        server.service = Arc::new(Service { name: self.program.to_owned(), pid, exe, port });
        Ok(())
    }
}

/// The inode of the socket that listens on a port in the network namespace of a process (proc(5), `/proc/net/tcp`: fields
/// 2, 4 and 10).
fn listening(pid: u32, port: u16) -> Option<String> {
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp6")).ok()?;
    let end = format!(":{port:04X}");
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let fits = fields.get(1)?.ends_with(&end) && *fields.get(3)? == "0A";
        fits.then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
    })
}

/// What is sent, and to which agent it is to be known.
struct Run<'r> {
    agent: &'r Agent<'r>,
    client: &'r Client,
    /// All of these are to be reported.
    whole: Ledger,
    /// Of these, sent to see whether probes are there already, some.
    tries: Ledger,
}

impl Run<'_> {
    /// Sends requests, each on its own connection, until all points are set; gives how many and how long it took.
    fn until_seen(&mut self, server: &Server) -> Result<(usize, Duration)> {
        let (began, mut settled) = (Instant::now(), 0);
        for count in 1.. {
            let load = Load { server, client: self.client, requests: 1, pace: Pace::new(None) };
            let connection = self.client.connect(server, Manner::nth(count));
            let connection = connection
                .with_context(|| format!("{} {count}: {}", server.service.name, server.printed()))?;
            let sent = load.with(&mut [connection])?;
            let path = sent.last_path().context("a request was sent")?.to_owned();
            self.tries.append(sent);
            // Of a file whose probes are being set some are there and some are not.
            let (before, seen) = (points(self.agent.pid()), self.is_reported(&path));
            settled = if seen && points(self.agent.pid()) == before { settled + 1 } else { 0 };
            if settled == SETTLED {
                return Ok((count, began.elapsed()));
            }
            ensure!(began.elapsed() < patient(20), "{}: {count} requests, none seen", server.service.name);
        }
        unreachable!("it is counted up")
    }

    /// Whether a request is reported soon.
    fn is_reported(&self, path: &str) -> bool {
        let end = Instant::now() + TRY * factor();
        let is_it = |line: &String| {
            Report::parse(line).is_ok_and(|report| report.path() == path && !report.at("/status").is_null())
        };
        while Instant::now() < end {
            if self.agent.output().any(is_it) {
                return true;
            }
            thread::sleep(LOOK);
        }
        false
    }

    /// Sends requests and waits until the last is reported: what a process was is told while it is that.
    fn requests(&mut self, server: &Server) -> Result<()> {
        let load =
            Load { server, client: self.client, requests: REQUESTS, pace: Pace::new(Some(RATE / factor())) };
        let sent = load.run(Pattern::KeepAlive).with_context(|| server.printed())?;
        self.whole.append(sent);
        let mut left: HashSet<&str> = self.whole.expected().map(|expected| expected.path).collect();
        self.agent
            .wait_for_report("all requests", |report| {
                left.remove(report.path());
                left.is_empty()
            })
            .with_context(|| {
                format!("{}: {} were not reported: {left:?}", server.service.name, left.len())
            })?;
        Ok(())
    }
}
