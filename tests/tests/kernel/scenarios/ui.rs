//! The web UI in a real browser: an agent, a shop, attackers, and people who look at it.

mod errands;
mod night;
mod walk;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use picket_tests::cache;
use serde_json::{Value, json};
pub use walk::walk;

use super::signals::town::{Town, address};
use super::signals::visitor::encoded;
use crate::agent::Installation;
use crate::client::Request;
use crate::patience;
use crate::process::log_to;
use crate::program;
use crate::site::Site;

/// Where the UI listens, in the network namespace of the agent.
const LISTEN: &str = "127.0.0.1:7180";
/// Texts that are scripts to a careless page; `tests/ui` looks whether one ran.
const HOSTILE: [&str; 3] =
    ["<script>zqx=1</script>", "\"><img src=x onerror=zqx=1>", "' onfocus=zqx=1 autofocus x='"];
/// Checks that `tests/ui` has, at least.
const CHECKS: u64 = 25;

/// Every page, every action, with a script and without, by whoever may and may not.
pub fn browser(site: &Site) -> Result<Vec<String>> {
    needed()?;
    let town = Town::new(site)?;
    let installation = town.installation(site, &listening())?;
    let agent = installation.start()?;
    attack(&town)?;
    // What a page is to show has to be stored.
    let from = address(0, 40, 1).to_string();
    patience::wait_until("signals in the store", 30, || {
        let signals = installation.json(&["signals", &format!("client_ip:{from}")]).ok()?;
        let events = installation.json(&["users"]).ok()?;
        let some = |list: &Value| list["items"].as_array().is_some_and(|items| !items.is_empty());
        (some(&signals) && some(&events)).then_some(())
    })?;

    let more = [("PICKET_UI_SHOP", format!("http://{}", Ipv4Addr::new(192, 0, 2, 1)))];
    let said = look(site, &town, &installation, "main.mjs", &more)?;
    let last = said.lines().last().unwrap_or_default().to_owned();
    let ran: u64 = last.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0);
    ensure!(ran >= CHECKS, "only {ran} checks ran, expected {CHECKS}:\n{said}");
    agent.stop()?;
    let figures =
        said.lines().filter(|line| line.ends_with(|c: char| c.is_alphanumeric()) && line.starts_with("ok"));
    Ok(figures.filter(|line| !line.ends_with("ms) ")).map(str::to_owned).chain([last]).collect())
}

/// Runs a script of `tests/ui` against an agent, with more in its environment; gives what it said when all went well.
fn look(
    site: &Site,
    town: &Town,
    installation: &Installation<'_>,
    script: &str,
    more: &[(&str, String)],
) -> Result<String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let mut command = Command::new(program::find("node")?);
    command
        .arg(tests.join(script))
        .env("PICKET_UI_URL", format!("http://{LISTEN}"))
        .env("PICKET_UI_LINKS", links(installation)?.to_string())
        .env("PICKET_UI_PACKAGES", packages())
        .env("PICKET_CHROMIUM", program::find("chromium")?)
        .env("PICKET_PATIENCE", patience::factor().to_string())
        .envs(more.iter().map(|(name, value)| (name, value)));
    let log = site.dir().join("browser.log");
    log_to(&mut command, &log)?;
    let mut process = town.run(site, "the tests in the browser", command)?;
    let pictures =
        ["PICKET_UI_SHOTS", "PICKET_UI_PICTURES"].iter().any(|name| std::env::var_os(name).is_some());
    let mut shown = 0;
    let status = patience::wait_until("the tests in the browser to end", 900, || {
        let ended = process.ended();
        // Who waits for pictures sits there and waits.
        if pictures {
            shown += tell(&log, shown);
        }
        ended
    })?;
    let said = std::fs::read_to_string(&log).context("what the tests in the browser said")?;
    ensure!(status.success(), "the tests in the browser:\n{said}");
    Ok(said)
}

/// Prints the lines of a log behind the first `shown`; gives how many there were.
fn tell(log: &Path, shown: usize) -> usize {
    let said = std::fs::read_to_string(log).unwrap_or_default();
    let whole = said.rfind('\n').map_or("", |end| &said[..end]);
    let new: Vec<&str> = whole.lines().skip(shown).collect();
    new.iter().for_each(|line| eprintln!("    {line}"));
    new.len()
}

/// Where the UI listens, as configuration.
fn listening() -> String {
    format!("[ui]\nlisten = \"{LISTEN}\"\n")
}

/// An attacker who tries SQL, one who tries scripts, one who guesses passwords, and customers.
fn attack(town: &Town) -> Result<()> {
    let mut sql = town.visitor(address(0, 40, 1));
    for number in 0..8 {
        sql.get(&format!("/items?name={}", encoded(&format!("{number}' UNION SELECT NULL,NULL-- "))), 200)?;
    }
    let mut scripts = town.visitor(address(0, 40, 2));
    for text in HOSTILE.iter().cycle().take(9) {
        let request =
            Request::new("GET", format!("/items?name={}", encoded(text))).header("User-Agent", *text);
        scripts.ask(request, 200)?;
    }
    let mut guesses = town.visitor(address(0, 40, 3));
    for number in 0..14 {
        guesses.fail_to_log_in("user41", &format!("guess{number}"))?;
    }
    for number in 0..3 {
        town.visitor(address(0, 41, number)).log_in(&format!("user4{number}"))?;
    }
    Ok(())
}

/// A link for each whom the tests log in.
fn links(installation: &Installation<'_>) -> Result<Value> {
    let link = |role: &str| -> Result<Value> {
        Ok(installation.json(&["ui", "login", "--role", role, "--name", role])?["url"].clone())
    };
    Ok(json!({ "admin": link("admin")?, "viewer": link("viewer")?, "leaver": link("responder")? }))
}

/// What scenarios with a browser can't do without; said before anything is started.
fn needed() -> Result<()> {
    program::find("node")?;
    program::find("chromium")?;
    Ok(())
}

/// Where `cargo xtask setup test` puts what drives the browser.
fn packages() -> PathBuf {
    cache::directory().join("npm/ui")
}
