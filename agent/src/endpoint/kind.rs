//! What a value looks like.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing.
    Empty,
    /// `true`, `false`.
    Boolean,
    /// A number, also with a fraction.
    Number,
    /// A UUID.
    Uuid,
    /// 16 hexadecimal digits or more.
    Hash,
    /// A day, also with a time.
    Date,
    /// An e-mail address.
    Email,
    /// An IP address.
    Ip,
    /// With a scheme, or a path.
    Url,
    /// Long and random.
    Token,
    /// Anything else.
    Text,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Empty,
        Self::Boolean,
        Self::Number,
        Self::Uuid,
        Self::Hash,
        Self::Date,
        Self::Email,
        Self::Ip,
        Self::Url,
        Self::Token,
        Self::Text,
    ];

    /// What a value looks like.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        match value {
            b"" => Self::Empty,
            b"true" | b"false" => Self::Boolean,
            _ if value.len() > 512 => Self::Text,
            _ if is_number(value) => Self::Number,
            _ if is_uuid(value) => Self::Uuid,
            _ if is_hash(value) => Self::Hash,
            _ if is_date(value) => Self::Date,
            _ if is_email(value) => Self::Email,
            _ if is_ip(value) => Self::Ip,
            _ if value.starts_with(b"/") || memchr::memmem::find(value, b"://").is_some() => Self::Url,
            _ if is_token(value) => Self::Token,
            _ => Self::Text,
        }
    }

    /// Its bit in a set of kinds.
    pub(super) const fn bit(self) -> u16 {
        1 << self as u16
    }
}

fn is_number(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    let mut points = 0;
    digits.first().is_some_and(u8::is_ascii_digit)
        && digits.iter().all(|&byte| {
            points += usize::from(byte == b'.');
            byte.is_ascii_digit() || byte == b'.'
        })
        && points <= 1
}

/// 8-4-4-4-12 hexadecimal digits (RFC 9562).
pub(super) fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// 16 hexadecimal digits or more, letters among them.
pub(super) fn is_hash(value: &[u8]) -> bool {
    value.len() >= 16
        && value.iter().all(u8::is_ascii_hexdigit)
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
}

/// `2026-11-22`, also with a time behind it (RFC 3339).
pub(super) fn is_date(value: &[u8]) -> bool {
    let Some((day, time)) = value.split_at_checked(10) else { return false };
    let day = day.iter().enumerate().all(|(at, byte)| match at {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    day && (time.is_empty() || matches!(time, [b'T' | b't' | b' ', hour, ..] if hour.is_ascii_digit()))
}

pub(super) fn is_email(value: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'@', value) else { return false };
    let (name, domain) = (value.get(..at).unwrap_or_default(), value.get(at + 1..).unwrap_or_default());
    let local = |b: &u8| b.is_ascii_alphanumeric() || b"._%+-".contains(b) || *b >= 0x80;
    let host = |b: &u8| b.is_ascii_alphanumeric() || b".-".contains(b);
    !name.is_empty()
        && name.iter().all(local)
        && domain.iter().all(host)
        && memchr::memrchr(b'.', domain).is_some_and(|dot| dot > 0 && dot + 2 < domain.len())
}

pub(super) fn is_ip(value: &[u8]) -> bool {
    value.len() <= 45
        && value.iter().any(|byte| b".:".contains(byte))
        && std::str::from_utf8(value).is_ok_and(|text| text.parse::<IpAddr>().is_ok())
}

/// At least 20 letters of both cases and digits, as base64 and what is made like it has them.
pub(super) fn is_token(value: &[u8]) -> bool {
    let of_token = |b: &u8| b.is_ascii_alphanumeric() || b"-_.=~+".contains(b);
    let (mut upper, mut lower, mut digits) = (0, 0, 0);
    for byte in value {
        upper += usize::from(byte.is_ascii_uppercase());
        lower += usize::from(byte.is_ascii_lowercase());
        digits += usize::from(byte.is_ascii_digit());
    }
    value.len() >= 20 && value.iter().all(of_token) && upper >= 2 && lower >= 2 && digits >= 2
}

#[cfg(test)]
#[test]
fn vectors() {
    let cases = [
        ("", Kind::Empty),
        ("true", Kind::Boolean),
        ("42", Kind::Number),
        ("-1.5", Kind::Number),
        ("1.2.3", Kind::Text),
        ("019f886e-c0a0-7003-8000-01abcdef0123", Kind::Uuid),
        ("507f1f77bcf86cd799439011", Kind::Hash),
        ("2026-11-22", Kind::Date),
        ("2026-11-22T04:40:00Z", Kind::Date),
        ("a.b+c@shop.example", Kind::Email),
        ("a@b", Kind::Text),
        ("192.0.2.7", Kind::Ip),
        ("2001:db8::1", Kind::Ip),
        ("https://x.example/", Kind::Url),
        ("/next", Kind::Url),
        ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.x1", Kind::Token),
        ("red shoes", Kind::Text),
    ];
    for (value, kind) in cases {
        assert_eq!(Kind::of(value.as_bytes()), kind, "{value}");
    }
    assert_eq!(cases.len(), 17);
    assert!(Kind::ALL.windows(2).all(|two| two[0] < two[1]));
}
