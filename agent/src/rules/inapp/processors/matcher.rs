//! Operators of conditions and scanners, ready to run on objects.

use super::config::{Checksum, Operator, Scalar};
use crate::rules::inapp::object::Object;
use crate::rules::operators::{exact::Exact, phrases::Phrases, regex::Regex};

/// An operator, compiled.
#[derive(Debug)]
pub(super) enum Matcher {
    Regex(Regex),
    Checked(Regex, Checksum),
    Phrases(Phrases),
    Exact(Exact),
    Equals(Scalar),
    Exists,
}

impl Matcher {
    /// # Errors
    /// Why it can't be compiled.
    pub fn new(operator: &Operator) -> Result<Self, String> {
        Ok(match operator {
            Operator::Regex { pattern, case_sensitive, min_length, checksum } => {
                let regex = Regex::new(pattern, *case_sensitive, *min_length)?;
                match checksum {
                    Some(checksum) => Self::Checked(regex, *checksum),
                    None => Self::Regex(regex),
                }
            }
            Operator::Phrases { list, word_boundary } => {
                Self::Phrases(Phrases::new(list, true, *word_boundary)?)
            }
            Operator::Exact(list) => Self::Exact(Exact::new(list)),
            Operator::Equals(scalar) => Self::Equals(scalar.clone()),
            Operator::Exists => Self::Exists,
        })
    }

    /// Whether it holds for a value that has no parts. `None`: it says nothing about values of this type.
    pub fn holds(&self, value: &Object<'_>) -> Option<bool> {
        match (self, value) {
            (Self::Exists, _) => Some(true),
            (Self::Equals(scalar), value) => equals(scalar, value),
            (matcher, Object::String(text)) => Some(matcher.holds_for_text(text)),
            _ => None,
        }
    }

    /// Whether it holds for a text.
    pub fn holds_for_text(&self, text: &[u8]) -> bool {
        match self {
            Self::Regex(regex) => regex.find_pooled(text).is_some(),
            Self::Checked(regex, Checksum::Luhn) => checked(regex, text),
            Self::Phrases(phrases) => phrases.find(text).is_some(),
            Self::Exact(exact) => exact.find(text).is_some(),
            Self::Equals(Scalar::String(wanted)) => wanted.as_bytes() == text,
            Self::Equals(_) => false,
            Self::Exists => true,
        }
    }
}

fn equals(scalar: &Scalar, value: &Object<'_>) -> Option<bool> {
    Some(match (scalar, value) {
        (Scalar::String(wanted), Object::String(text)) => *wanted.as_bytes() == **text,
        (Scalar::Bool(wanted), Object::Bool(is)) => wanted == is,
        (Scalar::Signed(wanted), Object::Signed(number)) => wanted == number,
        (Scalar::Signed(wanted), Object::Unsigned(number)) => u64::try_from(*wanted) == Ok(*number),
        (Scalar::Unsigned(wanted), Object::Unsigned(number)) => wanted == number,
        (Scalar::Unsigned(wanted), Object::Signed(number)) => u64::try_from(*number) == Ok(*wanted),
        (Scalar::Float { value, delta }, Object::Float(number)) => (value - number).abs() < *delta,
        _ => return None,
    })
}

/// Whether one of the matches that follow on each other is right by its check digit.
fn checked(regex: &Regex, text: &[u8]) -> bool {
    let mut rest = text;
    // An empty match ends it, so that this moves on.
    while let Some((start, end)) = regex.find_pooled(rest).filter(|(start, end)| start < end) {
        if rest.get(start..end).is_some_and(luhn) {
            return true;
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    false
}

/// Luhn's sum (ISO/IEC 7812-1 annex B) over the digits that are there.
fn luhn(text: &[u8]) -> bool {
    let digits = text.iter().rev().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'));
    let mut count = 0_usize;
    let sum: u32 = digits
        .inspect(|_| count += 1)
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    count > 0 && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_vectors() {
        let vectors: [(&[u8], bool); 9] = [
            (b"4111111111111111", true),
            (b"4111-1111 1111.1111", true),
            (b"4111111111111112", false),
            (b"378282246310005", true),
            (b"79927398713", true),
            (b"79927398710", false),
            (b"0", true),
            (b"", false),
            (b"-", false),
        ];
        for (text, expected) in vectors {
            assert_eq!(luhn(text), expected, "{}", text.escape_ascii());
        }
        assert_eq!(vectors.len(), 9);
    }

    #[test]
    fn a_later_match_may_be_the_right_one() {
        let matcher = Matcher::new(&Operator::Regex {
            pattern: r"\b\d{16}\b".into(),
            case_sensitive: false,
            min_length: 16,
            checksum: Some(Checksum::Luhn),
        });
        let matcher = matcher.unwrap();
        assert!(matcher.holds_for_text(b"4111111111111112, 4111111111111111"));
        assert!(!matcher.holds_for_text(b"4111111111111112, 4111111111111113"));
        assert!(!matcher.holds_for_text(b""));
    }

    #[test]
    fn equals_vectors() {
        let float = Scalar::Float { value: 1.5, delta: 0.1 };
        let text = |text: &'static str| Object::String(text.as_bytes().into());
        let vectors = [
            (Scalar::Bool(true), Object::Bool(true), Some(true)),
            (Scalar::Bool(true), Object::Bool(false), Some(false)),
            (Scalar::Bool(true), text("true"), None),
            (Scalar::String("a".into()), text("a"), Some(true)),
            (Scalar::String("a".into()), text("A"), Some(false)),
            (Scalar::Signed(-1), Object::Signed(-1), Some(true)),
            (Scalar::Signed(1), Object::Unsigned(1), Some(true)),
            (Scalar::Signed(-1), Object::Unsigned(u64::MAX), Some(false)),
            (Scalar::Unsigned(1), Object::Signed(1), Some(true)),
            (Scalar::Unsigned(u64::MAX), Object::Signed(-1), Some(false)),
            (float.clone(), Object::Float(1.55), Some(true)),
            (float.clone(), Object::Float(1.7), Some(false)),
            (float, Object::Unsigned(1), None),
        ];
        for (scalar, value, expected) in &vectors {
            assert_eq!(equals(scalar, value), *expected, "{scalar:?} {value:?}");
        }
        assert_eq!(vectors.len(), 13);
    }
}
