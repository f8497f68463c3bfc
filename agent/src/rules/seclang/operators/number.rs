//! Numbers compared.
//!
//! `@gt 0`, `@ge %{tx.inbound_anomaly_score_threshold}`

use std::cmp::Ordering;

use crate::rules::bytes::ByteSet;
use crate::rules::need::Need;

/// The comparisons that hold: less, equal, greater.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    less: bool,
    equal: bool,
    greater: bool,
}

impl Number {
    pub fn named(name: &str) -> Option<Self> {
        let (less, equal, greater) = match name {
            "eq" => (false, true, false),
            "ge" => (false, true, true),
            "gt" => (false, false, true),
            "le" => (true, true, false),
            "lt" => (true, false, false),
            _ => return None,
        };
        Some(Self { less, equal, greater })
    }

    pub fn holds(self, text: &[u8], with: i64) -> bool {
        self.compares(read(text).cmp(&with))
    }

    fn compares(self, order: Ordering) -> bool {
        match order {
            Ordering::Less => self.less,
            Ordering::Equal => self.equal,
            Ordering::Greater => self.greater,
        }
    }

    /// A text without a digit but 0 is read as 0.
    pub fn need(self, argument: &[u8]) -> Need {
        if self.compares(0.cmp(&read(argument))) {
            Need::NOTHING
        } else {
            Need::byte_of(ByteSet::of_bytes(b'1'..=b'9'))
        }
    }
}

/// As atoi(3): white space, a sign, digits, and whatever; no digit is 0. A number too large is the largest
/// there is: libmodsecurity takes it for 0, with which a length would pass every limit.
pub(in crate::rules) fn read(text: &[u8]) -> i64 {
    let start = text.iter().position(|byte| !b" \t\n\x0b\x0c\r".contains(byte)).unwrap_or(text.len());
    let text = text.get(start..).unwrap_or_default();
    let (negative, digits) = match text.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, text),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let value =
        digits.fold(0i64, |value, &digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    if negative { -value } else { value }
}

#[cfg(test)]
#[test]
fn numbers_are_read_as_atoi_does() {
    let vectors: [(&str, i64); 15] = [
        ("", 0),
        ("0", 0),
        ("42", 42),
        ("  42", 42),
        ("\t\n\r\x0b\x0c42", 42),
        ("-42", -42),
        ("+42", 42),
        ("42abc", 42),
        ("abc42", 0),
        ("- 42", 0),
        ("--42", 0),
        ("0x1f", 0),
        ("007", 7),
        ("1.9", 1),
        ("99999999999999999999", i64::MAX),
    ];
    let mut ran = 0;
    for (text, expected) in vectors {
        assert_eq!(read(text.as_bytes()), expected, "{text:?}");
        ran += 1;
    }
    assert_eq!(ran, 15);
}
