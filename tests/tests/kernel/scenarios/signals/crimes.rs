//! All attackers at once, before one agent.

use std::collections::HashSet;
use std::sync::Mutex;

use anyhow::{Result, anyhow, ensure};
use picket::detect::Signal;
use picket::detect::rules;

use super::attackers::{self, Attacker, Street};
use super::raised;
use super::replayed;
use super::town::Town;
use crate::agent::Report;
use crate::site::Site;

/// Rules that no attacker is there for: seconds are not enough ([`super::replayed`]), or it needs to be known where clients are
/// ([`super::elsewhere`]).
const ELSEWHERE: [&str; 2] = ["attack-spike", "new-country"];

/// Each attacker raises its signals, and nobody raises another.
pub fn all_at_once(site: &Site) -> Result<Vec<String>> {
    let town = Town::new(site)?;
    let installation = town.installation(site, "")?;
    let before = town.asked()?;
    let agent = installation.start()?;
    let streets = commit(&town)?;
    let asked = town.asked()? - before;
    agent.wait_for(2 * asked);
    let lines = agent.signals().clone();
    let reports = agent.stop()?;
    ensure!(reports.len() >= 2 * asked, "{} of {} requests on both hops", reports.len(), 2 * asked);
    let signals = raised::read(&lines.from(0))?;
    let wrong = compare(&streets, &signals, &town, &reports);
    ensure!(wrong.is_empty(), "{} attackers raised something else:\n{}", wrong.len(), wrong.join("\n"));
    replayed::attack_spike(&reports)?;
    Ok(vec![
        format!("{} attackers, {asked} requests, {} signals", streets.len(), signals.len()),
        "attack-spike raised by what was recorded, in event time".to_owned(),
    ])
}

/// Lets them all loose, each on a thread.
fn commit(town: &Town) -> Result<Vec<(&'static Attacker, Street<'_>)>> {
    let streets: Vec<_> = attackers::all()
        .enumerate()
        .map(|(number, attacker)| Ok((attacker, Street::new(town, number)?)))
        .collect::<Result<_>>()?;
    let mut rules: Vec<String> = rules::builtin()?.into_iter().map(|rule| rule.id.to_string()).collect();
    rules.retain(|rule| !ELSEWHERE.contains(&&**rule) && streets.iter().all(|(a, _)| a.rule != rule));
    ensure!(rules.is_empty(), "nobody is there for {rules:?}");
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for (attacker, street) in &streets {
            let failed = &failed;
            scope.spawn(move || {
                if let Err(error) = (attacker.act)(street)
                    && let Ok(mut failed) = failed.lock()
                {
                    failed.push(format!("{}: {error:#}", attacker.rule));
                }
            });
        }
    });
    let failed = failed.into_inner().map_err(|_| anyhow!("an attacker panicked"))?;
    ensure!(failed.is_empty(), "attackers that came not far:\n{}", failed.join("\n"));
    Ok(streets)
}

/// What is wrong, by attacker.
fn compare(
    streets: &[(&Attacker, Street<'_>)],
    signals: &[Signal],
    town: &Town,
    reports: &[Report],
) -> Vec<String> {
    let known: HashSet<&str> = reports.iter().filter_map(|report| report.at("/id").as_str()).collect();
    let mut wrong = Vec::new();
    let mut theirs = 0;
    for (attacker, street) in streets {
        let mut raised: Vec<&Signal> =
            signals.iter().filter(|signal| is_theirs(signal, attacker, street)).collect();
        theirs += raised.len();
        let shown: Vec<_> = raised.iter().map(|signal| brief(signal)).collect();
        for signal in &raised {
            if let Err(error) = is_told(signal, street, town, &known) {
                wrong.push(format!("{}: {error}: {signal:#?}", attacker.rule));
            }
        }
        let mut missing = Vec::new();
        for (rule, severity) in attacker.raises {
            let fits = |signal: &&Signal| signal.rule == *rule && signal.severity.name() == *severity;
            match raised.iter().position(fits) {
                Some(at) => drop(raised.remove(at)),
                None => missing.push(format!("{rule} {severity}")),
            }
        }
        if !missing.is_empty() || !raised.is_empty() {
            wrong.push(format!(
                "{} ({}): without {missing:?}; raised {shown:#?}",
                attacker.rule, attacker.about
            ));
        }
    }
    if theirs != signals.len() {
        let mut nobodys =
            signals.iter().filter(|signal| !streets.iter().any(|(a, street)| is_theirs(signal, a, street)));
        wrong.push(format!(
            "{theirs} of {} are somebody's; nobody's: {:#?}",
            signals.len(),
            nobodys.by_ref().map(brief).collect::<Vec<_>>()
        ));
    }
    wrong
}

/// A signal is that attacker's whose address is among its actors. One about a service as a whole has more of them.
fn is_theirs(signal: &Signal, attacker: &Attacker, street: &Street<'_>) -> bool {
    let of_service = signal.group.keys().all(|facet| facet == "service");
    match of_service {
        true => signal.rule == attacker.rule,
        false => signal.actors.iter().any(|ip| street.is_from_here(ip)),
    }
}

/// Who, what and where are right.
fn is_told(signal: &Signal, street: &Street<'_>, town: &Town, known: &HashSet<&str>) -> Result<()> {
    for (facet, value) in &signal.group {
        let right = match facet.as_str() {
            "client_ip" => street.is_from_here(value),
            "@usr.login" | "user.id" => *value == street.user(0),
            // The request counts where it was answered.
            "service" => *value == town.shop.application.service.name,
            _ => !value.is_empty(),
        };
        ensure!(right, "{facet} {value:?} is somebody else");
    }
    ensure!(signal.services == [&*town.shop.application.service.name], "services are {:?}", signal.services);
    ensure!(signal.counts.events > 0 && !signal.events.is_empty(), "it is about nothing");
    let strange = signal.events.iter().find(|sample| !known.contains(&*sample.id));
    ensure!(strange.is_none(), "one of its events was never printed: {strange:?}");
    ensure!(!signal.title.is_empty() && !signal.message.is_empty(), "it says nothing");
    ensure!(!signal.message.contains("{{"), "its message is not complete");
    ensure!(!signal.user_agents.is_empty(), "it does not say with what program");
    Ok(())
}

fn brief(signal: &Signal) -> String {
    format!(
        "{} {} {:?} {:?} {}",
        signal.rule, signal.severity, signal.group, signal.counts.queries, signal.message
    )
}
