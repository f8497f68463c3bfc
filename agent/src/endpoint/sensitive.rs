//! Sensitive data in bodies and queries: which kinds, never the values.

use std::sync::LazyLock;

use memchr::{memchr_iter, memmem};
use serde::{Deserialize, Serialize};

use super::kind::is_email;
use crate::{limits, rules::operators::checksum::luhn};

/// A kind of sensitive data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitive {
    /// An e-mail address.
    Email,
    /// A number of a payment card: 13 to 19 digits as issuers begin them, the check digit is right.
    Card,
    /// An IBAN, the check digits are right.
    Iban,
    /// `123-45-6789`, as US social security numbers are written and given out.
    Ssn,
    /// A JSON web token.
    Jwt,
    /// A private key in PEM.
    PrivateKey,
}

impl Sensitive {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Email, Self::Card, Self::Iban, Self::Ssn, Self::Jwt, Self::PrivateKey];

    /// Its bit in a set.
    pub(super) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

static JWT: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("eyJ"));
static PEM: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("PRIVATE KEY-----"));
/// E-mail addresses, cards… of one text that are looked at.
const CANDIDATES: usize = 64;

/// The kinds in a text, as bits; each byte is looked at a fixed number of times.
pub(super) fn kinds(text: &[u8]) -> u8 {
    let text = text.get(..text.len().min(limits::SENSITIVE_BYTES)).unwrap_or_default();
    let mut found = 0;
    if memchr_iter(b'@', text).take(CANDIDATES).any(|at| email_around(text, at)) {
        found |= Sensitive::Email.bit();
    }
    // `%40` in queries.
    if found & Sensitive::Email.bit() == 0
        && memmem::find_iter(text, b"%40").take(CANDIDATES).any(|at| email_at(text, at, at + 3))
    {
        found |= Sensitive::Email.bit();
    }
    if JWT.find_iter(text).take(CANDIDATES).any(|at| jwt_at(text.get(at..).unwrap_or_default())) {
        found |= Sensitive::Jwt.bit();
    }
    if PEM
        .find(text)
        .is_some_and(|at| memmem::rfind(text.get(..at).unwrap_or_default(), b"-----BEGIN ").is_some())
    {
        found |= Sensitive::PrivateKey.bit();
    }
    found | numbers(text)
}

fn email_around(text: &[u8], at: usize) -> bool {
    email_at(text, at, at + 1)
}

/// Whether there is an address with its sign from `start` to `end`.
fn email_at(text: &[u8], start: usize, end: usize) -> bool {
    let of_name = |b: &&u8| b.is_ascii_alphanumeric() || b"._+-".contains(b);
    let of_host = |b: &&u8| b.is_ascii_alphanumeric() || b".-".contains(b);
    let before = text.get(..start).unwrap_or_default().iter().rev().take(64).take_while(of_name).count();
    let after = text.get(end..).unwrap_or_default().iter().take(128).take_while(of_host).count();
    let name = text.get(start - before..start).unwrap_or_default();
    let host = text.get(end..end + after).unwrap_or_default();
    let host = host.strip_suffix(b".").unwrap_or(host);
    // Names of files have such signs too: `icon@2x.png`.
    !host.first().is_some_and(u8::is_ascii_digit) && is_email(&[name, b"@", host].concat())
}

fn jwt_at(text: &[u8]) -> bool {
    let of_part = |b: &&u8| b.is_ascii_alphanumeric() || b"-_".contains(b);
    let header = text.iter().take_while(of_part).count();
    let Some((b'.', rest)) = text.get(header..).and_then(<[u8]>::split_first) else { return false };
    let payload = rest.iter().take_while(of_part).count();
    header >= 12 && rest.starts_with(b"eyJ") && rest.get(payload) == Some(&b'.')
}

/// Cards, social security numbers and IBANs: what begins at a digit or a pair of capitals.
fn numbers(text: &[u8]) -> u8 {
    let mut found = 0;
    let mut at = 0;
    let begins = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    while let Some(next) = text.get(at..).and_then(|rest| rest.iter().position(begins)) {
        at += next;
        let rest = text.get(at..).unwrap_or_default();
        let byte = rest.first().copied().unwrap_or_default();
        let inside =
            at.checked_sub(1).and_then(|before| text.get(before)).is_some_and(u8::is_ascii_alphanumeric);
        if byte.is_ascii_digit() {
            let run = run(rest);
            if !inside {
                let run = rest.get(..run).unwrap_or_default();
                let ends = !rest.get(run.len()).is_some_and(u8::is_ascii_alphabetic);
                if ends && is_card(run) {
                    found |= Sensitive::Card.bit();
                }
                if ends && is_ssn(run) {
                    found |= Sensitive::Ssn.bit();
                }
            }
            at += run.max(1);
        } else {
            if byte.is_ascii_uppercase() && !inside && iban(rest) {
                found |= Sensitive::Iban.bit();
            }
            at += 1;
        }
    }
    found
}

/// Digits, with single spaces or hyphens between them.
fn run(text: &[u8]) -> usize {
    let mut len = 0;
    while let Some(byte) = text.get(len) {
        let separator = b" -".contains(byte) && text.get(len + 1).is_some_and(u8::is_ascii_digit);
        if !byte.is_ascii_digit() && !separator {
            break;
        }
        len += 1;
    }
    len
}

/// As Visa, Mastercard, American Express, Discover, Diners Club, JCB and UnionPay begin theirs.
fn is_card(run: &[u8]) -> bool {
    let digits = run.iter().filter(|byte| byte.is_ascii_digit()).count();
    let separators = run.len() - digits;
    let begins = match run {
        [b'4', ..] => matches!(digits, 13 | 16 | 19),
        [b'5', b'1'..=b'5', ..] | [b'2', b'2'..=b'7', ..] => digits == 16,
        [b'3', b'4' | b'7', ..] => digits == 15,
        [b'3', b'0' | b'6' | b'8', ..] => digits == 14,
        [b'6', b'0' | b'2' | b'4' | b'5', ..] | [b'3', b'5', ..] => (16..=19).contains(&digits),
        _ => false,
    };
    begins && separators <= 4 && luhn(run)
}

fn is_ssn(run: &[u8]) -> bool {
    let [a, b, c, b'-', d, e, b'-', rest @ ..] = run else { return false };
    let area = [*a, *b, *c];
    rest.len() == 4
        && run.iter().filter(|byte| **byte == b'-').count() == 2
        && area != *b"000"
        && area != *b"666"
        && area[0] != b'9'
        && [*d, *e] != *b"00"
        && rest != b"0000"
}

/// Whether an IBAN (ISO 13616) begins here: country, check digits, 11 to 30 letters and digits; the number modulo 97 is 1.
fn iban(text: &[u8]) -> bool {
    let [b'A'..=b'Z', b'A'..=b'Z', b'0'..=b'9', b'0'..=b'9', ..] = text else { return false };
    let mut value = [0; 34];
    let mut len = 0;
    let mut end = 0;
    for (at, byte) in text.iter().enumerate().take(48) {
        let grouped =
            *byte == b' ' && text.get(at + 1).is_some_and(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if !(byte.is_ascii_digit() || byte.is_ascii_uppercase() || grouped) {
            break;
        }
        end = at + 1;
        if !grouped {
            let Some(slot) = value.get_mut(len) else { return false };
            *slot = *byte;
            len += 1;
        }
    }
    if !(15..=34).contains(&len) || text.get(end).is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    let value = value.get(..len).unwrap_or_default();
    let (head, tail) = value.split_at(4);
    let rest = tail.iter().chain(head).fold(0u32, |rest, &byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    rest == 1
}

#[cfg(test)]
#[test]
fn vectors() {
    use Sensitive::{Card, Email, Iban, Jwt, PrivateKey, Ssn};
    let cases: [(&str, &[Sensitive]); 22] = [
        ("", &[]),
        ("{\"email\":\"a.b@shop.example\"}", &[Email]),
        ("q=a%40shop.example", &[Email]),
        ("icon@2x.png", &[]),
        ("a@b", &[]),
        ("4111 1111 1111 1111", &[Card]),
        ("4111-1111-1111-1111.", &[Card]),
        ("\"5555555555554444\"", &[Card]),
        ("378282246310005", &[Card]),
        ("4111111111111112", &[]),
        ("1234567890123456", &[]),
        ("x4111111111111111", &[]),
        ("078-05-1120", &[Ssn]),
        ("000-12-3456", &[]),
        ("123-45-67890", &[]),
        ("DE89370400440532013000", &[Iban]),
        ("GB82 WEST 1234 5698 7654 32", &[Iban]),
        ("DE89370400440532013001", &[]),
        ("token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", &[Jwt]),
        ("eyJhbGciOiJIUzI1NiJ9.x", &[]),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII", &[PrivateKey]),
        ("-----BEGIN PUBLIC KEY-----", &[]),
    ];
    for (text, expected) in cases {
        let bits = expected.iter().fold(0, |bits, kind| bits | kind.bit());
        assert_eq!(kinds(text.as_bytes()), bits, "{text}");
    }
    assert_eq!(cases.len(), 22);
}

#[cfg(test)]
proptest::proptest! {
    #[test]
    fn any_bytes(text in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let _ = kinds(&text);
    }
}
