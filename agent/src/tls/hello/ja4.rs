//! JA4: a fingerprint of TLS clients.
//!
//! FoxIO's specification, `technical_details/JA4.md` of <https://github.com/FoxIO-LLC/ja4>; JA4 itself, of the
//! family JA4+, is under the BSD 3-clause licence. Where that page and FoxIO's programs differ (a protocol's name
//! that is not alphanumeric or has one character), the page is followed.
//!
//! ```text
//!  t13d1516h2_8daaf6152771_e5627efa2ab1
//!  │││ │ │ │  │            └ hash of the extensions, sorted, and of the signature algorithms, in order
//!  │││ │ │ │  └ hash of the cipher suites, sorted
//!  │││ │ │ └ first and last character of the first protocol of ALPN
//!  │││ │ └ how many extensions
//!  │││ └ how many cipher suites
//!  ││└ d: it names the host, i: it does not
//!  │└ highest version
//!  └ t: TLS over TCP
//! ```

use std::{
    fmt::{self, Write},
    iter,
};

use sha2::{Digest, Sha256};

use super::{ClientHello, Version, extension};

/// Characters of a fingerprint.
const LEN: usize = 36;
/// Bytes of a hash that are told, in hexadecimal.
const TOLD: usize = 6;
/// What stands for the hash of an empty list.
const NOTHING: &str = "000000000000";

/// A fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ja4([u8; LEN]);

impl Ja4 {
    pub(super) fn of(hello: &ClientHello) -> Self {
        let lists = Lists::of(hello);
        let text = format!("{}_{}_{}", beginning(hello), hash(&lists.ciphers), hash(&lists.extensions));
        // Each part has the same length for each hello: see `each_hello_has_one`.
        Self(text.as_bytes().try_into().unwrap_or([b'0'; LEN]))
    }

    pub(super) fn raw(hello: &ClientHello) -> String {
        let lists = Lists::of(hello);
        format!("{}_{}_{}", beginning(hello), lists.ciphers, lists.extensions)
    }

    /// As it is written everywhere.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Ja4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Ja4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ja4({})", self.as_str())
    }
}

/// What stands before the first underscore: ten characters.
fn beginning(hello: &ClientHello) -> String {
    let version = hello.highest_version().map_or("00", version);
    let named = if hello.extensions.contains(&extension::SERVER_NAME) { 'd' } else { 'i' };
    let ciphers = hello.cipher_suites.len().min(99);
    let extensions = hello.extensions.len().min(99);
    let [first, last] = protocol(hello.alpn.first().map(AsRef::as_ref));
    format!("t{version}{named}{ciphers:02}{extensions:02}{first}{last}")
}

fn version(version: Version) -> &'static str {
    match version {
        Version::TLS_1_3 => "13",
        Version::TLS_1_2 => "12",
        Version::TLS_1_1 => "11",
        Version::TLS_1_0 => "10",
        Version::SSL_3_0 => "s3",
        Version(0x0002) => "s2",
        Version(0xfeff) => "d1",
        Version(0xfefd) => "d2",
        Version(0xfefc) => "d3",
        _ => "00",
    }
}

/// The first and last character of the first protocol; of its hexadecimal form, if one is not alphanumeric.
fn protocol(name: Option<&[u8]>) -> [char; 2] {
    let Some((first, last)) = name.and_then(|name| name.first().zip(name.last())) else {
        return ['0', '0'];
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(*first), char::from(*last)];
    }
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
    [digit(first >> 4), digit(last & 0x0f)]
}

/// The two lists behind the hashes, as texts.
struct Lists {
    ciphers: String,
    extensions: String,
}

impl Lists {
    fn of(hello: &ClientHello) -> Self {
        let ciphers = hello.cipher_suites.iter().map(|cipher| cipher.0);
        let extensions = hello.extensions.iter().copied();
        let extensions = extensions.filter(|kind| !matches!(*kind, extension::SERVER_NAME | extension::ALPN));
        let mut lists = Self { ciphers: list(sorted(ciphers)), extensions: list(sorted(extensions)) };
        if !hello.signature_algorithms.is_empty() {
            lists.extensions.push('_');
            lists.extensions += &list(hello.signature_algorithms.iter().copied());
        }
        lists
    }
}

fn sorted(values: impl Iterator<Item = u16>) -> impl Iterator<Item = u16> {
    let mut values: Vec<u16> = values.collect();
    values.sort_unstable();
    values.into_iter()
}

/// Values in hexadecimal, with commas.
fn list(values: impl Iterator<Item = u16>) -> String {
    let mut text = String::new();
    for (value, comma) in values.zip(iter::once("").chain(iter::repeat(","))) {
        // Writing to a String can't fail.
        let _ = write!(text, "{comma}{value:04x}");
    }
    text
}

/// The first twelve digits of a list's SHA-256.
fn hash(list: &str) -> String {
    if list.is_empty() {
        return NOTHING.to_owned();
    }
    let mut text = String::with_capacity(2 * TOLD);
    for byte in Sha256::digest(list).iter().take(TOLD) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the specification, section "ALPN Extension Value".
    #[test]
    fn protocols() {
        let cases: &[(Option<&[u8]>, [char; 2])] = &[
            (None, ['0', '0']),
            (Some(b""), ['0', '0']),
            (Some(b"h2"), ['h', '2']),
            (Some(b"http/1.1"), ['h', '1']),
            (Some(b"x"), ['x', 'x']),
            (Some(b"\xab"), ['a', 'b']),
            (Some(b"\xab\xcd"), ['a', 'd']),
            (Some(b"\x30\xab"), ['3', 'b']),
            (Some(b"\x30\x31\xab\xcd"), ['3', 'd']),
            (Some(b"\x30\xab\xcd\x31"), ['0', '1']),
        ];
        for (name, expected) in cases {
            assert_eq!(protocol(*name), *expected, "{name:?}");
        }
    }
}
