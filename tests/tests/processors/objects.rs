//! Objects at random, as no request would make them.

use std::borrow::Cow;

use picket::rules::inapp::object::Object;
use picket_tests::bench::rules::random::Random;

/// Bytes that mean something to a processor, and some that are not UTF-8.
const BYTES: &[u8] = b"aAbB-_,.:/?#[]@%&=\\ \0\x7f\x80\xc3\xa9\xff019";

/// Pieces of URIs.
const URI: [&str; 32] = [
    "http",
    "https",
    "a+b.c-1",
    "1a",
    ":",
    "://",
    "//",
    "/",
    "@",
    "user",
    "u:p",
    "%41",
    "example.com",
    "[::1]",
    "[",
    "]",
    "[fe80::1]",
    "[1]",
    ":80",
    ":",
    ":65536",
    ":00080",
    "?",
    "#",
    "q=1",
    "&",
    "a[]=2",
    "flag",
    "=",
    "^",
    "ü",
    ".",
];

/// Addresses that the processors of the test take, each with an object.
pub fn addresses(random: &mut Random, names: &[String]) -> Vec<(String, Object<'static>)> {
    let mut objects = Vec::new();
    for name in names.iter().filter(|name| !name.starts_with("_dd.") && *name != "waf.context.processor") {
        let object = match &name[..] {
            _ if random.percent(15) => continue,
            "server.request.uri.raw" if random.percent(80) => text(uri(random)),
            // The fingerprint is a text: bytes of a method that are not UTF-8 are not kept.
            "server.request.method" => text(String::from_utf8_lossy(&bytes(random)).into_owned()),
            "server.request.headers.no_cookies" if random.percent(90) => headers(random),
            "server.request.cookies" if random.percent(80) => map(random, 1),
            _ => object(random, 4),
        };
        objects.push((name.clone(), object));
    }
    objects
}

fn text(bytes: impl Into<Vec<u8>>) -> Object<'static> {
    Object::String(Cow::Owned(bytes.into()))
}

fn bytes(random: &mut Random) -> Vec<u8> {
    (0..random.below(8)).map(|_| random.one(BYTES)).collect()
}

fn uri(random: &mut Random) -> String {
    (0..random.below(10)).map(|_| random.one(&URI)).collect()
}

fn headers(random: &mut Random) -> Object<'static> {
    const NAMES: [&str; 14] = [
        "User-Agent",
        "user_agent",
        "TE",
        "te",
        "x-datadog",
        "X_Datadog-",
        "x-datado",
        "X-Forwarded-For",
        "x_real_ip",
        "cf-connecting-ipv6",
        "Referer",
        "authorization",
        "b",
        "A",
    ];
    let entries = (0..random.below(10)).map(|_| {
        let name = if random.percent(80) { random.one(&NAMES).as_bytes().to_vec() } else { bytes(random) };
        (Cow::Owned(name), object(random, 1))
    });
    Object::Map(entries.collect())
}

fn map(random: &mut Random, depth: u64) -> Object<'static> {
    Object::Map((0..random.below(9)).map(|_| (Cow::Owned(bytes(random)), object(random, depth))).collect())
}

fn object(random: &mut Random, depth: u64) -> Object<'static> {
    match random.below(if depth == 0 { 10 } else { 14 }) {
        0 => Object::Unknown,
        1 => Object::Null,
        2 => Object::Bool(random.percent(50)),
        3 => Object::Signed(random.next().cast_signed()),
        4 => Object::Unsigned(random.next()),
        5 => Object::Float(f64::from_bits(random.next())),
        6..=9 => text(bytes(random)),
        10 | 11 => map(random, depth - 1),
        _ => Object::Array((0..random.below(13)).map(|_| object(random, depth - 1)).collect()),
    }
}
