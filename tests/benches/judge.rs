//! What judging one request costs, with Picket's own rules: `cargo bench -p picket-tests --bench judge`.

use bytes::Bytes;
use divan::{Bencher, counter::BytesCount};
use picket::http::{Body, Header, Request};
use picket::rules::{
    load::{self, Wanted},
    program::{
        engine::Engine,
        run::{Facts, Scratch},
    },
};

fn main() {
    divan::main();
}

/// A request as a browser sends it: eight header fields.
fn request(method: &str, target: &str, content_type: &str, body: Vec<u8>) -> Request {
    let mut headers = vec![
        ("Host", "shop.example"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("Accept-Language", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Referer", "https://shop.example/products?page=2"),
        ("Cookie", "session=eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOjQyfQ.c2ln; theme=dark; lang=de"),
        ("Connection", "keep-alive"),
    ];
    if !content_type.is_empty() {
        headers.push(("Content-Type", content_type));
    }
    let header = |(name, value): (&'static str, &str)| Header {
        name: Bytes::from_static(name.as_bytes()),
        value: value.to_owned().into(),
    };
    Request {
        number: 0,
        method: method.to_owned().into(),
        target: target.to_owned().into(),
        protocol: "HTTP/1.1".into(),
        version: 1,
        headers: headers.into_iter().map(header).collect(),
        trailers: 0,
        body: Body { wire_len: body.len() as u64, data: body.into(), cut: false },
        anomalies: Vec::new(),
        started: 0,
        ended: 0,
    }
}

fn engine() -> Engine {
    let wanted = Wanted { paths: vec!["default".into()], ..Wanted::default() };
    load::load(&wanted).expect("own rules").engine.expect("own rules")
}

fn bench(bencher: Bencher<'_, '_>, request: &Request, matches: bool) {
    let engine = engine();
    let mut scratch = Scratch::default();
    let facts = Facts::of_client([192, 0, 2, 1].into(), 0);
    let mut judge = || engine.judge(request, None, &facts, &mut scratch);
    assert_eq!(!judge().in_app.is_empty(), matches, "matches");
    let bytes = request.target.len()
        + request.body.data.len()
        + request.headers.iter().map(|h| h.name.len() + h.value.len()).sum::<usize>();
    bencher.counter(BytesCount::new(bytes)).bench_local(judge);
}

#[divan::bench]
fn clean_get(bencher: Bencher<'_, '_>) {
    let target = "/products/blaue-schuhe?page=2&sort=price&color=blue&size=42";
    bench(bencher, &request("GET", target, "", Vec::new()), false);
}

#[divan::bench]
fn sqli_get(bencher: Bencher<'_, '_>) {
    let target = "/products?id=1%27%20UNION%20SELECT%20username,password%20FROM%20users--%20";
    bench(bencher, &request("GET", target, "", Vec::new()), true);
}

#[divan::bench]
fn json_4k_150_leaves(bencher: Bencher<'_, '_>) {
    let items: Vec<_> = (0..50)
        .map(|n| {
            format!("{{\"id\": {n}, \"name\": \"Blue shoe no. {n}, size 42\", \"note\": \"in stock & new\"}}")
        })
        .collect();
    let body = format!("{{\"items\": [{}]}}", items.join(", "));
    bench(bencher, &request("POST", "/api/cart", "application/json", body.into_bytes()), false);
}

#[divan::bench]
fn form_64k(bencher: Bencher<'_, '_>) {
    let pair = "field=Some+ordinary+text%2C+with+a+comma+and+so+on.&";
    let body = pair.repeat(64 * 1024 / pair.len());
    bench(bencher, &request("POST", "/form", "application/x-www-form-urlencoded", body.into_bytes()), false);
}

#[divan::bench]
fn compile(bencher: Bencher<'_, '_>) {
    bencher.bench_local(engine);
}
