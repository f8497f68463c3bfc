//! The requests that are measured one by one.

use std::fmt::Write as _;

use super::fresh;

/// The fields of a browser's request.
pub const BROWSER: [(&str, &str); 8] = [
    ("Host", "shop.example"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Referer", "https://shop.example/products?page=2"),
    ("Cookie", "session=eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOjQyfQ.c2ln; theme=dark; lang=de"),
    ("Connection", "keep-alive"),
];

/// A request of a browser, over the wire.
pub fn request(method: &str, target: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    with_fields(method, target, &BROWSER, content_type, body)
}

/// A request with these fields, and what its body needs.
pub fn with_fields(
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    content_type: &str,
    body: &[u8],
) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in fields {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if !content_type.is_empty() {
        let _ = write!(head, "Content-Type: {content_type}\r\nContent-Length: {}\r\n", body.len());
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// Requests that are measured together.
pub struct Workload {
    /// What it is.
    pub name: &'static str,
    /// The requests, over the wire.
    pub requests: Vec<Vec<u8>>,
    /// Every engine finds something in each of them: one that does not, does not judge.
    pub attack: bool,
}

/// Requests of kinds with different values each: more than anything that keeps answers would keep.
pub fn several(count: usize) -> Vec<Workload> {
    let clean = |name, requests| Workload { name, requests, attack: false };
    vec![
        clean("clean GETs, the same header fields", fresh::parameters(11, count)),
        clean("clean GETs, no value twice", fresh::throughout(12, count)),
    ]
}

/// Requests of one kind each.
pub fn single() -> Vec<Workload> {
    let one = |name, request| Workload { name, requests: vec![request], attack: false };
    vec![
        one(
            "clean GET, 8 header fields",
            request("GET", "/products/blaue-schuhe?page=2&sort=price&color=blue&size=42", "", b""),
        ),
        Workload {
            attack: true,
            ..one(
                "SQL injection in a GET",
                request(
                    "GET",
                    "/products?id=1%27%20UNION%20SELECT%20username,password%20FROM%20users--%20",
                    "",
                    b"",
                ),
            )
        },
        one("JSON, 4.2 KB, 150 leaves", request("POST", "/api/cart", "application/json", json().as_bytes())),
        one("form, 64 KiB", request("POST", "/form", "application/x-www-form-urlencoded", form().as_bytes())),
        one(
            "form, 64 KiB, no value twice",
            request("POST", "/form", "application/x-www-form-urlencoded", varied_form().as_bytes()),
        ),
        one(
            "multipart upload, 1 MiB",
            request("POST", "/upload", "multipart/form-data; boundary=----b3a1f0c7d2e94f58", &upload()),
        ),
    ]
}

/// Fifty items of three leaves.
fn json() -> String {
    let item = |n| {
        format!(
            r#"{{"id": {n}, "name": "Blue shoe no. {n}, size 42", "note": "in stock & new, more to come"}}"#
        )
    };
    format!(r#"{{"items": [{}]}}"#, (10..60).map(item).collect::<Vec<_>>().join(", "))
}

/// Pairs with names of their own, as large forms have.
fn form() -> String {
    let mut body = String::new();
    let mut n = 0;
    while body.len() < 64 * 1024 {
        let _ = write!(body, "field{n}=Some+ordinary+text%2C+with+a+comma+and+so+on.&");
        n += 1;
    }
    body.truncate(64 * 1024);
    body.truncate(body.rfind('&').unwrap_or(body.len()));
    body
}

/// The same with values that differ: words in another order and a number in each.
fn varied_form() -> String {
    const WORDS: [&str; 12] = [
        "some", "ordinary", "text", "of", "a", "letter", "that", "people", "write", "about", "shoes", "today",
    ];
    let mut random = super::random::Random::new(9);
    let mut body = String::new();
    while body.len() < 64 * 1024 {
        let n = body.len();
        let _ = write!(body, "field{n}=No.+{n}%2C");
        for _ in 0..6 {
            let word = WORDS.get(random.below(12) as usize).copied().unwrap_or_default();
            let _ = write!(body, "+{word}");
        }
        body.push('&');
    }
    body.truncate(64 * 1024);
    body.truncate(body.rfind('&').unwrap_or(body.len()));
    body
}

/// A text field, and a picture of a mebibyte, whose bytes are of no pattern.
fn upload() -> Vec<u8> {
    let mut random = super::random::Random::new(7);
    let picture = std::iter::repeat_with(|| random.next().to_le_bytes()).take((1 << 20) / 8);
    let picture: Vec<u8> = picture.flatten().collect();
    let boundary = "------b3a1f0c7d2e94f58";
    let head = format!(
        "{boundary}\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nOur shop in spring\r\n\
         {boundary}\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"shop.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\n"
    );
    [head.as_bytes(), &picture, format!("\r\n{boundary}--\r\n").as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Message;

    #[test]
    fn requests_are_what_they_are_called() {
        let sizes: Vec<(usize, usize)> = single()
            .iter()
            .filter_map(|workload| workload.requests.first())
            .map(|request| Message::read(request))
            .inspect(|message| assert!(message.complete))
            .map(|message| (message.fields.len(), message.body.len()))
            .collect();
        let [get, sqli, json, form, varied, upload] = sizes.as_slice() else { panic!("six: {sizes:?}") };
        assert_eq!((get, sqli), (&(8, 0), &(8, 0)));
        assert!((4_000..4_500).contains(&json.1), "{} bytes of JSON", json.1);
        assert!((65_000..=65_536).contains(&form.1), "{} bytes of a form", form.1);
        assert!((65_000..=65_536).contains(&varied.1), "{} bytes of a form", varied.1);
        let form = super::varied_form();
        let values: std::collections::BTreeSet<&str> =
            form.split('&').filter_map(|pair| Some(pair.split_once('=')?.1)).collect();
        assert_eq!(values.len(), form.split('&').count(), "no value twice");
        assert!((1 << 20..(1 << 20) + 600).contains(&upload.1), "{} bytes of an upload", upload.1);
        let read: serde_json::Value = serde_json::from_str(&super::json()).expect("JSON");
        let leaves = read["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|item| item.as_object().map_or(0, |o| o.len()));
        assert_eq!(leaves.sum::<usize>(), 150);
    }
}
