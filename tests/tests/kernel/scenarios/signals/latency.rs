//! How long it takes from the last request that a signal needs to the signal.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::town::{Town, address};
use super::visitor::encoded;
use crate::patience::wait_until;
use crate::site::Site;

/// Signals that are measured, each of another address.
const COUNT: u8 = 200;
/// Requests that `sql-injection` needs.
const NEEDED: usize = 3;

/// 200 times: the time from before the last request is sent until the signal stands on standard output.
pub fn measured(site: &Site) -> Result<Vec<String>> {
    let town = Town::new(site)?;
    let installation = town.installation(site, "")?;
    let agent = installation.start()?;
    let target = format!("/items?name={}", encoded("1' UNION SELECT NULL,NULL-- "));
    let mut attackers: Vec<_> = (1..=COUNT).map(|host| town.visitor(address(0, 250, host))).collect();
    for attacker in &mut attackers {
        for _ in 1..NEEDED {
            attacker.get(&target, 200)?;
        }
    }
    agent.wait_for(2 * (NEEDED - 1) * usize::from(COUNT));
    ensure!(agent.signals().len() == 0, "signals before anybody sent enough: {:?}", agent.signals().from(0));
    let mut took = Vec::new();
    for (number, attacker) in attackers.iter_mut().enumerate() {
        let began = Instant::now();
        attacker.get(&target, 200)?;
        let answered = began.elapsed();
        wait_until(&format!("signal {number}"), 5, || (agent.signals().len() > number).then_some(()))?;
        took.push((began.elapsed(), answered));
    }
    let signals = agent.signals().from(0);
    ensure!(
        signals.len() == usize::from(COUNT)
            && signals.iter().all(|line| line.contains("\"rule\":\"sql-injection\"")),
        "{} signals, not {COUNT} of sql-injection",
        signals.len()
    );
    agent.stop()?;
    let (mut all, mut own): (Vec<Duration>, Vec<Duration>) =
        took.into_iter().map(|(all, answered)| (all, all.saturating_sub(answered))).unzip();
    all.sort_unstable();
    own.sort_unstable();
    let at =
        |sorted: &[Duration], percent: usize| sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)];
    Ok(vec![format!(
        "{COUNT} signals: p50 {:?}, p99 {:?}, slowest {:?} from the sending of the last needed request; p50 {:?}, p99 {:?} from \
         its answer",
        at(&all, 50),
        at(&all, 99),
        at(&all, 100),
        at(&own, 50),
        at(&own, 99)
    )])
}
