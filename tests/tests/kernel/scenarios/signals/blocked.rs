//! What signals ask for is done, and what can't be enforced is said.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::town::{Town, address};
use super::visitor::encoded;
use crate::client::Request;
use crate::patience::wait_until;
use crate::site::Site;

/// Requests that `sql-injection` needs.
const NEEDED: usize = 3;

/// A signal's address is blocked in XDP; a client behind a trusted proxy is put on the list and not enforced, the proxy goes on; a user
/// who is blocked is marked; all of it is in the audit, and is taken back.
pub fn by_signals(site: &Site) -> Result<Vec<String>> {
    let town = Town::new(site)?;
    let (attacker, proxy, customer) = (address(0, 30, 1), address(1, 30, 1), address(0, 30, 2));
    let hidden = "203.0.113.50";
    let installation = town.installation(
        site,
        &format!(
            "[proxies]\ntrusted = [\"{proxy}\"]\n\n[[detection.responses]]\nrules = [\"sql-injection\"]\nseverity = \"low\"\n\
             action = \"block_ip\"\nfor = \"10m\"\n"
        ),
    )?;
    let agent = installation.start()?;
    let target = format!("/items?name={}", encoded("1' UNION SELECT NULL,NULL-- "));

    // Directly: three attacks, a signal, a block.
    let mut visitor = town.visitor(attacker);
    for _ in 0..NEEDED {
        visitor.get(&target, 200)?;
    }
    let attacker = attacker.to_string();
    let entry = installation.wait_for_block(&attacker)?;
    ensure!(
        entry.ends && entry.raw["enforced"] == true,
        "the block of {attacker} is not in force: {}",
        entry.raw
    );
    ensure!(
        entry.raw["origin"] == "signal",
        "the block does not say that it comes from a signal: {}",
        entry.raw
    );
    ensure!(
        !town.reaches(visitor.address())?,
        "{attacker} gets through although it is blocked: {}",
        entry.raw
    );
    let drops = installation.denied(&attacker)?.context("the block is listed while it stands")?.drops;
    ensure!(drops > 0, "no packet of {attacker} was dropped");
    ensure!(town.reaches(customer)?, "{customer} is out although only {attacker} is blocked");
    let id = entry.raw["signal"].as_str().context("the block names its signal")?.to_owned();
    let story = installation.cli_ok(&["signals", "show", &id])?.stdout;
    ensure!(
        story.contains(&format!("{attacker} blocked for 10m")),
        "the story does not say what was done:\n{story}"
    );

    // Behind a proxy: the same attack is on the list, and nobody else is kept out.
    let mut front = town.visitor(proxy);
    let attack = || Request::new("GET", &target).header("X-Forwarded-For", hidden);
    for _ in 0..NEEDED {
        front.ask(attack(), 200)?;
    }
    let entry = installation.wait_for_block(hidden)?;
    let why = entry.raw["not_enforced"].as_str().unwrap_or_default();
    ensure!(
        entry.raw["enforced"] == false && why.contains(&format!("come through the proxy {proxy}")),
        "the block of {hidden} does not say that it keeps nobody out: {}",
        entry.raw
    );
    ensure!(installation.denied(&proxy.to_string())?.is_none(), "the proxy was blocked");
    ensure!(town.reaches(proxy)?, "the proxy is out");
    front.ask(attack(), 200)?;
    agent.wait_for_report("an event marked with block_ip", |report| {
        report.at("/client_ip") == hidden && report.at("/security_response/block_ip") == true
    })?;

    // A user: said at the time of blocking, marked from then on.
    let said = installation.cli_ok(&["block", "--user", "user30", "--for", "10m"])?.stdout;
    ensure!(said.contains("detected, not enforced"), "picket block --user says: {said}");
    let mut alice = town.visitor(customer);
    alice.log_in("user30")?;
    agent.wait_for_report("an event marked with block_user", |report| {
        report.at("/user/id") == "user30" && report.at("/security_response/block_user") == true
    })?;

    // Who did what is written down, and all of it can be taken back.
    installation.unblock(&attacker)?;
    wait_until("the attacker to get through again", 10, || {
        town.reaches(visitor.address()).ok()?.then_some(())
    })?;
    installation.cli_ok(&["unblock", "--user", "user30"])?;
    let audit = installation.newest("/v1/audit")?;
    let has = |who: &str, action: &str, what: &str| {
        audit.iter().any(|entry: &Value| {
            entry["who"] == who
                && entry["action"] == action
                && entry["what"].as_str().is_some_and(|w| w.contains(what))
        })
    };
    for (who, action, what) in [
        ("picket", "block", attacker.as_str()),
        ("picket", "block", hidden),
        ("root", "block_user", "user30"),
        ("root", "unblock", &attacker),
        ("root", "unblock_user", "user30"),
    ] {
        ensure!(has(who, action, what), "the audit lacks {action} {what} by {who}: {audit:?}");
    }
    agent.stop()?;
    Ok(vec![format!(
        "{attacker} blocked by its signal, {drops} packets dropped; {hidden} behind {proxy} detected, not enforced; user30 marked; \
         {} lines of audit",
        audit.len()
    )])
}
