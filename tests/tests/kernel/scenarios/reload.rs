//! Rules reloaded while requests flow.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::agent::{Agent, Installation};
use crate::client::{Connection, From, Request};
use crate::patience::{patient, wait_until};
use crate::servers::{Place, nginx};
use crate::site::Site;
use crate::workload::mark;

/// Reloads, good and bad alternating.
const RELOADS: usize = 20;
/// Clients that ask all the time…
const CLIENTS: usize = 3;
/// …so many requests before they wait for the agent.
const BURST: usize = 20;
/// Rules that take time to compile and hold nowhere.
const FILLING: usize = 300;

/// Each request is seen, and judged from its beginning to its end by one of the sets that were in force; events are
/// not late; what is wrong is refused with its place.
pub fn under_load(site: &Site) -> Result<Vec<String>> {
    let server = nginx::start(&Place::host(site)?)?;
    let installation = Installation::new(site, "picket")?;
    let rules = site.dir().join("own.conf");
    fs::write(&rules, set(0))?;
    installation.configure("[rules]\nbuiltin = false\nfiles = [\"own.conf\"]\n")?;
    let agent = installation.start()?;
    let before = lost(&installation)?;
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (took, late) = std::thread::scope(|scope| -> Result<(Vec<u64>, Vec<Duration>)> {
        let client = || ask(&agent, server.address(false), &stop, &answered);
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        let reloaded = reload(&installation, &rules, &answered);
        stop.store(true, Ordering::Relaxed);
        let mut late = Vec::new();
        for client in clients {
            late.extend(client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??);
        }
        Ok((reloaded?, late))
    })?;
    let sent = answered.load(Ordering::Relaxed);
    agent.wait_for(sent);
    let after = lost(&installation)?;
    let generation = installation.json(&["stats"])?["gauges"]["generation"].as_u64();
    ensure!(generation == Some(1 + RELOADS as u64 / 2), "the settings' number is {generation:?}");
    ensure!(after == before, "something was lost: {before:?} before, {after:?} after");

    let reports = agent.stop()?;
    let mut by_set: HashMap<Vec<String>, usize> = HashMap::new();
    let mut seen = std::collections::HashSet::new();
    for report in &reports {
        ensure!(seen.insert(report.path().to_owned()), "reported twice: {report}");
        let rules = report.matches().iter().filter_map(|m| m["rule"].as_str()).map(str::to_owned).collect();
        *by_set.entry(rules).or_default() += 1;
    }
    ensure!(seen.len() == sent, "{sent} requests were answered, {} reported", seen.len());
    // Request and response by the same set; a set for each good reload.
    let sets: Vec<Vec<String>> =
        (0..=RELOADS / 2).map(|n| vec![format!("{}", id(n)), format!("{}", id(n) + 1)]).collect();
    let strange: Vec<_> = by_set.keys().filter(|rules| !sets.contains(rules)).collect();
    ensure!(strange.is_empty(), "judged by no set, by half of one, or by two: {strange:?}");
    let unused: Vec<_> = sets.iter().filter(|set| !by_set.contains_key(*set)).collect();
    ensure!(unused.is_empty(), "in force, and nothing judged by it: {unused:?}");
    let worst = late.iter().max().copied().unwrap_or_default();
    // A worker that waited for a compile would be as late as that takes.
    ensure!(worst < patient(1), "an event came {worst:?} after its response");
    let mut sorted = late.clone();
    sorted.sort();
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    Ok(vec![format!(
        "{sent} requests by {} sets, {RELOADS} reloads, the longest of {} ms; events {middle:?} after their responses, the latest {worst:?} ({} looked at)",
        by_set.len(),
        took.iter().max().unwrap_or(&0),
        late.len()
    )])
}

/// The first of the ids of a set.
fn id(number: usize) -> usize {
    1000 + 2 * number
}

/// A set of rules in which one holds on every request and one on every response.
fn set(number: usize) -> String {
    let (request, response) = (id(number), id(number) + 1);
    let mut text = format!(
        "SecRule REQUEST_URI \"@beginsWith /t/\" \"id:{request},phase:1,pass,log,msg:'asked'\"\n\
         SecRule RESPONSE_STATUS \"@streq 200\" \"id:{response},phase:3,pass,log,msg:'answered'\"\n"
    );
    for n in 0..FILLING {
        let _ = writeln!(
            text,
            "SecRule ARGS \"@rx (?i)word{n}[a-z0-9]{{3,40}}(?:one|two|three)\\s*=\\s*['\\\"]?\\w+\" \"id:{},phase:2,pass,log\"",
            100_000 + n
        );
    }
    text
}

/// Reloads, alternating between a set that is good and something that is not; how long each good one took.
fn reload(
    installation: &Installation<'_>,
    rules: &std::path::Path,
    answered: &AtomicUsize,
) -> Result<Vec<u64>> {
    let good = "[rules]\nbuiltin = false\nfiles = [\"own.conf\"]\n";
    let mut took = Vec::new();
    for number in 0..RELOADS {
        let generation = 1 + number / 2;
        if number % 2 == 0 {
            fs::write(rules, set(generation))?;
            installation.configure(good)?;
            let answer = installation.json(&["rules", "reload"])?;
            ensure!(answer["generation"] == generation + 1, "{answer}");
            ensure!(answer["rules"] == FILLING + 2, "{answer}");
            took.push(answer["took_ms"].as_u64().context("took_ms")?);
        } else {
            let says = match number % 4 {
                1 => {
                    fs::write(rules, format!("{}SecRule ARGS \"@nope x\" \"id:7\"\n", set(99)))?;
                    format!("own.conf:{}:", FILLING + 3)
                }
                _ => {
                    installation.configure(&format!("{good}paranoia = 5\n"))?;
                    "picket.toml:4:12: ".to_owned()
                }
            };
            let output = installation.cli(&["rules", "reload"])?;
            ensure!(
                output.code == Some(2) && output.stdout.is_empty(),
                "a bad one ended with {:?}",
                output.code
            );
            ensure!(output.stderr.contains(&says), "{:?} does not name {says}", output.stderr);
        }
        // Requests are judged by what is in force now, before it changes again.
        let target = answered.load(Ordering::Relaxed) + 2 * CLIENTS * BURST;
        wait_until("requests between two reloads", 20, || {
            (answered.load(Ordering::Relaxed) >= target).then_some(())
        })?;
    }
    Ok(took)
}

/// A client: sends requests one after the other, and waits after every few until the last of them was reported, so that
/// the agent is kept busy and not left behind. How long after their responses these reports came.
fn ask(
    agent: &Agent<'_>,
    to: std::net::SocketAddr,
    stop: &AtomicBool,
    answered: &AtomicUsize,
) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(to, From { netns: None, source: None })?;
    let mut late = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let mut looked = agent.output().len();
        let mut path = String::new();
        for _ in 0..BURST {
            let request = Request::new("GET", mark("reload"));
            let response = connection.exchange(&request)?;
            ensure!(response.status == 200, "{} was answered {}", request.path, response.status);
            answered.fetch_add(1, Ordering::Relaxed);
            path = format!("\"{}\"", request.path);
        }
        let last = Instant::now();
        wait_until("the last of a burst to be reported", 20, || {
            let lines = agent.output().from(looked);
            looked += lines.len();
            lines.iter().any(|line| line.contains(&path)).then_some(())
        })?;
        late.push(last.elapsed());
    }
    Ok(late)
}

/// Counters of losses.
fn lost(installation: &Installation<'_>) -> Result<Vec<(String, u64)>> {
    let stats = installation.stats()?;
    let counters = ["kernel", "agent"]
        .into_iter()
        .flat_map(|side| stats.0[side].as_array().cloned().unwrap_or_default());
    let losses = counters.filter(|counter| counter["loss"] == true || counter["name"] == "rules_replaced");
    Ok(losses
        .map(|counter| (counter["name"].to_string(), counter["total"].as_u64().unwrap_or(u64::MAX)))
        .filter(|(_, total)| *total > 0)
        .collect())
}
