//! Fingerprints of header fields.

use super::hash::{Hash, of_text};
use crate::rules::inapp::object::Object;

/// Fields that most requests have some of, in the order of their digits.
const USUAL: [&[u8]; 10] = [
    b"referer",
    b"connection",
    b"accept-encoding",
    b"content-encoding",
    b"cache-control",
    b"te",
    b"accept-charset",
    b"content-type",
    b"accept",
    b"accept-language",
];

/// Fields in which proxies name the client, by precedence.
const ORIGIN: [&[u8]; 10] = [
    b"x-forwarded-for",
    b"x-real-ip",
    b"true-client-ip",
    b"x-client-ip",
    b"x-forwarded",
    b"forwarded-for",
    b"x-cluster-client-ip",
    b"fastly-client-ip",
    b"cf-connecting-ip",
    b"cf-connecting-ipv6",
];

/// Fingerprint of the software that sends header fields. `None`: they are no map.
#[must_use]
pub fn header(headers: &Object<'_>) -> Option<String> {
    let mut usual = [b'0'; USUAL.len()];
    let mut agent = &b""[..];
    let mut others = Vec::new();
    for (name, value) in headers.entries()? {
        let name = normal(name);
        if name.starts_with(b"x-datadog") || place(&name, &ORIGIN).is_some() {
            continue;
        }
        match place(&name, &USUAL).and_then(|at| usual.get_mut(at)) {
            Some(digit) => *digit = b'1',
            None if name == b"user-agent" => agent = value.only_text().unwrap_or_default(),
            None => others.push(name),
        }
    }
    others.sort_unstable();
    let mut hash = Hash::default();
    for name in &others {
        hash.add_raw(name);
    }
    Some(format!("hdr-{}-{}-{}-{}", digits(&usual), of_text(agent), others.len(), hash.digits()))
}

/// Fingerprint of the way a request came. `None`: the header fields are no map.
#[must_use]
pub fn network(headers: &Object<'_>) -> Option<String> {
    let mut origins = [b'0'; ORIGIN.len()];
    let (mut best, mut chosen) = (ORIGIN.len(), &b""[..]);
    for (name, value) in headers.entries()? {
        let Some(at) = place(&normal(name), &ORIGIN) else { continue };
        if let Some(digit) = origins.get_mut(at) {
            *digit = b'1';
        }
        if at < best {
            chosen = value.only_text().unwrap_or_default();
            // A field that says nothing takes the place of one of lower precedence, but does not keep it:
            // an oddity of libddwaf that the fingerprint is known with.
            if !chosen.is_empty() {
                best = at;
            }
        }
    }
    let addresses = match chosen {
        [] => 0,
        text => 1 + memchr::memchr_iter(b',', text).count(),
    };
    Some(format!("net-{addresses}-{}", digits(&origins)))
}

/// A field's name as CGI and HTTP both have it.
fn normal(name: &[u8]) -> Vec<u8> {
    name.iter().map(|&byte| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() }).collect()
}

fn place(name: &[u8], names: &[&[u8]]) -> Option<usize> {
    names.iter().position(|known| *known == name)
}

fn digits(digits: &[u8]) -> String {
    digits.iter().map(|&digit| char::from(digit)).collect()
}
