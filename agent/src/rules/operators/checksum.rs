//! `match_regex_with_checksum`: an expression matches somewhere in the value, and what it matched has a right
//! check digit.
//!
//! `"regex": "\\b4[0-9]{15}\\b", "checksum": "luhn"`

use super::regex::{Cache, Regex};
use crate::{limits, rules::inapp::ast::Checksum};

/// An expression with its checksum.
#[derive(Debug)]
pub(in crate::rules) struct RegexWithChecksum {
    regex: Regex,
    checksum: Checksum,
}

impl RegexWithChecksum {
    pub const fn new(regex: Regex, checksum: Checksum) -> Self {
        Self { regex, checksum }
    }

    /// The expression alone.
    pub const fn regex(&self) -> &Regex {
        &self.regex
    }

    /// Start and end of the first match with a right check digit, of the first [`limits::CHECKSUMS`] matches:
    /// looking for each costs time linear in what is left of the value.
    pub fn find(&self, value: &[u8], cache: &mut Cache) -> Option<(usize, usize)> {
        let mut from = 0;
        for _ in 0..limits::CHECKSUMS {
            let rest = value.get(from..).filter(|rest| !rest.is_empty())?;
            let (start, end) = self.regex.find(rest, cache).filter(|(start, end)| end > start)?;
            let right = match self.checksum {
                Checksum::Luhn => luhn(rest.get(start..end)?),
            };
            if right {
                return Some((from + start, from + end));
            }
            from += end;
        }
        None
    }
}

/// Whether the digits, whatever stands between them, have the right last one (ISO/IEC 7812-1, annex B).
pub(crate) fn luhn(text: &[u8]) -> bool {
    let digits = text.iter().rev().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'));
    let mut sum = 0u32;
    let mut any = false;
    for (place, digit) in digits.enumerate() {
        any = true;
        let digit = if place % 2 == 1 { digit * 2 } else { digit };
        sum = (sum + digit / 10 + digit % 10) % 10;
    }
    any && sum == 0
}

#[cfg(test)]
#[test]
fn vectors() {
    let numbers: [(&[u8], bool); 8] = [
        (b"4111111111111111", true),
        (b"4111111111111112", false),
        (b"4111-1111 1111.1111", true),
        (b"378282246310005", true),
        (b"79927398713", true),
        (b"0", true),
        (b"", false),
        (b"----", false),
    ];
    let mut ran = 0;
    for (number, expected) in numbers {
        assert_eq!(luhn(number), expected, "{}", number.escape_ascii());
        ran += 1;
    }
    let regex = Regex::new("[0-9]{16}", false, 16).unwrap();
    let operator = RegexWithChecksum::new(regex, Checksum::Luhn);
    let wrong = "4111111111111112 ".repeat(limits::CHECKSUMS);
    type Vector<'v> = (&'v [u8], Option<(usize, usize)>);
    let values: [Vector<'_>; 6] = [
        (b"4111111111111111", Some((0, 16))),
        (b"4111111111111112", None),
        (b"x 4111111111111112 4111111111111111 y", Some((19, 35))),
        (b"411111111111111", None),
        (b"", None),
        (&[wrong.as_bytes(), b"4111111111111111"].concat(), None),
    ];
    for (value, expected) in values {
        assert_eq!(operator.find(value, &mut operator.regex().cache()), expected, "{}", value.escape_ascii());
        ran += 1;
    }
    assert_eq!(ran, 14);
    let nothing = RegexWithChecksum::new(Regex::new("x*", false, 0).unwrap(), Checksum::Luhn);
    assert_eq!(
        nothing.find(b"4111111111111111", &mut nothing.regex().cache()),
        None,
        "a match of nothing ends it"
    );
}
