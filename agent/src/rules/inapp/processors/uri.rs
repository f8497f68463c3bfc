//! `uri_parse`: a URI (RFC 3986) as an object.
//!
//! `https://user@host:222/path?a=1&a=2&flag#frag` → `{"scheme": "https", "userinfo": "user", "host": "host",
//! "port": 222, "path": "/path", "query": {"a": ["1", "2"], "flag": true}, "fragment": "frag"}`
//!
//! Nothing is decoded. A byte that may not stand where it does, a port above 65535, an address in brackets
//! that is none: no URI. Brackets may stand in a query.

use std::net::Ipv6Addr;

use crate::rules::bytes::ByteSet;
use crate::rules::inapp::object::{Fields, Object, Room};

const ALPHANUMERIC: ByteSet =
    ByteSet::range(b'A', b'Z').union(ByteSet::range(b'a', b'z')).union(ByteSet::range(b'0', b'9'));
const IPV6: ByteSet =
    ByteSet::range(b'0', b':').union(ByteSet::range(b'a', b'f')).union(ByteSet::range(b'A', b'F'));
const SCHEME: ByteSet = ALPHANUMERIC.union(ByteSet::from_text(b"+-."));
/// Unreserved bytes, sub-delimiters, and the percent sign of an escape.
const HOST: ByteSet = ALPHANUMERIC.union(ByteSet::from_text(b"-._~!$&'()*+,;=%"));
const USERINFO: ByteSet = HOST.union(ByteSet::from_text(b":"));
const PATH: ByteSet = HOST.union(ByteSet::from_text(b":@/"));
const FRAGMENT: ByteSet = PATH.union(ByteSet::from_text(b"?"));
const QUERY: ByteSet = FRAGMENT.union(ByteSet::from_text(b"[]"));

/// The parts of a URI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Uri<'u> {
    scheme: &'u [u8],
    userinfo: &'u [u8],
    host: &'u [u8],
    port: u16,
    path: &'u [u8],
    query: &'u [u8],
    fragment: &'u [u8],
}

/// The parts of a URI. `None`: it is none.
#[must_use]
pub fn parse<'u>(uri: &'u [u8], room: &mut Room) -> Option<Object<'u>> {
    let Uri { scheme, userinfo, host, port, path, query, fragment } = Uri::read(uri)?;
    let query = parameters(query, room);
    let mut text = |text: &'u [u8]| Object::String(room.text(text));
    Some(Object::Map(vec![
        (b"scheme".into(), text(scheme)),
        (b"userinfo".into(), text(userinfo)),
        (b"host".into(), text(host)),
        (b"port".into(), Object::Unsigned(port.into())),
        (b"path".into(), text(path)),
        (b"query".into(), query),
        (b"fragment".into(), text(fragment)),
    ]))
}

/// Parameters as they stand; one without an equals sign is true, `[]` behind a name says that there are
/// several.
fn parameters<'u>(query: &'u [u8], room: &mut Room) -> Object<'u> {
    let mut map = Fields::new(room);
    for parameter in query.split(|&byte| byte == b'&') {
        let end = memchr::memchr(b'=', parameter);
        let (name, value) = parameter.split_at(end.unwrap_or(parameter.len()));
        if name.is_empty() {
            continue;
        }
        let name = name.strip_suffix(b"[]").unwrap_or(name);
        match value.split_first() {
            Some((_, value)) => map.text(name, value),
            None => map.add(name, Object::Bool(true)),
        }
    }
    map.map()
}

impl<'u> Uri<'u> {
    fn read(text: &'u [u8]) -> Option<Self> {
        let mut uri = Self::default();
        match text {
            [] => return Some(uri),
            [b'/', b'/', authority @ ..] => uri.authority(authority)?,
            [b'/', ..] => uri.path(text)?,
            [first, ..] if first.is_ascii_alphabetic() => {
                let colon = text.iter().position(|&byte| !SCHEME.contains(byte))?;
                let (scheme, rest) = text.split_at(colon);
                uri.scheme = scheme;
                match rest.strip_prefix(b":")? {
                    [b'/', b'/', authority @ ..] => uri.authority(authority)?,
                    path => uri.path(path)?,
                }
            }
            _ => return None,
        }
        Some(uri)
    }

    fn authority(&mut self, text: &'u [u8]) -> Option<()> {
        let end = text.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(text.len());
        let (mut authority, rest) = text.split_at(end);
        if let Some(at) = memchr::memchr(b'@', authority) {
            self.userinfo = all(authority.get(..at)?, &USERINFO)?;
            authority = authority.get(at + 1..)?;
        }
        let port = match authority {
            [b'[', bracketed @ ..] => {
                let close = memchr::memchr(b']', bracketed)?;
                // An IPv4 address at its end is not taken.
                self.host = all(bracketed.get(..close)?, &IPV6)?;
                std::str::from_utf8(self.host).ok()?.parse::<Ipv6Addr>().ok()?;
                match bracketed.get(close + 1..)? {
                    [] => b"",
                    [b':', port @ ..] => port,
                    _ => return None,
                }
            }
            host => {
                let colon = memchr::memchr(b':', host).unwrap_or(host.len());
                let (host, port) = host.split_at(colon);
                self.host = all(host, &HOST)?;
                port.get(1..).unwrap_or_default()
            }
        };
        self.port = match port {
            [] => 0,
            digits if digits.iter().all(u8::is_ascii_digit) => {
                std::str::from_utf8(digits).ok()?.parse().ok()?
            }
            _ => return None,
        };
        self.path(rest)
    }

    /// Path, query and fragment.
    fn path(&mut self, text: &'u [u8]) -> Option<()> {
        let (rest, fragment) = cut(text, b'#');
        let (path, query) = cut(rest, b'?');
        self.path = all(path, &PATH)?;
        self.query = all(query, &QUERY)?;
        self.fragment = all(fragment, &FRAGMENT)?;
        Some(())
    }
}

/// The text, if all of its bytes are of the set.
fn all<'t>(text: &'t [u8], set: &ByteSet) -> Option<&'t [u8]> {
    text.iter().all(|&byte| set.contains(byte)).then_some(text)
}

/// What stands before and behind the first such byte.
fn cut(text: &[u8], byte: u8) -> (&[u8], &[u8]) {
    let (before, after) = text.split_at(memchr::memchr(byte, text).unwrap_or(text.len()));
    (before, after.get(1..).unwrap_or_default())
}
