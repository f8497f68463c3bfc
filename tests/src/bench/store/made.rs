//! Events as a host that is probed all day has them.

use picket::store::Facts;
use uuid::Uuid;

use crate::bench::rules::random::Random;

/// 2026-11-22T00:00:00Z, nanoseconds since the epoch.
pub const END: i64 = 1_795_305_600_000_000_000;
/// Nanoseconds of a day.
pub const DAY: i64 = 86_400_000_000_000;

const SERVICES: [&str; 6] = ["shop", "shop", "shop", "api", "blog", "admin"];
const METHODS: [&str; 5] = ["GET", "GET", "GET", "POST", "PUT"];
const STATUSES: [u16; 10] = [200, 200, 200, 200, 301, 401, 403, 404, 404, 500];
const TYPES: [&str; 12] = [
    "sql_injection",
    "sql_injection",
    "xss",
    "lfi",
    "security_scanner",
    "security_scanner",
    "command_injection",
    "ssrf",
    "java_code_injection",
    "php_code_injection",
    "http_protocol_violation",
    "nosql_injection",
];
/// Different clients; a few of them send most.
const CLIENTS: u64 = 50_000;
const USERS: u64 = 5000;

/// How much of an event's JSON there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// As events are.
    Whole,
    /// What identifies it: for many events on a small disk.
    Short,
    /// As events are in the newest fiftieth, which is what a list begins with; before, what identifies it.
    Newest,
}

/// Gives events in the order of their times.
pub struct Events {
    random: Random,
    body: Body,
    events: u64,
    number: u64,
    start: i64,
    step: i64,
}

impl Events {
    /// So many over so many days before `end`, nanoseconds since the epoch.
    pub fn new(events: u64, end: i64, days: i64, body: Body) -> Self {
        let step = days * DAY / i64::try_from(events.max(1)).unwrap_or(i64::MAX);
        Self { random: Random::new(7), body, events, number: 0, start: end - days * DAY, step }
    }

    /// Whether the next one has all its JSON.
    fn whole(&self) -> bool {
        match self.body {
            Body::Whole => true,
            Body::Short => false,
            Body::Newest => self.number >= self.events - self.events / 50,
        }
    }

    /// One of many, the first ones far more often: the cube of an even distribution.
    fn skewed(&mut self, of: u64) -> u64 {
        let even = self.random.below(1 << 20) as f64 / f64::from(1 << 20);
        (even * even * even * of as f64) as u64
    }

    fn facts(&mut self) -> Facts {
        let client = self.skewed(CLIENTS);
        // A client does its thing, mostly: one service, three kinds of attack, one program; now and then anything.
        let mut habit = Random::new(client);
        let own = [(); 3].map(|()| habit.one(&TYPES));
        let service = if self.random.percent(98) { habit.one(&SERVICES) } else { self.random.one(&SERVICES) };
        let kind = if self.random.percent(98) { self.random.one(&own) } else { self.random.one(&TYPES) };
        let attack = !self.random.percent(15);
        let count = 1 + self.random.below(3) * u64::from(self.random.percent(30));
        let mut rules: Vec<String> =
            (0..count).map(|_| format!("picket-{kind}-{:03}", self.skewed(20))).collect();
        rules.sort_unstable();
        rules.dedup();
        let path = match self.random.below(10) {
            0 => format!("/{:x}/{:x}.php", self.random.below(1000), self.random.below(100_000)),
            1..4 => format!("/product/{}", self.skewed(10_000)),
            _ => format!("/route/{}", self.skewed(200)),
        };
        Facts {
            time: self.start + self.step * i64::try_from(self.number).unwrap_or(0),
            kind: "event".to_owned(),
            service: service.to_owned(),
            client_ip: format!("203.{}.{}.{}", client / 10_000, client / 100 % 100, client % 100),
            user_id: self.random.percent(20).then(|| format!("user{}", self.skewed(USERS))),
            method: self.random.one(&METHODS).to_owned(),
            path,
            status: Some(self.random.one(&STATUSES)),
            blocked: self.random.percent(2),
            types: if attack { vec![kind.to_owned()] } else { Vec::new() },
            rules: if attack { rules } else { Vec::new() },
            business: if attack { Vec::new() } else { vec!["users.login.failure".to_owned()] },
        }
    }
}

impl Iterator for Events {
    type Item = (Uuid, Facts, String);

    fn next(&mut self) -> Option<Self::Item> {
        let facts = self.facts();
        let millis = u64::try_from(facts.time / 1_000_000).unwrap_or(0);
        let id = Uuid::from_u64_pair(
            millis << 16 | 0x7000 | self.number & 0xfff,
            1 << 63 | self.random.next() >> 2,
        );
        let json = if self.whole() { json(&id, &facts) } else { short(&id, &facts) };
        self.number += 1;
        Some((id, facts, json))
    }
}

/// As an event is, `docs/events.md`.
fn json(id: &Uuid, facts: &Facts) -> String {
    let matches: Vec<_> = facts
        .rules
        .iter()
        .map(|rule| {
            serde_json::json!({"rule": rule, "name": "Tautology in a comparison, as attackers write it",
                "tags": {"category": "attack_attempt", "confidence": "high", "type": facts.types.first()},
                "location": "query.q", "value": "' OR 1=1 UNION SELECT name, password FROM users --"})
        })
        .collect();
    serde_json::json!({
        "kind": facts.kind, "id": id, "time": time(facts),
        "service": {"name": facts.service, "port": 443, "pid": 812, "exe": "/usr/sbin/nginx",
            "cmdline": ["nginx: worker process"], "cgroup": "/system.slice/nginx.service"},
        "client_ip": facts.client_ip, "peer_ip": facts.client_ip, "peer_port": 40312,
        "tls": {"library": "OpenSSL 3.0.19", "version": "TLS 1.3", "cipher": "TLS_AES_256_GCM_SHA384",
            "sni": "shop.example", "ja4": "t13d1516h2_8daaf6152771_02713d6af862"},
        "method": facts.method, "host": "shop.example", "path": facts.path,
        "query": "q=%27+OR+1%3D1&token=<redacted>", "status": facts.status,
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0",
        "user": facts.user_id.as_ref().map(|id| serde_json::json!({"id": id, "source": "jwt"})), "matches": matches,
        "business": facts.business.iter().map(|name| serde_json::json!({"name": name})).collect::<Vec<_>>(), "blocked": facts.blocked, "duration_us": 1234,
        "truncated": false,
    })
    .to_string()
}

/// What identifies it, and what no event is without.
fn short(id: &Uuid, facts: &Facts) -> String {
    serde_json::json!({
        "kind": facts.kind, "id": id, "time": time(facts), "service": {"name": facts.service, "port": 443}, "client_ip": facts.client_ip,
        "peer_ip": facts.client_ip, "peer_port": 40312, "method": facts.method, "path": facts.path, "status": facts.status,
        "user_agent": "curl/8", "matches": [], "blocked": facts.blocked,
    })
    .to_string()
}

/// When it was, as events write it.
fn time(facts: &Facts) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(facts.time)).map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_events() {
        for body in [Body::Whole, Body::Short] {
            for (id, facts, json) in Events::new(500, END, 1, body).take(500) {
                let event: picket::event::Event = serde_json::from_str(&json).expect(&json);
                assert_eq!(
                    (event.id, event.path, picket::time::since_epoch(event.time)),
                    (id, facts.path, facts.time)
                );
            }
        }
    }
}
