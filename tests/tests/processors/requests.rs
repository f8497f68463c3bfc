//! Requests and responses at random, rich in what processors look at.

use std::fmt::Write as _;

use picket_tests::bench::rules::random::Random;
use serde_json::{Value, json};

const NAMES: [&str; 24] = [
    "id",
    "q",
    "Name",
    "name",
    "email",
    "card",
    "phone",
    "ssn",
    "password",
    "token",
    "zip",
    "note",
    "a,b",
    "",
    "KEY",
    "key1",
    "größe",
    "iban",
    "vin",
    "user_id",
    "credit card",
    "lang",
    "theme",
    "x-api-key",
];
const VALUES: [&str; 26] = [
    "1",
    "",
    "blue shoe",
    "blueshoe",
    "someone@example.com",
    "4111111111111111",
    "4111-1111-1111-1111",
    "378282246310005",
    "3782 822463 10005",
    "123-45-6789",
    "+49 89 1234567",
    "(555) 123-4567",
    "94107",
    "94107-1234",
    "DE89370400440532013000",
    "1HGCM82633A004352",
    "4111111111111112 4111111111111111",
    "Grüße",
    "a,b,c",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln",
    "Basic dXNlcjpwYXNz",
    "-1",
    "5500000000000004",
    "AB123456C",
    "6011111111111117",
    "x",
];
const FIELDS: [&str; 34] = [
    "Referer",
    "Connection",
    "Accept-Encoding",
    "Content-Encoding",
    "cache-control",
    "TE",
    "Accept_Charset",
    "Accept",
    "Accept-Language",
    "User-Agent",
    "user_agent",
    "X-Forwarded-For",
    "x_forwarded_for",
    "X-Real-IP",
    "True-Client-IP",
    "X-Client-IP",
    "X-Forwarded",
    "Forwarded-For",
    "X-Cluster-Client-IP",
    "Fastly-Client-IP",
    "CF-Connecting-IP",
    "CF-Connecting-IPv6",
    "X-Datadog-Trace-Id",
    "x_datadog_parent",
    "X-Api-Key",
    "DNT",
    "Origin",
    "X-Requested-With",
    "Sec-Fetch-Mode",
    "If-None-Match",
    "X-A",
    "x_b",
    "Via",
    "Authorization",
];
const FIELD_VALUES: [&str; 10] = [
    "1",
    "",
    "keep-alive",
    "gzip, br",
    "Mozilla/5.0 (X11; Linux x86_64)",
    "192.0.2.1",
    "192.0.2.1, ::1,8.7.6.5",
    "Basic dXNlcjpwYXNz",
    "Bearer abc",
    "de",
];
/// Parts of bearer tokens: headers and payloads, right and wrong.
const PARTS: [&str; 12] = [
    "eyJhbGciOiJSUzM4NCIsInR5cCI6IkpXVCJ9",
    "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiYWRtaW4iOnRydWUsImlhdCI6MTUxNjIzOTAyMn0",
    "eyJhbGciOiJub25lIn0=",
    "eyJhbGciOiJub25lIn0",
    "eyJhbGciOiJub25lIn1",
    "eyJlbWFpbCI6ImFAZXhhbXBsZS5jb20iLCJyb2xlcyI6WyJhIiwxLG51bGxdfQ",
    "W10",
    "",
    "e30A",
    "e30B",
    "e30!",
    "MTIzLjU",
];
const URIS: [&str; 14] = [
    "https://user@example.com:222/path?q=1&q=2&flag&e=&a[]=1&a[]=2#frag",
    "http://[::1]:80/x?[]=1",
    "http://[::ffff:1.2.3.4]/",
    "//host/path",
    "http://host:99999/",
    "http://host:/",
    "http://:80",
    "http://u:p@/x",
    "ftp://",
    "mailto:a@example.com",
    "/x#f?g",
    "/x?a=1&&=2&a&a=3#",
    "/a b",
    "http://h?q[x]=<",
];

fn pick<'t>(random: &mut Random, of: &[&'t str]) -> &'t str {
    random.one(of)
}

/// A request and its response.
pub fn exchange(random: &mut Random) -> (Vec<u8>, Vec<u8>) {
    (request(random), response(random))
}

fn request(random: &mut Random) -> Vec<u8> {
    let (kind, body) = body(random);
    let target = if random.percent(25) { pick(random, &URIS).to_owned() } else { target(random) };
    let method = pick(random, &["GET", "POST", "put", "DELETE", "X-Own"]);
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: shop.example\r\n");
    for _ in 0..random.below(12) {
        let (name, value) = (pick(random, &FIELDS), pick(random, &FIELD_VALUES));
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if random.percent(50) {
        let prefix = pick(random, &["Bearer ", "Bearer  \t", "bearer ", "Bearer", "Basic "]);
        let _ = write!(head, "authorization: {prefix}{}", pick(random, &PARTS));
        for _ in 0..random.below(4) {
            let _ = write!(head, ".{}", pick(random, &PARTS));
        }
        head.push_str("\r\n");
    }
    for _ in 0..random.below(3) {
        let cookies = (0..random.below(8)).map(|_| {
            let name = pick(random, &NAMES).to_ascii_lowercase();
            format!("{name}={}", pick(random, &VALUES).replace(';', ""))
        });
        let _ = write!(head, "Cookie: {}\r\n", cookies.collect::<Vec<_>>().join("; "));
    }
    if !kind.is_empty() {
        let _ = write!(head, "Content-Type: {kind}\r\n");
    }
    let _ = write!(head, "Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), &body].concat()
}

fn response(random: &mut Random) -> Vec<u8> {
    let body = if random.percent(70) { json_of(random, 4).to_string() } else { String::new() };
    let status = pick(random, &["200 OK", "404 Not Found", "500 Oops", "302 Found"]);
    let field = pick(random, &["Set-Cookie: a=1", "Location: /", "X-A: 1", "Content-Language: de"]);
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{field}\r\nX-A: 2\r\n");
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn target(random: &mut Random) -> String {
    let mut target = String::new();
    for _ in 0..random.below(4) {
        let _ =
            write!(target, "/{}", pick(random, &["Api", "v1", "users", "42", "a%2Fb", "Gr%C3%B6%C3%9Fe"]));
    }
    if target.is_empty() {
        target.push('/');
    }
    if random.percent(70) {
        let _ = write!(target, "?{}", form(random));
    }
    target
}

fn form(random: &mut Random) -> String {
    let many = if random.percent(3) { 300 } else { 0 };
    let count = many + random.below(8);
    let escaped = |text: &str| -> String {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'@' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    let pair = |number| {
        let name = pick(random, &NAMES);
        let name = if many > 0 { format!("{name}{number}") } else { name.to_owned() };
        let value = pick(random, &VALUES);
        if random.percent(10) { escaped(&name) } else { format!("{}={}", escaped(&name), escaped(value)) }
    };
    (0..count).map(pair).collect::<Vec<_>>().join("&")
}

fn body(random: &mut Random) -> (&'static str, Vec<u8>) {
    match random.below(10) {
        0 | 1 => ("", Vec::new()),
        2 | 3 => ("application/x-www-form-urlencoded", form(random).into_bytes()),
        4 => ("multipart/form-data; boundary=x", multipart(random).into_bytes()),
        5 => ("text/plain", b"just a text".to_vec()),
        _ => ("application/json", json_of(random, 6).to_string().into_bytes()),
    }
}

fn multipart(random: &mut Random) -> String {
    let mut body = String::new();
    for _ in 0..random.below(5) {
        let file = if random.percent(30) { "; filename=\"f.txt\"" } else { "" };
        let (name, value) = (pick(random, &NAMES), pick(random, &VALUES));
        let _ =
            write!(body, "--x\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n");
    }
    body + "--x--\r\n"
}

fn json_of(random: &mut Random, depth: u64) -> Value {
    match random.below(if depth == 0 { 8 } else { 14 }) {
        0 => Value::Null,
        1 => random.percent(50).into(),
        2 => random.below(1 << 40).into(),
        3 => (-1 - i64::try_from(random.below(1 << 40)).unwrap_or_default()).into(),
        4 => json!(0.5 + f64::from(u32::try_from(random.below(1 << 30)).unwrap_or_default())),
        5..=7 => pick(random, &VALUES).into(),
        8..=9 => {
            let count = if random.percent(5) { 300 } else { random.below(14) };
            (0..count).map(|_| json_of(random, if count > 20 { 0 } else { depth - 1 })).collect()
        }
        10 => {
            (0..25).fold(
                json_of(random, 0),
                |inner, at| if at % 2 == 0 { json!([inner]) } else { json!({"in": inner}) },
            )
        }
        _ => {
            let count = if random.percent(3) { 300 } else { random.below(8) };
            let mut map = serde_json::Map::new();
            for number in 0..count {
                let name = pick(random, &NAMES);
                let name = if count > 20 { format!("{name}{number}") } else { name.to_owned() };
                map.insert(name, json_of(random, if count > 20 { 0 } else { depth - 1 }));
            }
            map.into()
        }
    }
}
