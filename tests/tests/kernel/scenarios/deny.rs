//! The denylist keeps attackers out, and nobody else; blocks end by themselves.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bpf::Inventory;
use crate::client::Request;
use crate::ground::{ATTACKER, Ground, HONEST, block_seconds};
use crate::load::Load;
use crate::site::Site;
use crate::workload::mark;

/// A request that every rule set takes for SQL injection.
fn attack() -> Request {
    Request::new("GET", mark("attack")).query("id=1%27%20UNION%20SELECT%20name,%20email%20FROM%20users--%20")
}

/// Attack events block their sender, honest clients go on, the block ends.
pub fn respond(site: &Site) -> Result<Vec<String>> {
    const EVENTS: usize = 3;
    let block = block_seconds(6);
    let ground = Ground::new(site)?;
    let rule = format!(
        "[respond]\nenabled = true\nevents = {EVENTS}\nwindow = \"60s\"\nblock_for = \"{block}s\"\nipv6_prefix = 128\n"
    );
    let installation = ground.installation(site, &rule)?;
    let agent = installation.start()?;
    let honest = HONEST
        .iter()
        .map(|a| Ok(Some((a.parse::<std::net::IpAddr>()?, 0).into())))
        .collect::<Result<Vec<_>>>()?;
    let [v4, v6] = [&honest[..1], &honest[1..]].map(<[_]>::to_vec);
    // No request may be missed: each attack counts.
    let pause = Duration::from_millis(4);
    let loads = [
        Load::paced(ground.service(HONEST[0])?, Some(ground.outside.clone()), v4, 50, pause),
        Load::paced(ground.service(HONEST[1])?, Some(ground.outside.clone()), v6, 50, pause),
    ];
    let mut notes = Vec::new();
    for attacker in ATTACKER {
        let mut connection = ground.connect(attacker)?;
        for _ in 0..EVENTS - 1 {
            connection.exchange(&attack())?;
        }
        for _ in 0..EVENTS - 1 {
            agent.wait_for_report("the attack events", |r| r.is_event() && r.at("/client_ip") == attacker)?;
        }
        ensure!(ground.reaches(attacker)?, "{attacker} is blocked after {} events, not {EVENTS}", EVENTS - 1);
        connection.exchange(&attack())?;
        let began = Instant::now();
        let entry = installation.wait_for_block(attacker)?;
        ensure!(entry.ends, "the block of {attacker} does not end: {}", entry.raw);
        ensure!(!ground.reaches(attacker)?, "{attacker} gets through although it is blocked: {}", entry.raw);
        let entry = installation.denied(attacker)?.context("the block is listed while it stands")?;
        ensure!(entry.drops > 0, "no packet of {attacker} was dropped: {}", entry.raw);
        for load in &loads {
            load.wait_for_more(50).context("the honest client, while the attacker is blocked")?;
        }
        ground.wait_until_reached(attacker, block + 10)?;
        let lasted = began.elapsed();
        // The listing took a moment after the block began: a little less than its time is right.
        ensure!(lasted > Duration::from_secs(block - 1), "the block of {attacker} lasted {lasted:?} only");
        ground.connect(attacker)?.exchange(&Request::new("GET", mark("attack")))?;
        notes.push(format!(
            "{attacker}: {EVENTS} events, blocked, {} packets dropped, ended by itself",
            entry.drops
        ));
    }
    let mut answered = 0;
    for load in loads {
        answered += load.stop().context("the honest client")?;
    }
    notes.push(format!("{answered} requests of honest clients, none failed"));
    agent.stop()?;
    Ok(notes)
}

/// `picket block`, `unblock`, `denylist`, `passlist`: single addresses and networks of both families.
pub fn by_hand(site: &Site) -> Result<Vec<String>> {
    let ground = Ground::new(site)?;
    let installation = ground.installation(site, "[passlist]\naddresses = [\"10.77.0.4\", \"fd77::4\"]\n")?;
    let agent = installation.start()?;
    let [attacker4, attacker6] = ATTACKER;
    let [honest4, honest6] = HONEST;
    // What is blocked; who is out then; who is not.
    let cases = [
        (attacker4, vec![attacker4], vec![honest4, attacker6]),
        (attacker6, vec![attacker6], vec![honest6, attacker4]),
        ("10.77.0.2/31", vec![attacker4, honest4], vec![attacker6, honest6]),
        ("fd77::2/127", vec![attacker6, honest6], vec![attacker4, honest4]),
        // The passlist wins over a network that holds its addresses.
        ("10.77.0.0/29", vec![attacker4, honest4], vec!["10.77.0.4"]),
        ("fd77::/125", vec![attacker6, honest6], vec!["fd77::4"]),
    ];
    for (blocked, out, in_) in &cases {
        installation.block(blocked, None)?;
        let listed = installation.denied(blocked)?;
        ensure!(
            listed.is_some_and(|e| !e.ends),
            "picket denylist does not show {blocked} as a block without end"
        );
        for address in out {
            ensure!(!ground.reaches(address)?, "{address} gets through although {blocked} is blocked");
        }
        for address in in_ {
            ensure!(ground.reaches(address)?, "{address} is out although only {blocked} is blocked");
        }
        let drops = installation.denied(blocked)?.map_or(0, |e| e.drops);
        ensure!(drops > 0, "picket denylist counts no drop for {blocked}");
        installation.unblock(blocked)?;
        ensure!(
            installation.denied(blocked)?.is_none(),
            "picket denylist shows {blocked} after picket unblock"
        );
        for address in out {
            ground.wait_until_reached(address, 5)?;
        }
    }
    // A block for a time ends.
    installation.block(attacker4, Some(&format!("{}s", block_seconds(3))))?;
    ensure!(!ground.reaches(attacker4)?, "{attacker4} gets through although it is blocked for a few seconds");
    ground.wait_until_reached(attacker4, block_seconds(3) + 10)?;
    // The passlist wins, whichever comes first.
    let refused = installation.cli(&["block", "10.77.0.4"])?;
    ensure!(ground.reaches("10.77.0.4")?, "10.77.0.4 is on the passlist and was blocked: {}", refused.stderr);
    installation.block(attacker4, None)?;
    installation.passlist_add(attacker4)?;
    ground.wait_until_reached(attacker4, 5)?;
    let passlist = installation.json(&["passlist"])?.to_string();
    ensure!(passlist.contains(attacker4), "picket passlist does not show {attacker4}: {passlist}");
    for own in ["127.0.0.1", "::1", "10.77.0.1"] {
        let _ = installation.cli(&["block", own])?;
        ensure!(ground.reaches(honest4)?, "blocking {own} cut off {honest4}");
    }
    for wrong in ["10.77.0.300", "10.77.0.2/33", "shop.example", ""] {
        let output = installation.cli(&["block", wrong])?;
        ensure!(output.code.is_some_and(|c| c != 0), "picket block {wrong:?} did not fail");
        ensure!(!output.stderr.trim().is_empty(), "picket block {wrong:?} failed without a word");
    }
    agent.stop()?;
    Ok(vec![format!("{} blocks by hand, single addresses and networks, IPv4 and IPv6", cases.len() + 2)])
}

/// Blocks hold and end although the agent was killed; a restart adopts what stands.
pub fn agent_dead(site: &Site) -> Result<Vec<String>> {
    let ground = Ground::new(site)?;
    let installation = ground.installation(site, "")?;
    let agent = installation.start()?;
    let [short, long] = ATTACKER;
    let seconds = block_seconds(8);
    installation.block(short, Some(&format!("{seconds}s")))?;
    installation.block(long, Some("1h"))?;
    let began = Instant::now();
    ensure!(!ground.reaches(short)? && !ground.reaches(long)?, "the blocks are not in force");
    let dropped = installation.denied(long)?.map_or(0, |e| e.drops);
    agent.kill()?;
    ensure!(!ground.reaches(long)?, "{long} gets through as soon as the agent is dead");
    if began.elapsed() < Duration::from_secs(seconds * 5 / 8) {
        ensure!(!ground.reaches(short)?, "{short} gets through as soon as the agent is dead");
    }
    ensure!(
        ground.reaches(HONEST[0])? && ground.reaches(HONEST[1])?,
        "honest clients are out with the agent dead"
    );
    ground
        .wait_until_reached(short, seconds + 10)
        .context("the block has to end in the kernel, without an agent")?;
    let lasted = began.elapsed();
    ensure!(!ground.reaches(long)?, "{long} gets through before its hour is over");

    let agent = installation.start()?;
    ensure!(!ground.reaches(long)?, "{long} gets through after the agent's restart");
    let entry =
        installation.denied(long)?.context("the restarted agent does not list the block that stands")?;
    ensure!(
        entry.ends && entry.drops > dropped,
        "the adopted block lost its end or its count: {}",
        entry.raw
    );
    ensure!(installation.denied(short)?.is_none(), "the restarted agent lists a block that is over");
    installation.unblock(long)?;
    ground.wait_until_reached(long, 5)?;
    agent.stop()?;
    Ok(vec![format!(
        "a block of {seconds} s ended after {lasted:?} without an agent; one of 1 h was adopted"
    )])
}

/// `picket run --clean` removes everything from the kernel.
pub fn clean(site: &Site) -> Result<Vec<String>> {
    let before = Inventory::now();
    let ground = Ground::new(site)?;
    let installation = ground.installation(site, "")?;
    let agent = installation.start()?;
    installation.block(ATTACKER[0], None)?;
    let [programs, maps, links] = before.new_since().counts();
    ensure!(
        programs > 0 && maps > 0 && links > 0,
        "a running agent has programs, maps and links in the kernel"
    );
    agent.stop()?;
    ensure!(!ground.reaches(ATTACKER[0])?, "a block has to outlive the agent");
    installation.clean()?;
    ground.wait_until_reached(ATTACKER[0], 5)?;
    before.wait_until_gone()?;
    installation.clean().context("cleaning twice is no error")?;
    Ok(vec![format!("{programs} programs, {maps} maps and {links} links were loaded, none is left")])
}
