//! Logins from another country, where a GeoIP database says which one that is.

use std::fs;

use anyhow::{Context, Result, ensure};
use picket::detect::Signal;
use serde_json::{Value, json};

use super::town::{Town, address};
use super::{raised, replayed};
use crate::agent::{Agent, Installation, Report};
use crate::patience::wait_until;
use crate::site::Site;

/// Of another program's making: `tests/data/geo/make.py` has what is in it.
const PLACES: &[u8] = include_bytes!("../../../../data/geo/places.mmdb");
/// The rule that comes with Picket.
const RULE: &str = include_str!("../../../../../agent/detections/new-country.json");
const USER: &str = "user200";

/// With a database a login from another country is a signal; without one the rule is off, and said to be.
pub fn new_country(site: &Site) -> Result<Vec<String>> {
    let town = Town::new(site)?;
    without_a_database(site, &town)?;

    let (database, rule) = (site.dir().join("places.mmdb"), site.dir().join("new-country.json"));
    fs::write(&database, PLACES)?;
    // It learns for a week; this one does not.
    let mut impatient: Value = serde_json::from_str(RULE).context("the rule that comes with Picket")?;
    impatient["options"]["newValueOptions"]["learningDuration"] = json!(0);
    fs::write(&rule, impatient.to_string())?;
    let installation = town.installation(
        site,
        &format!(
            "[geoip]\ndatabase = \"{}\"\n\n[detection]\nrules = [\"{}\"]\n",
            database.display(),
            rule.display()
        ),
    )?;
    let agent = installation.start()?;
    ensure!(is_on(&installation)?, "the rule is off, though there is a database");
    log_in(&town, &installation, &agent, 1, 1)?;
    log_in(&town, &installation, &agent, 1, 2)?;
    ensure!(agent.signals().len() == 0, "logins from home raised {:?}", agent.signals().from(0));
    log_in(&town, &installation, &agent, 0, 1)?;
    wait_until("the signal of a login from another country", 20, || {
        (agent.signals().len() > 0).then_some(())
    })?;
    log_in(&town, &installation, &agent, 0, 2)?;
    let lines = agent.signals().clone();
    let reports = agent.stop()?;
    let signals = raised::read(&lines.from(0))?;
    is_told(&signals)?;

    let (home, away) = (login(&reports, "DE")?, login(&reports, "BR")?);
    ensure!(
        home.at("/client_geo/city") == "Bremen" && away.at("/client_geo/city") == "Recife",
        "{home} {away}"
    );
    // As it comes, with its week of learning: what was recorded, on other days.
    replayed::new_country(home, away)?;
    Ok(vec![format!(
        "without a database the rule is off and says why; with one, of four logins from DE and BR the third is a signal: {}",
        signals.first().map(|signal| &*signal.message).unwrap_or_default()
    )])
}

fn without_a_database(site: &Site, town: &Town) -> Result<()> {
    let installation = town.installation_named(site, "nowhere", "")?;
    let agent = installation.start()?;
    wait_until("a line that says why new-country is off", 10, || {
        let said = agent.errors().from(0);
        said.iter().any(|line| line.contains("new-country") && line.contains("[geoip]")).then_some(())
    })?;
    ensure!(!is_on(&installation)?, "the rule is on, though nothing says where anybody is");
    log_in(town, &installation, &agent, 1, 1)?;
    log_in(town, &installation, &agent, 0, 1)?;
    let signals = agent.signals().clone();
    let reports = agent.stop()?;
    ensure!(signals.len() == 0, "without a database: {:?}", signals.from(0));
    let placed = reports.iter().find(|report| report.at("/client_geo").is_object());
    ensure!(placed.is_none(), "without a database a client has a place: {placed:?}");
    Ok(())
}

/// Logs in from a host of a network and waits until it is stored, and so counted.
fn log_in(
    town: &Town,
    installation: &Installation<'_>,
    agent: &Agent<'_>,
    network: u8,
    host: u8,
) -> Result<()> {
    let from = address(network, 100, host);
    let before = agent.output().len();
    town.visitor(from).log_in(USER)?;
    // Both hops of it.
    agent.wait_for(before + 2);
    let query = super::visitor::encoded(&format!("@business.name:users.login.success client_ip:{from}"));
    wait_until(&format!("the login from {from} to be stored"), 20, || {
        let events = installation.newest(&format!("/v1/events?query={query}")).ok()?;
        (!events.is_empty()).then_some(())
    })
}

/// Whether the agent has the rule at work.
fn is_on(installation: &Installation<'_>) -> Result<bool> {
    let rules = installation.get("/v1/detection/rules")?;
    let rule = rules["items"].as_array().into_iter().flatten().find(|rule| rule["id"] == "new-country");
    let rule = rule.context("new-country among the rules")?;
    rule["enabled"].as_bool().context("whether it is enabled")
}

fn is_told(signals: &[Signal]) -> Result<()> {
    let found: Vec<_> = signals.iter().map(|signal| (&*signal.rule, signal.severity.name())).collect();
    ensure!(found == [("new-country", "low")], "{found:?} was raised, not one new-country");
    for signal in signals {
        let user = signal.group.get("user.id").map(String::as_str);
        ensure!(user == Some(USER), "it is about {user:?}, not {USER}");
        ensure!(signal.message.contains("BR"), "it does not say where from: {}", signal.message);
    }
    Ok(())
}

/// The login from a country, as the application's half of it was reported.
fn login<'r>(reports: &'r [Report], country: &str) -> Result<&'r Report> {
    let is_it = |report: &&Report| {
        report.at("/business/0/name") == "users.login.success" && report.at("/client_geo/country") == country
    };
    reports.iter().find(is_it).with_context(|| format!("no login from {country} was reported"))
}
