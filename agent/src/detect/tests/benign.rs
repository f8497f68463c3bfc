//! A day on which nobody attacks. Nothing is to be raised.

use serde_json::{Value, json};

use super::{START, builtin, event};

/// xorshift64*: the same day each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

struct Day {
    random: Random,
    events: Vec<(u64, Value)>,
}

const DAY: u64 = 86_400;

impl Day {
    /// At so many milliseconds.
    fn add(&mut self, at: u64, said: Value) {
        if at < DAY * 1000 {
            self.events.push((START + at * 1_000_000, said));
        }
    }

    /// One person on the site: perhaps a log-in with typing errors, pages, perhaps a purchase.
    fn visit(&mut self, begin: u64, user: u64, ip: &str) {
        let agent = format!("Mozilla/5.0 (X11; {})", user % 7);
        let session = format!("s{user}-{}", begin / 1000);
        let mut at = begin;
        let mut failures = if self.random.one_in(6) { 1 + self.random.below(3) } else { 0 };
        // Some forget it altogether.
        let forgot = self.random.one_in(80);
        failures += if forgot { 3 } else { 0 };
        for typo in 0..failures {
            let login = if typo == 0 && self.random.one_in(5) {
                format!("user{user}x")
            } else {
                format!("user{user}")
            };
            let exists = login == format!("user{user}");
            let business = json!([{"name": "users.login.failure", "attributes": {"usr.login": login, "usr.exists": exists}}]);
            self.add(at, json!({"client_ip": ip, "user_agent": agent, "method": "POST", "path": "/login", "endpoint": "/login", "status": 401, "business": business}));
            at += 4000 + self.random.below(20_000);
        }
        if forgot {
            let business =
                json!([{"name": "users.password_reset", "attributes": {"usr.login": format!("user{user}")}}]);
            self.add(at, json!({"client_ip": ip, "user_agent": agent, "method": "POST", "path": "/reset", "endpoint": "/reset", "business": business}));
            at += 120_000;
        }
        if self.random.one_in(60) {
            let business =
                json!([{"name": "users.signup", "attributes": {"usr.login": format!("user{user}")}}]);
            self.add(at, json!({"client_ip": ip, "user_agent": agent, "method": "POST", "path": "/signup", "endpoint": "/signup", "status": 201, "business": business}));
            at += 5000;
        }
        let business =
            json!([{"name": "users.login.success", "attributes": {"usr.login": format!("user{user}")}}]);
        self.add(at, json!({"client_ip": ip, "user_agent": agent, "method": "POST", "path": "/login", "endpoint": "/login", "status": 302, "user": {"id": format!("user{user}")}, "session": {"id": session}, "business": business}));
        for _ in 0..8 + self.random.below(20) {
            at += 500 + self.random.below(15_000);
            let id = self.random.below(5000);
            let (path, endpoint, status) = match self.random.below(12) {
                0 => (format!("/orders/{user}{}", id % 4), "/orders/{id}", 200),
                1 => ("/favicon.ico".to_owned(), "/favicon.ico", 404),
                2 => (format!("/old/{}", id % 9), "/old/{id}", 404),
                3 if id.is_multiple_of(100) => (format!("/orders/{id}"), "/orders/{id}", 403),
                4 if id.is_multiple_of(200) => ("/cart".to_owned(), "/cart", 502),
                5..7 => ("/search".to_owned(), "/search", 200),
                _ => (format!("/product/{id}"), "/product/{id}", 200),
            };
            let mut said = json!({"client_ip": ip, "user_agent": agent, "path": path, "endpoint": endpoint, "status": status, "user": {"id": format!("user{user}")}, "session": {"id": session}});
            // Somebody searches for an odd thing.
            if endpoint == "/search" && self.random.one_in(4000) {
                said["kind"] = "event".into();
                said["matches"] = json!([{"rule": "picket-sqli-009", "name": "Comment", "tags": {"type": "sql_injection", "category": "attack_attempt", "confidence": "medium"}, "location": "query.q", "value": "'; --"}]);
            }
            self.add(at, said);
        }
        if self.random.one_in(30) {
            for _ in 0..1 + self.random.below(3) {
                at += 20_000;
                self.add(at, json!({"client_ip": ip, "user_agent": agent, "method": "POST", "path": "/checkout", "endpoint": "/checkout", "status": 402, "user": {"id": format!("user{user}")}, "business": [{"name": "payment.failure", "attributes": {}}]}));
            }
        }
    }
}

fn day() -> Vec<(u64, Value)> {
    let mut day = Day { random: Random(0x9e37_79b9_7f4a_7c15), events: Vec::new() };
    // People at home, each from their own address, most by day.
    for user in 0..1500 {
        let hour = 6 + day.random.below(17);
        let begin = (hour * 3600 + day.random.below(3600)) * 1000;
        day.visit(begin, user, &format!("198.51.{}.{}", 100 + user / 250, user % 250));
    }
    // Two offices behind one address each: everybody logs in between eight and nine.
    for user in 2000..2250 {
        let begin = (8 * 3600 + day.random.below(3600)) * 1000;
        day.visit(begin, user, if user % 2 == 0 { "203.0.113.10" } else { "203.0.113.20" });
    }
    // Health checks of a load balancer, three a minute each from two addresses.
    for at in (0..DAY).step_by(20) {
        for ip in ["10.0.0.2", "10.0.0.3"] {
            day.add(at * 1000, json!({"client_ip": ip, "user_agent": "health-check", "path": "/healthz", "endpoint": "/healthz"}));
        }
    }
    // A crawler: all products, some dead links.
    for number in 0..12_000_u64 {
        let dead = day.random.one_in(25);
        let path = if dead { format!("/gone-{number}") } else { format!("/product/{}", number % 5000) };
        let mut said = json!({"client_ip": "192.0.2.66", "user_agent": "Googlebot/2.1", "path": path, "endpoint": "/product/{id}"});
        if dead {
            // What is not there has no route.
            said["endpoint"] = Value::Null;
            said["status"] = 404.into();
        }
        day.add(number * 7000, said);
    }
    // An API client that asks whether things are there: half are not.
    for number in 0..20_000_u64 {
        let status = if day.random.one_in(2) { 404 } else { 200 };
        day.add(3_600_000 + number * 2000, json!({"client_ip": "192.0.2.80", "user_agent": "sync/3", "path": format!("/api/items/{number}"), "endpoint": "/api/items/{id}", "status": status, "user": {"id": "sync"}}));
    }
    // A load test from inside at noon: 150 requests a second for a minute.
    for number in 0..9000_u64 {
        day.add(
            12 * 3_600_000 + number * 1000 / 150,
            json!({"client_ip": "10.9.9.9", "user_agent": "wrk", "path": "/search", "endpoint": "/search"}),
        );
    }
    // Surveys of the Internet that look at the first page.
    for number in 0..40 {
        let at = day.random.below(DAY * 1000);
        day.add(at, json!({"kind": "event", "client_ip": format!("192.0.2.{number}"), "user_agent": "CensysInspect", "path": "/", "endpoint": "/", "matches": [{"rule": "picket-scan-007", "name": "Survey of the whole Internet", "tags": {"type": "security_scanner", "category": "security_scanner", "confidence": "low"}, "location": "headers.user-agent", "value": "CensysInspect"}]}));
    }
    day.events.sort_by_key(|(time, _)| *time);
    day.events
}

#[test]
fn a_benign_day_raises_nothing() {
    let events = day();
    assert!(events.len() > 80_000, "{} events", events.len());
    let mut detection = builtin();
    let mut changes = Vec::new();
    for (number, (time, said)) in events.iter().enumerate() {
        detection.observe(&event(number as u64, *time, said), *time, &mut changes);
        if number % 1000 == 0 {
            detection.advance(*time, &mut changes);
        }
    }
    let raised: Vec<_> = changes
        .iter()
        .map(|change| format!("{} {:?} {}", change.signal.rule, change.signal.group, change.signal.message))
        .collect();
    assert!(raised.is_empty(), "{raised:#?}");
    let (stats, _) = detection.stats();
    assert_eq!((stats.late, stats.findings), (0, 0));
    assert!(stats.taken > 60_000, "{stats:?}");
}
