//! Numbers of cards and persons: the pattern finds a candidate, a checksum or rule of its kind decides.
//!
//! `@verifyCC \d{13,16}`, `@verifyCPF …` (Brazil), `@verifySSN …` (USA), `@verifySVNR …` (Austria)

use super::{Cache, Found};
use crate::rules::bytes::ByteSet;
use crate::rules::need::Need;
use crate::rules::seclang::pcre::Pattern;

/// Candidates that are looked at in one text.
const MOST_CANDIDATES: usize = 200;
/// Digits of a candidate; more are no number of these kinds.
const MOST_DIGITS: usize = 32;

/// One of the four.
#[derive(Debug)]
pub(super) struct Verify {
    pattern: Pattern,
    is_one: fn(&[u32]) -> bool,
}

impl Verify {
    /// `None`: no such operator.
    pub fn new(name: &str, argument: &str) -> Option<Result<Self, String>> {
        let is_one = match name {
            "verifycc" => is_card,
            "verifycpf" => is_cpf,
            "verifyssn" => is_ssn,
            "verifysvnr" => is_svnr,
            _ => return None,
        };
        Some(Pattern::new(argument).map(|pattern| Self { pattern, is_one }))
    }

    /// The first match of the pattern that is such a number. As in ModSecurity, candidates may overlap.
    pub fn find(&self, text: &[u8], cache: &mut Option<Cache>) -> Option<Found> {
        let cache = Cache::of(cache, &self.pattern);
        let mut from = 0;
        for _ in 0..MOST_CANDIDATES {
            let (start, end) = self.pattern.find(text, from, cache)?;
            let mut digits = [0; MOST_DIGITS];
            let mut count = 0;
            let found = text.get(start..end).unwrap_or_default();
            for digit in found.iter().filter_map(|&byte| char::from(byte).to_digit(10)) {
                if let Some(place) = digits.get_mut(count) {
                    *place = digit;
                }
                count += 1;
            }
            if digits.get(..count).is_some_and(self.is_one) {
                return Some(Found { start, end });
            }
            from = start + 1;
        }
        None
    }

    pub fn need(&self) -> Need {
        let mut need = self.pattern.need();
        if need.bytes.len() < Need::SETS {
            need.bytes.push(ByteSet::of_bytes(b'0'..=b'9'));
        }
        need
    }

    pub fn beyond_regular(&self) -> Option<&'static str> {
        self.pattern.beyond_regular()
    }
}

/// Luhn's checksum (ISO/IEC 7812-1).
fn is_card(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => *digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// Cadastro de Pessoas Físicas: eleven digits, the last two checksums modulo 11 of those before.
fn is_cpf(digits: &[u32]) -> bool {
    let &[.., tenth, eleventh] = digits else { return false };
    let check = |digits: &[u32]| {
        let sum: u32 = digits.iter().rev().zip(2..).map(|(digit, weight)| digit * weight).sum();
        match sum % 11 {
            0 | 1 => 0,
            rest => 11 - rest,
        }
    };
    digits.len() == 11
        && !is_made_up(digits)
        && digits.get(..9).is_some_and(|nine| check(nine) == tenth)
        && digits.get(..10).is_some_and(|ten| check(ten) == eleventh)
}

/// Social Security number: nine digits, area, group and serial number as ModSecurity knows them (areas
/// up to 739, not 666; none of the three is 0).
fn is_ssn(digits: &[u32]) -> bool {
    let &[a, b, c, d, e, f, g, h, i] = digits else { return false };
    let (area, group, serial) = (a * 100 + b * 10 + c, d * 10 + e, f * 1000 + g * 100 + h * 10 + i);
    (1..740).contains(&area) && area != 666 && group > 0 && serial > 0 && !is_made_up(digits)
}

/// Sozialversicherungsnummer: ten digits, the fourth a checksum modulo 11 of the others.
fn is_svnr(digits: &[u32]) -> bool {
    let &[a, b, c, check, e, f, g, h, i, j] = digits else { return false };
    let sum = 3 * a + 7 * b + 9 * c + 5 * e + 8 * f + 4 * g + 2 * h + i + 6 * j;
    // As ModSecurity: a remainder of 10, which is not given out, is taken for 0.
    !is_made_up(digits) && sum % 11 % 10 == check
}

/// All the same, or counted up: 000000000, 123456789.
fn is_made_up(digits: &[u32]) -> bool {
    let pairs = || digits.windows(2).filter_map(|pair| pair.first().zip(pair.last()));
    pairs().all(|(one, next)| one == next) || pairs().all(|(one, next)| (one + 1) % 10 == *next)
}
