//! Two rules that need days: what was seen in seconds, at other times.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context, Result, ensure};
use jiff::{Span, Timestamp};
use picket::detect::{Change, Signal};
use picket::event::Event;

use super::raised;
use crate::agent::Report;
use crate::random::Random;

/// 2026-11-22T00:00:00Z.
const BEGIN: i64 = 1_795_305_600;

/// `attack-spike` learns for a day what is usual: an attack in five minutes, some more, none, then 150 of them.
pub fn attack_spike(reports: &[Report]) -> Result<()> {
    let attack = reports.iter().find(|report| {
        report.at("/service/name") != "nginx"
            && report.matches().iter().any(|found| found["tags"]["type"] == "xss")
    });
    let attack = raised::event(attack.context("no attack was reported")?)?;
    let mut random = Random::new(0x3344);
    let mut detection = raised::detection()?;
    let mut changes = Vec::new();
    let mut number = 0u32;
    let mut happen = |second: i64, changes: &mut Vec<Change>| -> Result<()> {
        number += 1;
        let mut event: Event = attack.clone();
        event.time = Timestamp::from_second(BEGIN + second)?;
        // Somebody else each time: nobody does it often.
        event.client_ip = IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + number));
        event.chain = None;
        detection.observe(&event, raised::nanoseconds(&event), changes);
        Ok(())
    };
    const DAYS: i64 = 2;
    for bucket in 0..DAYS * 288 {
        for attack in 0..random.below(4) {
            happen(bucket * 300 + i64::try_from(attack)? * 70, &mut changes)?;
        }
    }
    ensure!(changes.is_empty(), "an ordinary day of attacks raised {:#?}", raised::latest(changes));
    for attack in 0..150 {
        happen(DAYS * 86_400 + attack, &mut changes)?;
    }
    one(&raised::latest(changes), "attack-spike", "medium")
}

/// `new-country` learns for a week: a login a day from home, then one from another country.
pub fn new_country(home: &Report, away: &Report) -> Result<()> {
    let (home, away) = (raised::event(home)?, raised::event(away)?);
    let mut detection = raised::detection()?;
    let mut changes = Vec::new();
    for day in 0..12 {
        for login in [&home, &away].into_iter().take(if day == 11 { 2 } else { 1 }) {
            ensure!(changes.is_empty(), "a login from home raised {:#?}", raised::latest(changes));
            let mut event = login.clone();
            let hours = i64::from(event.client_geo == away.client_geo);
            event.time = Timestamp::from_second(BEGIN + day * 86_400)? + Span::new().hours(hours);
            detection.observe(&event, raised::nanoseconds(&event), &mut changes);
        }
    }
    one(&raised::latest(changes), "new-country", "low")
}

fn one(signals: &[Signal], rule: &str, severity: &str) -> Result<()> {
    let found: Vec<_> = signals.iter().map(|signal| (&*signal.rule, signal.severity.name())).collect();
    ensure!(found == [(rule, severity)], "{found:?} was raised, not {rule} {severity}");
    Ok(())
}
