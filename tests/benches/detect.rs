//! What detection costs with all default rules: `cargo bench -p picket-tests --bench detect`, or a part of it with its name
//! behind `--`.
//!
//! - `mix`, `plain`: events a second on one core, of a mix and of plain pages alone (each transaction comes here, also those
//!   that nothing is said about).
//! - `crowd`: the mix from a million distinct actors, and the memory that takes. First of all, as freed memory of other
//!   parts would be used again.
//! - `users`: what finding users, business events and routes costs before that.
//!
//! Events are made before the clock runs; only their addresses and times change.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Instant,
};

use picket::{
    detect::{Detection, rules},
    event::Event,
    http::{self, exchange},
    user::{Key, Observer, Sessions, Settings, Transaction},
};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_795_305_600 * SECOND;

fn event(said: &Value) -> Event {
    let mut event = json!({
        "kind": "transaction", "id": "00000000-0000-7000-8000-000000000001", "time": "2026-11-22T00:00:00Z",
        "service": {"name": "shop", "port": 80}, "client_ip": "198.51.100.1", "peer_ip": "198.51.100.1",
        "peer_port": 40_000, "method": "GET", "host": "shop.example", "path": "/", "query": null, "status": 200,
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "matches": [],
        "blocked": false, "duration_us": 900, "truncated": false, "endpoint": "/",
    });
    for (name, value) in said.as_object().expect("an object") {
        event[name] = value.clone();
    }
    serde_json::from_value(event).expect("an event")
}

/// Of a hundred: 90 pages, 6 that are not there, 2 attacks, 1 log-in that works, 1 that does not.
fn mix() -> Vec<Event> {
    let login =
        |name: &str, user: usize| json!({"name": name, "attributes": {"usr.login": format!("user{user}")}});
    (0..1000)
        .map(|n| match n % 100 {
            0..6 => event(&json!({"path": format!("/gone/{n}"), "endpoint": "/gone/{id}", "status": 404})),
            6..8 => event(&json!({"kind": "event", "path": "/search", "endpoint": "/search", "query": "q=%27+OR+1%3D1", "matches": [
                {"rule": "picket-sqli-003", "name": "Tautology in a comparison", "location": "query.q", "value": "' OR 1=1",
                 "tags": {"type": "sql_injection", "category": "attack_attempt", "confidence": "high"}}]})),
            8 => event(&json!({"method": "POST", "path": "/login", "endpoint": "/login", "status": 401, "business": [login("users.login.failure", n)]})),
            9 => event(&json!({"method": "POST", "path": "/login", "endpoint": "/login", "status": 302, "user": {"id": format!("user{n}"), "source": "login"}, "business": [login("users.login.success", n)]})),
            _ => event(&json!({"path": format!("/product/{n}"), "endpoint": "/product/{id}", "user": {"id": format!("user{n}"), "source": "session"}, "session": {"id": format!("s{n}")}})),
        })
        .collect()
}

/// What most transactions are: a page that is there, for nobody in particular.
fn pages() -> Vec<Event> {
    (0..1000)
        .map(|n| event(&json!({"path": format!("/product/{n}"), "endpoint": "/product/{id}", "response_bytes": 5120})))
        .collect()
}

fn detection() -> Detection {
    let rules: Vec<_> = rules::builtin().expect("own rules").into_iter().map(Arc::new).collect();
    Detection::new(&rules, [7; 16]).expect("own rules")
}

fn address(n: u32) -> IpAddr {
    Ipv4Addr::from(0x0b00_0000 + n).into()
}

/// Resident memory of this process, bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Seconds that this thread has had a core for: neighbours on the machine don't count.
fn busy() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn run(detection: &mut Detection, events: &mut [Event], count: u32, actors: u32, rate: u64) -> f64 {
    let mut changes = Vec::new();
    let began = busy();
    for n in 0..count {
        let Some(event) = events.get_mut(n as usize % 1000) else { continue };
        // 0x9e37…: a walk over all of them in no order.
        event.client_ip = address(n.wrapping_mul(0x9e37_79b1) % actors);
        let time = START + u64::from(n) * SECOND / rate;
        detection.observe(event, time, &mut changes);
        if n % 1000 == 0 {
            detection.advance(time, &mut changes);
            changes.clear();
        }
    }
    f64::from(count) / (busy() - began)
}

fn show(name: &str, rate: f64, detection: &Detection) {
    let stats = detection.stats().0;
    println!(
        "{name:<28} {rate:>9.0} events a second on one core, {:>5.2} µs each; {} groups, {} MiB counted, {} gave way",
        1e6 / rate,
        stats.groups,
        stats.bytes >> 20,
        stats.groups_evicted
    );
}

/// What the part that finds users, business events and routes takes for each transaction, before detection.
fn observe(count: u32) {
    const AGENT: &str = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0\r\n\
        Accept: text/html,application/json\r\nAccept-Language: en\r\nAccept-Encoding: gzip";
    const COOKIES: &str =
        "Cookie: _ga=GA1.2.1234567890.1700000000; theme=dark; csrftoken=5tqBtYgKMzJJ2zUC; sessionid=";
    // 5 KB of what pages are made of, some digits and capitals among it.
    let page =
        r#"<li class="item"><a href="/product/1042">Red Shoes, size 42</a> <b>EUR 59.90</b></li>"#.repeat(60);
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    let json = r#"{"items":[{"sku":"A-1","count":2}],"note":"please ring","coupon":null}"#;
    let get = |path: &str, more: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\n{AGENT}\r\n{more}\r\n")
    };
    type Of<'a> = &'a dyn Fn(usize) -> String;
    let cases: [(&str, Of<'_>); 5] = [
        ("plain page", &|n| get(&format!("/product/{n}?page=2"), "")),
        ("page with other cookies", &|n| {
            get(&format!("/product/{n}"), "Cookie: _ga=GA1.2.1234567890.1700000000; theme=dark\r\n")
        }),
        ("page with a session", &|n| {
            get(
                &format!("/users/{n}/orders/77?sort=date"),
                &format!("{COOKIES}2v6z9m0kq1c5n8b4x7l3j0h2g5f8{n:04}\r\n"),
            )
        }),
        ("JSON with a session", &|n| {
            let length = json.len();
            format!(
                "POST /api/cart HTTP/1.1\r\nHost: shop.example\r\n{AGENT}\r\n{COOKIES}2v6z9m0kq1c5n8b4x7l3j0h2g5f8{n:04}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
            )
        }),
        ("login", &|n| {
            let form = format!("username=user{n}&password=pw12");
            format!(
                "POST /login HTTP/1.1\r\nHost: shop.example\r\n{AGENT}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
                form.len()
            )
        }),
    ];
    let now = event(&json!({})).time;
    for (name, request) in cases {
        let exchanges: Vec<_> = (0..1000)
            .map(|n| exchange(request(n).as_bytes(), Some(answer.as_bytes()), http::Limits::default()))
            .collect();
        let sessions = Arc::new(Sessions::new(Key::new(&[7; 32])));
        let mut observer = Observer::new(Arc::new(Settings::default()), sessions);
        let began = busy();
        for n in 0..count {
            let Some(seen) = exchanges.get(n as usize % 1000) else { continue };
            let transaction = Transaction {
                request: &seen.request,
                response: seen.response.as_ref(),
                service: "shop",
                port: 80,
                trusted: false,
                attacks: &[],
            };
            std::hint::black_box(observer.observe(&transaction, now));
        }
        println!(
            "users and routes, {name:<24} {:>5.2} µs a transaction",
            1e6 * (busy() - began) / f64::from(count)
        );
    }
}

fn mixed(count: u32) {
    let (mut events, mut seen) = (mix(), detection());
    run(&mut seen, &mut events, count / 10, 10_000, 20_000);
    let rate = run(&mut seen, &mut events, count, 10_000, 20_000);
    show("a mix, 10,000 actors", rate, &seen);
}

fn plain(count: u32) {
    let (mut pages, mut plain) = (pages(), detection());
    run(&mut plain, &mut pages, count / 10, 10_000, 20_000);
    let rate = run(&mut plain, &mut pages, count, 10_000, 20_000);
    show("plain pages, 10,000 actors", rate, &plain);
}

fn crowd(count: u32) {
    let mut events = mix();
    let before = resident();
    let mut crowd = detection();
    let rate = run(&mut crowd, &mut events, count, 1_000_000, 20_000);
    let grown = resident().saturating_sub(before);
    show("a mix, 1,000,000 actors", rate, &crowd);
    println!("memory: {} MiB more than before", grown >> 20);
    let began = Instant::now();
    let (windows, signals) = crowd.snapshot();
    println!("state: {} MiB, saved in {:?}", (windows.len() + signals.len()) >> 20, began.elapsed());
}

type Part = fn(u32);
const PARTS: [(&str, Part); 4] = [("crowd", crowd), ("mix", mixed), ("plain", plain), ("users", observe)];

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only wants to know that it runs.
    let count = if asked.iter().any(|arg| arg == "--bench") { 2_000_000 } else { 10_000 };
    let named = |name: &str| asked.iter().any(|arg| arg == name);
    let some = PARTS.iter().any(|(name, _)| named(name));
    for (_, part) in PARTS.iter().filter(|(name, _)| named(name) || !some) {
        part(count);
    }
}
