//! SIGKILL of the agent while clients talk TLS with services of three libraries. The services never notice, the probes
//! go with the agent, and connections that lived through it are seen by the next one.

mod clients;

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use picket::service::process::Stat;

use self::clients::{Clients, Done, Steady};
use super::{named, number};
use crate::agent::{Agent, Installation, Report};
use crate::bpf::{Uprobes, points};
use crate::client::tls::patterns::Load;
use crate::client::tls::{Client, Manner, Pace};
use crate::ledger::Ledger;
use crate::netns::Netns;
use crate::patience::{patient, wait_until};
use crate::servers::Place;
use crate::servers::tls::Certificate;
use crate::site::Site;

/// The services, all at the same time.
const ROWS: [&str; 3] = ["nginx", "node-https", "go"];
/// Connections to each of them that live through everything.
const STEADY: usize = 3;
/// Probes that an agent has set when it is killed half-way.
const HALF_WAY: usize = 10;
/// Requests before and after each kill.
const BETWEEN: usize = 40;
/// How many probes a second the kernel takes off at least: it takes 70 to 95 ms for each, longer when it is busy.
const A_SECOND: u64 = 4;
/// Seconds beside that from the kill until the probes are off.
const OFF: u64 = 5;
/// Requests on each connection that lived through it, of which the last agent must miss none.
const AFTERWARDS: usize = 10;

/// What the agents did.
struct Restarts<'i> {
    /// What the killed ones reported.
    reports: Vec<Report>,
    /// The one that runs now.
    agent: Agent<'i>,
    /// How each killed one went.
    off: Vec<Off>,
    /// From each start until a request of each steady connection was reported.
    seen: Vec<Duration>,
}

/// How an agent went.
struct Off {
    /// That it had probes at.
    points: usize,
    /// From the kill until they were off.
    took: Duration,
}

/// No request fails or is answered wrongly, no process ends, no probe stays, no connection stays unseen. `PICKET_TLS_KILLS`
/// says how many agents are killed (1: the kernel needs ten seconds for the probes of one), every second of them while it
/// is setting its probes.
pub fn killed(site: &Site) -> Result<Vec<String>> {
    let kills = number("PICKET_TLS_KILLS")?.unwrap_or(1);
    let certificate = Certificate::make(site.dir())?;
    let client = Client::new(&certificate)?;
    let netns = Arc::new(Netns::new()?);
    let start = |name| (named(name)?.start)(&Place::inside(site, &netns)?, &certificate);
    let servers = ROWS.into_iter().map(start).collect::<Result<Vec<_>>>()?;
    let mut steady = Vec::new();
    for server in &servers {
        for n in 0..STEADY {
            steady.push(Steady { server, connection: client.connect(server, Manner::nth(n))? });
        }
    }
    let processes = processes(site)?;
    let installation = Installation::new(site, "picket")?;
    let clients = Clients::new(&client);
    let lasting: HashSet<(u32, u16)> = steady.iter().map(Steady::name).collect();
    let (lived, fleeting, restarts) = thread::scope(|scope| {
        let clients = &clients;
        let threads = steady.iter_mut().map(|steady| scope.spawn(|| clients.on_one(steady)));
        let lived: Vec<_> = threads.collect();
        let threads = servers.iter().map(|server| scope.spawn(|| clients.on_many(server)));
        let fleeting: Vec<_> = threads.collect();
        let restarts = restarts(&installation, kills, &lasting, clients);
        clients.stop();
        // What failed first is what a client says.
        let (lived, fleeting) = (Done::of_all(lived)?, Done::of_all(fleeting)?);
        Ok::<_, anyhow::Error>((lived, fleeting, restarts?))
    })?;

    // The last agent, which all these connections are older than, misses nothing any more.
    let mut afterwards = Ledger::default();
    for Steady { server, connection } in &mut steady {
        let load = Load { server, client: &client, requests: AFTERWARDS, pace: Pace::new(Some(100)) };
        afterwards.append(load.with(std::slice::from_mut(connection))?);
    }
    let Restarts { mut reports, agent, off, seen } = restarts;
    let last = afterwards.last_path().context("requests were sent")?;
    agent.wait_for_report("the last request", |report| report.path() == last)?;
    reports.extend(agent.stop()?);
    ensure!(self::processes(site)? == processes, "processes of the services ended or began");

    let paths: HashSet<&str> = afterwards.expected().map(|expected| expected.path).collect();
    let (late, early): (Vec<_>, Vec<_>) =
        reports.into_iter().partition(|report| paths.contains(report.path()));
    afterwards.check(&late).context("on connections that lived through it")?;
    let on_lasting = lived.ledger.len();
    let mut all = lived.ledger;
    all.append(fleeting.ledger);
    let (missing, statusless) = all.check_with_loss(&early).context("under load")?;
    let off = off.iter().map(|off| format!("{} after {:.1} s", off.points, off.took.as_secs_f64()));
    let seen = seen.iter().map(|took| format!("{:.1} s", took.as_secs_f64()));
    Ok(vec![
        format!(
            "killed: {kills}; {} requests, {on_lasting} of them on {} connections that lived through all: each answered rightly, \
             the slowest within {:.0} ms",
            all.len(),
            lasting.len(),
            lived.slowest.max(fleeting.slowest).as_secs_f64() * 1e3,
        ),
        format!(
            "reported: {}, {statusless} of them without status; {missing} fell into the gaps",
            all.len() - missing
        ),
        format!("probes that were off after a kill: {}", off.collect::<Vec<_>>().join(", ")),
        format!("all older connections were seen {} after a start", seen.collect::<Vec<_>>().join(", ")),
        format!("{} more requests on them, all reported", afterwards.len()),
    ])
}

/// Starts an agent and kills it, `kills` times; gives what they did, and another one, which runs.
fn restarts<'i>(
    installation: &'i Installation<'i>,
    kills: usize,
    lasting: &HashSet<(u32, u16)>,
    clients: &Clients<'_>,
) -> Result<Restarts<'i>> {
    let (mut reports, mut off, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    for time in 1.. {
        let began = Instant::now();
        if time <= kills && time % 2 == 0 {
            // In the middle of setting its probes.
            let agent = installation.begin()?;
            wait_until("an agent to set probes", 20, || (points(agent.pid()) >= HALF_WAY).then_some(()))?;
            let (killed, gone) = kill(agent).with_context(|| format!("kill at start number {time}"))?;
            reports.extend(killed);
            off.push(gone);
            continue;
        }
        let agent = installation.start().with_context(|| format!("start number {time}"))?;
        let mut unseen = lasting.clone();
        agent
            .wait_for_report("requests of each older connection", |report| {
                unseen.remove(&name(report));
                unseen.is_empty()
            })
            .with_context(|| {
                let stats = installation.stats().map_or_else(|e| format!("{e:#}"), |s| s.to_string());
                format!("start number {time}: not seen: {unseen:?} of {lasting:?}; {stats}")
            })?;
        seen.push(began.elapsed());
        if time > kills {
            return Ok(Restarts { reports, agent, off, seen });
        }
        clients.wait_for_more(BETWEEN)?;
        let (killed, gone) = kill(agent).with_context(|| format!("kill number {time}"))?;
        reports.extend(killed);
        off.push(gone);
        clients.wait_for_more(BETWEEN).with_context(|| format!("after kill number {time}"))?;
    }
    unreachable!("it is counted up")
}

/// Kills an agent and waits until all its probes are off; gives what it reported.
fn kill(agent: Agent<'_>) -> Result<(Vec<Report>, Off)> {
    let (probes, points) = (Uprobes::of(agent.pid()), points(agent.pid()));
    ensure!(probes.len() > 0 && points > 0, "{} programs on {points} points", probes.len());
    ensure!(probes.left() == probes.len(), "{} of {} programs are loaded", probes.left(), probes.len());
    let asked = Instant::now();
    let reports = agent.kill()?;
    let deadline = OFF + points as u64 / A_SECOND;
    wait_until("the probes to be off", deadline, || (probes.left() == 0).then_some(())).with_context(
        || format!("{} of {} programs on {points} points are left", probes.left(), probes.len()),
    )?;
    let took = asked.elapsed();
    ensure!(took <= patient(deadline), "{points} points were off after {took:?}, not {deadline} s");
    Ok((reports, Off { points, took }))
}

/// Whose connection a report is about: the service's process, the client's port.
fn name(report: &Report) -> (u32, u16) {
    let number = |pointer| report.at(pointer).as_u64().unwrap_or_default();
    (
        u32::try_from(number("/service/pid")).unwrap_or_default(),
        u16::try_from(number("/peer_port")).unwrap_or_default(),
    )
}

/// The services' processes, with the time each was started.
fn processes(site: &Site) -> Result<Vec<(u32, u64)>> {
    let list = std::fs::read_to_string(site.cgroup.path().join("cgroup.procs"))?;
    let mut processes = Vec::new();
    for pid in list.lines() {
        let pid = pid.parse()?;
        let stat = Stat::read(pid).with_context(|| format!("process {pid} of a service is gone"))?;
        processes.push((pid, stat.start));
    }
    processes.sort_unstable();
    Ok(processes)
}
