//! What outlives an agent that is killed in the middle of its work, and a database that is damaged.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::town::{Town, address, one_rule};
use super::visitor::encoded;
use crate::agent::{Agent, Installation};
use crate::patience::{in_vm, wait_until};
use crate::random::Random;
use crate::site::Site;

/// Attacks on the shop, one after the other, until they are told to stop.
struct Attacks {
    stop: AtomicBool,
}

impl Attacks {
    fn go_on(&self, town: &Town, host: u8) -> Result<()> {
        let mut attacker = town.visitor(address(0, 240, host));
        let mut number = 0;
        while !self.stop.load(Ordering::Relaxed) {
            number += 1;
            let attack = format!("<script>alert({number})</script>");
            attacker.get(&format!("/greet?name={}", encoded(&attack)), 200)?;
            // A few hundred a second of each: more only keeps an agent that was built for debugging from its start.
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

/// SIGKILL at random moments under load: what the agent ever showed is there for good.
pub fn fifty_times(site: &Site) -> Result<Vec<String>> {
    let times: u8 = if in_vm() { 5 } else { 50 };
    let town = Town::new(site)?;
    let installation = town.installation(site, &one_rule(site)?)?;
    let attacks = Attacks { stop: AtomicBool::new(false) };
    let (shown, blocked) = std::thread::scope(|scope| {
        let attackers: Vec<_> = (1..=3)
            .map(|host| {
                scope.spawn({
                    let (attacks, town) = (&attacks, &town);
                    move || attacks.go_on(town, host)
                })
            })
            .collect();
        let result = kill_again_and_again(&installation, times);
        attacks.stop.store(true, Ordering::Relaxed);
        for attacker in attackers {
            attacker.join().map_err(|_| anyhow::anyhow!("an attacker panicked"))??;
        }
        result
    })?;
    let agent = installation.start()?;
    let there = ids(&installation.all("/v1/events")?)?;
    let lost: Vec<_> = shown.difference(&there).collect();
    ensure!(lost.is_empty(), "{} of {} events that were shown are gone: {lost:?}", lost.len(), shown.len());
    let listed = denied(&installation)?;
    let gone: Vec<_> = blocked.difference(&listed).collect();
    ensure!(gone.is_empty(), "{} of {} blocks are gone: {gone:?}", gone.len(), blocked.len());
    agent.stop()?;
    Ok(vec![format!(
        "{times} kills under load; {} requests answered; {} events were shown before a kill, and all of them are there; so are {} blocks",
        town.asked()?,
        shown.len(),
        blocked.len()
    )])
}

/// Gives the ids of the events that were shown, and the blocks that were made.
fn kill_again_and_again(
    installation: &Installation<'_>,
    times: u8,
) -> Result<(HashSet<String>, BTreeSet<String>)> {
    let mut random = Random::new(0x5161);
    let (mut shown, mut blocked) = (HashSet::new(), BTreeSet::new());
    for time in 1..=times {
        let agent = installation.start().with_context(|| format!("start number {time}"))?;
        let before = denied(installation)?;
        let gone: Vec<_> = blocked.difference(&before).collect();
        ensure!(gone.is_empty(), "blocks are gone after kill number {}: {gone:?}", time - 1);
        let net = format!("203.0.113.{time}");
        installation.block(&net, Some("1h"))?;
        blocked.insert(net);
        // Sometimes right away, sometimes after a second of work.
        let lives = Duration::from_millis(random.below(700) as u64);
        let now: HashSet<String> = std::thread::scope(|scope| {
            let watching = scope.spawn(|| watch(installation));
            std::thread::sleep(lives);
            let killed = agent.kill();
            let seen = watching.join().map_err(|_| anyhow::anyhow!("the watcher panicked"))?;
            killed.map(|_| seen)
        })?;
        shown.extend(now);
    }
    Ok((shown, blocked))
}

/// Asks for the newest events again and again, until the agent is gone. What it shows is acknowledged.
fn watch(installation: &Installation<'_>) -> HashSet<String> {
    let mut shown = HashSet::new();
    while let Ok(seen) = installation.newest("/v1/events").and_then(|events| ids(&events)) {
        shown.extend(seen);
    }
    shown
}

fn ids(events: &[Value]) -> Result<HashSet<String>> {
    events.iter().map(|event| Ok(event["id"].as_str().context("an event has an id")?.to_owned())).collect()
}

/// The denylist.
fn denied(installation: &Installation<'_>) -> Result<BTreeSet<String>> {
    let list = installation.json(&["denylist"])?;
    let entries = list["entries"].as_array().or_else(|| list["items"].as_array());
    let entries = entries.with_context(|| format!("picket denylist --json has no entries: {list}"))?;
    Ok(entries.iter().filter_map(|entry| entry["net"].as_str()).map(str::to_owned).collect())
}

/// Half of a brute force before a kill, half after it: it is one, and told once, however often the agent is killed.
pub fn resumed(site: &Site) -> Result<Vec<String>> {
    const ROUNDS: u8 = 5;
    const HALF: usize = 8;
    let town = Town::new(site)?;
    let installation = town.installation(site, &one_rule(site)?)?;
    let fail = |round: u8, times: usize| -> Result<()> {
        let mut attacker = town.visitor(address(0, 241, round));
        (0..times).try_for_each(|n| attacker.fail_to_log_in(&format!("user{round}"), &format!("autumn{n}")))
    };
    let stored = |round: u8, count: usize| {
        let query = format!(
            "/v1/events?query={}",
            encoded(&format!(
                "@business.name:users.login.failure client_ip:{} service:nginx",
                address(0, 241, round)
            ))
        );
        wait_until(&format!("{count} failures of round {round} to be stored"), 20, || {
            (installation.newest(&query).ok()?.len() >= count).then_some(())
        })
    };
    let told = |agent: &Agent<'_>, round: u8| {
        let who = address(0, 241, round).to_string();
        agent.signals().from(0).iter().filter(|line| line.contains(&who)).count()
    };
    for round in 1..=ROUNDS {
        let agent = installation.start()?;
        fail(round, HALF)?;
        stored(round, HALF)?;
        ensure!(told(&agent, round) == 0, "{HALF} failures are a signal already");
        agent.kill()?;
        let agent = installation.start()?;
        fail(round, HALF)?;
        wait_until(&format!("the signal of round {round}, of failures before and after a kill"), 10, || {
            (told(&agent, round) == 1).then_some(())
        })?;
        stored(round, 2 * HALF)?;
        agent.kill()?;
        // It goes on, and is not told again.
        let agent = installation.start()?;
        fail(round, 3)?;
        stored(round, 2 * HALF + 3)?;
        ensure!(told(&agent, round) == 0, "what went on over a kill was told again");
        agent.kill()?;
    }
    let agent = installation.start()?;
    let signals = installation.all(&format!("/v1/signals?query={}", encoded("rule:brute-force")))?;
    let groups: BTreeSet<String> = signals.iter().map(|signal| signal["group"].to_string()).collect();
    ensure!(
        signals.len() == usize::from(ROUNDS) && groups.len() == signals.len(),
        "{} signals of {} brute forces, not one of each of {ROUNDS}: {signals:#?}",
        signals.len(),
        groups.len()
    );
    agent.stop()?;
    Ok(vec![format!("{ROUNDS} brute forces, each over two kills, are {} signals", signals.len())])
}

/// A way to damage a database, and what it is called.
type Damage = (&'static str, fn(&PathBuf) -> Result<()>);

const DAMAGES: [Damage; 3] = [
    ("pages in its middle are overwritten", |file| {
        let length = file.metadata()?.len();
        let mut file = OpenOptions::new().write(true).open(file)?;
        for part in [2, 3] {
            file.seek(SeekFrom::Start(length / 4 * part / 4096 * 4096))?;
            file.write_all(&[0xa5; 8192])?;
        }
        Ok(())
    }),
    ("its second half is missing", |file| {
        Ok(OpenOptions::new().write(true).open(file)?.set_len(file.metadata()?.len() / 2)?)
    }),
    ("it is no database", |file| Ok(fs::write(file, "not a database\n".repeat(1000))?)),
];

/// A damaged database: the agent says what is wrong and where the file is, and goes on, its blocks in force.
pub fn damaged(site: &Site) -> Result<Vec<String>> {
    let town = Town::new(site)?;
    let mut notes = Vec::new();
    for (number, (what, damage)) in (1u8..).zip(DAMAGES) {
        let installation = town.installation_named(site, &format!("picket-{number}"), &one_rule(site)?)?;
        let agent = installation.start()?;
        let mut attacker = town.visitor(address(0, 242, number));
        for n in 0..150 {
            attacker
                .get(&format!("/greet?name={}", encoded(&format!("<script>alert({n})</script>"))), 200)?;
        }
        agent.wait_for(300);
        installation.block("203.0.113.77", None)?;
        agent.stop()?;
        let file = installation.state().join("store/picket.db");
        damage(&file).with_context(|| what.to_owned())?;

        let agent = installation.start().with_context(|| format!("after {what}"))?;
        let said = agent.errors().from(0);
        let line = said.iter().find(|line| line.contains("the store was corrupt"));
        let line = line.with_context(|| format!("{what}: nothing is said of it: {said:#?}"))?;
        // Beside it lie its journal and SQLite's index of that.
        let kept = fs::read_dir(installation.state().join("store"))?.flatten().find(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("picket.db.corrupt-") && name.ends_with('Z')
        });
        let kept = kept.with_context(|| format!("{what}: the corrupt file is not kept"))?.path();
        ensure!(
            line.contains(&kept.display().to_string()),
            "{what}: {line} does not name {}",
            kept.display()
        );
        ensure!(
            denied(&installation)?.contains("203.0.113.77"),
            "{what}: the block is not in force any more"
        );
        attacker.get(&format!("/greet-after?name={}", encoded("<script>alert(1)</script>")), 404)?;
        let query = format!("/v1/events?query={}", encoded("@path:/greet-after"));
        wait_until("an event after the damage to be stored", 10, || {
            (!installation.newest(&query).ok()?.is_empty()).then_some(())
        })?;
        let left = installation.all("/v1/events")?.len();
        agent.stop()?;
        notes.push(format!("{what}: it goes on, {left} events are there"));
    }
    Ok(notes)
}
