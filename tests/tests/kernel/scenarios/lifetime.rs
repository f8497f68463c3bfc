//! The agent's own life: killed, stopped, reloaded. Services never notice.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use crate::agent::Installation;
use crate::bpf::Inventory;
use crate::ground::{ATTACKER, Ground, HONEST};
use crate::ledger::Ledger;
use crate::load::Load;
use crate::patience::wait_until;
use crate::servers::{Place, nginx};
use crate::site::Site;
use crate::workload::gets;

/// SIGKILL under load, ten times.
pub fn killed_ten_times(site: &Site) -> Result<Vec<String>> {
    const TIMES: usize = 10;
    let before = Inventory::now();
    let ground = Ground::new(site)?;
    let installation = ground.installation(site, "")?;
    let sources = |family: usize| -> Result<Vec<_>> {
        Ok(vec![Some((HONEST[family].parse::<std::net::IpAddr>()?, 0).into()); 2])
    };
    let loads = [
        Load::start(ground.service(HONEST[0])?, Some(ground.outside.clone()), sources(0)?, 200),
        Load::start(ground.service(HONEST[1])?, Some(ground.outside.clone()), sources(1)?, 200),
    ];
    let mut loaded = None;
    let mut reported = std::collections::HashSet::new();
    for time in 1..=TIMES {
        let agent = installation.start().with_context(|| format!("start number {time}"))?;
        if time == 1 {
            for attacker in ATTACKER {
                installation.block(attacker, None)?;
            }
        }
        for attacker in ATTACKER {
            ensure!(
                installation.denied(attacker)?.is_some(),
                "start {time} did not adopt the block of {attacker}"
            );
        }
        agent
            .wait_for_report("requests to be reported after a start", |r| r.path().starts_with("/t/load/"))?;
        let now = || before.new_since().counts();
        let first = match loaded {
            Some(first) => first,
            // Libraries of TLS are looked into after the first requests were seen.
            None => *loaded.insert(settled(now)?),
        };
        // The kernel frees what the killed agent held after a grace period, and takes its probes off one by one.
        wait_until("the kernel to hold what it held after the first start", 60, || {
            (now() == first).then_some(())
        })
        .with_context(|| {
            format!("programs, maps, links: {first:?} after start 1, {:?} after start {time}", now())
        })?;
        for load in &loads {
            load.wait_for_more(100)?;
        }
        for report in agent.kill()? {
            let path = report.path().to_owned();
            ensure!(reported.insert(path), "{} was reported twice over the restarts", report.path());
        }
        for load in &loads {
            load.wait_for_more(100).with_context(|| format!("after kill number {time}"))?;
        }
        ensure!(
            !ground.reaches(ATTACKER[time % 2])?,
            "a blocked address got through after kill number {time}"
        );
    }
    let mut answered = 0;
    for load in loads {
        answered += load.stop().context("a request of the service failed")?;
    }
    installation.clean()?;
    before.wait_until_gone()?;
    let [programs, maps, links] = loaded.unwrap_or_default();
    Ok(vec![
        format!(
            "{TIMES} kills; {answered} requests, none failed; {} of them reported, none twice",
            reported.len()
        ),
        format!("{programs} programs, {maps} maps, {links} links after every start; none after --clean"),
    ])
}

/// SIGTERM ends the agent within two seconds, in the middle of traffic, and nothing that was answered
/// before is missing.
pub fn terminated(site: &Site) -> Result<Vec<String>> {
    let before = Inventory::now();
    let server = nginx::start(&Place::host(site)?)?;
    let installation = Installation::new(site, "picket")?;
    let agent = installation.start()?;
    let load = Load::start(server.address(false), None, vec![None; 2], 100);
    load.wait_for_more(500)?;
    let asked = Instant::now();
    let reports = agent.stop()?;
    let took = asked.elapsed();
    load.wait_for_more(100)?;
    load.stop()?;
    ensure!(reports.len() >= 400, "{} requests were reported of more than 500", reports.len());
    installation.clean()?;
    before.wait_until_gone()?;
    Ok(vec![format!("ended {took:?} after SIGTERM under load, {} requests reported", reports.len())])
}

/// SIGHUP takes a good configuration over and leaves the running one in force when the new one is
/// bad.
pub fn reloaded(site: &Site) -> Result<Vec<String>> {
    let server = nginx::start(&Place::host(site)?)?;
    let installation = Installation::new(site, "picket")?;
    installation.configure("[passlist]\naddresses = [\"198.51.100.71\"]\n")?;
    let agent = installation.start()?;
    let passlist = || installation.json(&["passlist"]).map(|v| v.to_string());
    ensure!(
        passlist()?.contains("198.51.100.71"),
        "the passlist lacks the configured address: {}",
        passlist()?
    );
    installation.configure("[passlist]\naddresses = [\"198.51.100.72\"]\n")?;
    agent.signal(Signal::HUP)?;
    wait_until("the new configuration to be in force", 20, || {
        let list = passlist().ok()?;
        (list.contains("198.51.100.72") && !list.contains("198.51.100.71")).then_some(())
    })?;
    let bad = [
        ("[passlist]\naddresses = [\"192.0.2.3\"]\n[capture]\nringsize = 5\n", "ringsize"),
        ("[passlist]\naddresses = [\"192.0.2.3/77\"]\n", "192.0.2.3/77"),
        ("[passlist]\naddresses = [\"192.0.2.3\"]\n[respond]\nenabled = \"maybe\"\n", "maybe"),
        ("[passlist\n", "picket.toml"),
    ];
    for (text, complaint) in bad {
        let seen = agent.errors().len();
        installation.configure(text)?;
        agent.signal(Signal::HUP)?;
        wait_until("a complaint about the bad configuration", 20, || {
            agent.errors().from(seen).iter().any(|l| l.contains(complaint)).then_some(())
        })
        .with_context(|| format!("stderr should name {complaint:?}"))?;
        let list = passlist()?;
        ensure!(
            list.contains("198.51.100.72") && !list.contains("192.0.2.3"),
            "a bad configuration changed what is in force: {list}"
        );
    }
    let mut ledger = Ledger::default();
    gets(&server, &mut server.connect(false)?, "reloaded", 5, &mut ledger)?;
    agent.check(&ledger)?;
    Ok(vec![format!("one good and {} bad configurations", bad.len())])
}

/// A ring buffer too small for what comes while the agent stands still: what is lost is counted, the
/// service does not notice, and every connection finds its feet.
pub fn loss(site: &Site) -> Result<Vec<String>> {
    const CONNECTIONS: usize = 20;
    const EACH: usize = 50;
    let server = nginx::start(&Place::host(site)?)?;
    let installation = Installation::new(site, "picket")?;
    installation.configure("[capture]\nrings = 1\nring_size = \"64 KiB\"\n")?;
    let agent = installation.start()?;
    let mut ledger = Ledger::default();
    let open: Result<Vec<_>> = (0..CONNECTIONS).map(|n| server.connect(n % 2 == 1)).collect();
    let mut open = open?;
    let before = installation.stats()?;
    agent.signal(Signal::STOP)?;
    for _ in 0..EACH {
        for connection in &mut open {
            gets(&server, connection, "loss", 1, &mut ledger)?;
        }
    }
    agent.signal(Signal::CONT)?;
    // The counters can be read again when the agent answers.
    let after = installation.stats()?;
    let count = |key: &str| Ok::<_, anyhow::Error>(after.kernel(key)? - before.kernel(key)?);
    let (records, lost) = (count("records")?, count("ring_full")?);
    // As long as the ring is full of what came before, the next ones are lost, too.
    let mut between = Ledger::default();
    wait_until("requests to be reported again", 60, || {
        gets(&server, &mut open[0], "between", 1, &mut between).ok()?;
        agent.output().any(|line| line.contains("/between/")).then_some(())
    })?;
    let mut later = Ledger::default();
    for _ in 0..3 {
        for connection in &mut open {
            gets(&server, connection, "after-loss", 1, &mut later)?;
        }
    }
    let last = later.last_path().context("requests were sent after the loss")?.to_owned();
    agent.wait_for_report("the last request after the loss", |r| r.path() == last)?;
    let reports = agent.stop()?;
    let (during, afterwards): (Vec<_>, Vec<_>) = reports
        .into_iter()
        .filter(|r| !r.path().contains("/between/"))
        .partition(|r| !r.path().contains("/after-loss/"));
    let (missing, statusless) = ledger.check_with_loss(&during)?;
    // The first response after a loss may belong to a request that was lost: it is paired with none.
    let (missed, unpaired) = later.check_with_loss(&afterwards).context("after the loss")?;
    ensure!(missed == 0, "{missed} requests after the loss are missing");
    ensure!(
        unpaired <= CONNECTIONS,
        "{unpaired} requests after the loss have no status, on {CONNECTIONS} connections"
    );
    let sent = ledger.len();
    ensure!(
        lost > 0,
        "nothing was lost: {records} records of {sent} requests fit; the scenario shows nothing"
    );
    ensure!(missing + statusless > 0, "{lost} records were lost, yet every request and status was reported");
    // A request is one packet, a response at least one: each is a record or a counted loss.
    ensure!(
        records + lost >= 2 * sent as u64,
        "{records} records and {lost} lost: fewer than two for each of {sent}"
    );
    let unseen = (missing + statusless) as u64;
    ensure!(unseen <= lost, "{unseen} requests or responses were not reported, but only {lost} records lost");
    Ok(vec![format!(
        "{sent} requests: {} reported, {missing} missing, {statusless} without status; {records} records, {lost} counted as lost",
        sent - missing
    )])
}

/// What is held when it did not change for [`QUIET`].
fn settled<T: PartialEq>(now: impl Fn() -> T) -> Result<T> {
    let mut held = (now(), Instant::now());
    wait_until("what the kernel holds to stay the same", 30, || {
        let counts = now();
        if counts != held.0 {
            held = (counts, Instant::now());
        }
        (held.1.elapsed() >= QUIET).then_some(())
    })?;
    Ok(held.0)
}

/// Longer than an agent takes from one library to the next.
const QUIET: Duration = Duration::from_secs(3);
