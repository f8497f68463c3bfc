//! A day on which nobody attacks. What people and programs do is done at the real shop and seen by a real agent; of what it
//! reported of each visit, a day is made: each visit many times, by many people, at the times at which people come.
//!
//! Event time makes that possible: detection rules know no other.

mod day;
mod visits;

use anyhow::{Result, ensure};
use picket::detect::{Change, Signal};
use picket::event::Event;

use self::day::Day;
use self::visits::VISITS;
use super::raised;
use super::town::Town;
use crate::site::Site;

/// A visit as it was reported: who of its addresses, and what.
pub type Recorded = Vec<(u8, Event)>;

/// A benign day raises nothing; the same day with one list of stolen passwords in it raises one signal.
pub fn day(site: &Site) -> Result<Vec<String>> {
    let (recorded, live) = record(site)?;
    ensure!(live.is_empty(), "the agent itself raised {} while nobody attacked: {live:#?}", live.len());
    let transactions: usize = recorded.iter().map(Vec::len).sum();
    let day = Day::of(&recorded)?;
    let signals = replay(day.events())?;
    ensure!(signals.is_empty(), "a day without attacks raised:\n{}", shown(&signals));
    let bad = day.with_stuffing(&recorded)?;
    let raised = replay(bad.events())?;
    let rules: Vec<&str> = raised.iter().map(|signal| &*signal.rule).collect();
    ensure!(
        rules == ["credential-stuffing"],
        "one list of passwords in that day raised:\n{}",
        shown(&raised)
    );
    Ok(vec![format!(
        "{} visits, {transactions} transactions recorded; a day of {} made of them raises nothing, and with a list of stolen \
         passwords in it, one signal",
        VISITS.len(),
        day.events().len(),
    )])
}

/// What an agent reports of each visit, and the signals that it printed.
fn record(site: &Site) -> Result<(Vec<Recorded>, Vec<String>)> {
    let town = Town::new(site)?;
    let installation = town.installation(site, "")?;
    let before = town.asked()?;
    let agent = installation.start()?;
    let (benign, bad): (Vec<_>, Vec<_>) =
        (0..).zip(VISITS).partition(|(_, visit)| !matches!(visit.rhythm, visits::Rhythm::Never));
    for (number, visit) in benign {
        (visit.go)(&visits::Person::new(&town, number))?;
    }
    agent.wait_for(2 * (town.asked()? - before));
    let live = agent.signals().from(0);
    for (number, visit) in bad {
        (visit.go)(&visits::Person::new(&town, number))?;
    }
    agent.wait_for(2 * (town.asked()? - before));
    let mut recorded: Vec<Recorded> = VISITS.iter().map(|_| Vec::new()).collect();
    let service = &*town.shop.application.service.name;
    for report in agent.stop()? {
        // nginx's half of each says the same.
        if report.at("/service/name") != service {
            continue;
        }
        let event = raised::event(&report)?;
        if let Some((number, host)) = visits::who(event.client_ip)
            && let Some(visit) = recorded.get_mut(number)
        {
            visit.push((host, event));
        }
    }
    for (visit, recorded) in VISITS.iter().zip(&mut recorded) {
        ensure!(!recorded.is_empty(), "nothing was reported of {}", visit.name);
        recorded.sort_by_key(|(_, event)| event.time);
    }
    Ok((recorded, live))
}

/// What is raised by events in the order of their time.
fn replay(events: &[Event]) -> Result<Vec<Signal>> {
    let mut detection = raised::detection()?;
    let mut changes: Vec<Change> = Vec::new();
    for (number, event) in events.iter().enumerate() {
        let now = raised::nanoseconds(event);
        detection.observe(event, now, &mut changes);
        // The agent does so once a second.
        if number % 64 == 0 {
            detection.advance(now, &mut changes);
        }
    }
    let (stats, _) = detection.stats();
    ensure!(stats.late == 0, "{} events came late", stats.late);
    ensure!(stats.taken > 0, "no query held of any of {} events", events.len());
    Ok(raised::latest(changes))
}

fn shown(signals: &[Signal]) -> String {
    signals.iter().map(|s| format!("{} {} {:?} {}\n", s.rule, s.severity, s.group, s.message)).collect()
}
