//! Signals of a month, as a host that is probed all day has them, with events of the store for samples.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use picket::{
    detect::Signal,
    query::{EVENTS, Query},
    store::{Change, SignalRow, Store, read::Between},
};
use serde_json::json;
use uuid::Uuid;

use crate::bench::{
    rules::random::Random,
    store::{DAY, DAYS, options},
};

/// How many.
const SIGNALS: usize = 2000;
/// Rules, what they say, and how bad it is.
const KINDS: [(&str, &str, &str); 5] = [
    ("scanner", "Security scanner", "low"),
    ("attack-tool", "Attack attempts by a known tool", "medium"),
    ("sql-injection", "SQL injection that seems to have worked", "high"),
    ("credential-stuffing", "Credential stuffing", "high"),
    ("brute-force", "Brute force on a login", "medium"),
];

/// Puts them in, unless there are some. The newest end now (nanoseconds since the epoch).
pub fn fill(directory: &Path, now: i64) -> Result<()> {
    let store = Store::open(directory, &options())?;
    let any = Query::parse("")?.to_sql(&EVENTS)?;
    let reader = store.reader();
    let events = reader.events(&any, Between::any(), 500, None).context("the newest events")?.rows;
    if !reader.signals_by_rule()?.is_empty() {
        return Ok(());
    }
    let mut random = Random::new(11);
    let mut changes = Vec::new();
    for number in 0..SIGNALS {
        let (rule, title, severity) = random.one(&KINDS);
        let event = events.get(number % events.len().max(1)).context("an event")?;
        let back = DAYS * DAY * i64::try_from(SIGNALS - 1 - number)? / i64::try_from(SIGNALS)?;
        let (last, first) = (now - back, now - back - i64::try_from(random.below(7200))? * 1_000_000_000);
        let [first_seen, last_seen] = [first, last].map(|time| Timestamp::from_nanosecond(i128::from(time)));
        let (first_seen, last_seen) = (first_seen?, last_seen?);
        let millis = u64::try_from(first / 1_000_000)?;
        let id =
            Uuid::from_u64_pair(millis << 16 | 0x7000 | number as u64 & 0xfff, 1 << 63 | random.next() >> 2);
        let status = if number + 40 > SIGNALS { "open" } else { "archived" };
        let client = format!("203.{}.{}.{}", random.below(5), random.below(100), random.below(100));
        let stage = |stage: &str, what: &str, count: u64| {
            json!({"stage": stage, "what": what, "first_seen": first_seen, "last_seen": last_seen, "count": count,
                "event": event.id})
        };
        let signal: Signal = serde_json::from_value(json!({
            "id": id, "rule": rule, "title": title, "severity": severity, "status": status,
            "message": format!("{client} sent {} attacks to shop.", 10 + number % 90),
            "first_seen": first_seen, "last_seen": last_seen, "group": {"client_ip": client},
            "counts": {"events": 10 + number % 90, "queries": {}, "attacks": 10 + number % 90, "blocked": 0},
            "actors": [client], "services": ["shop"], "user_agents": ["Mozilla/5.0 (X11; Linux x86_64)"],
            "events": events.iter().skip(number % 480).take(8)
                .map(|event| json!({"id": event.id, "time": first_seen, "what": "sql_injection"})).collect::<Vec<_>>(),
            "timeline": [stage("probing", "security_scanner", 7), stage("attempt", "sql_injection", 20), stage("success_hint", "500", 2)],
            "tags": ["category:attack_attempt"],
        }))?;
        changes.push(Change::Signal {
            row: SignalRow {
                id: id.to_string(),
                time: last,
                first_seen: first,
                rule: rule.to_owned(),
                severity: severity.to_owned(),
                status: status.to_owned(),
                assignee: None,
                json: serde_json::to_string(&signal)?,
            },
            events: signal.events.iter().map(|sample| sample.id.clone()).collect(),
        });
    }
    for some in changes.chunks(100) {
        let ack = store.handle().write(some.to_vec()).context("signals")?;
        ack.wait(Duration::from_secs(60)).context("signals")?;
    }
    ensure!(!reader.signals_by_rule()?.is_empty(), "no signal was stored");
    Ok(())
}
