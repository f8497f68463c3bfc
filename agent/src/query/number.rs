//! Numbers of events and queries.

use std::{cmp::Ordering, fmt};

/// A number of JSON. Whole numbers that no `i64` holds are taken as real, as SQLite does.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number.
    Integer(i64),
    /// Any other; never NaN.
    Real(f64),
}

/// 2^63: the first real number beyond every `i64`.
const BEYOND: f64 = 9_223_372_036_854_775_808.0;

impl Number {
    /// Reads `-5`, `404`, `0.25`, `1e6`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        // No `inf`, `nan`, `+5`, `.5` or `5.`: what JSON does not have.
        let plain = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.ends_with(|c: char| c.is_ascii_digit())
            && !digits.contains(".e")
            && !digits.contains(".E");
        if !plain {
            return None;
        }
        if let Ok(integer) = text.parse() {
            return Some(Self::Integer(integer));
        }
        text.parse().ok().filter(|real: &f64| real.is_finite()).map(Self::Real)
    }

    /// Compares the numbers themselves: no whole number is rounded.
    #[must_use]
    pub fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Real(a), Self::Real(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Self::Integer(a), Self::Real(b)) => mixed(a, b),
            (Self::Real(a), Self::Integer(b)) => mixed(b, a).reverse(),
        }
    }
}

/// The real number's whole part is exact as `i64` inside its range, and so is what is left.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked, the fraction is compared apart")]
fn mixed(integer: i64, real: f64) -> Ordering {
    if real >= BEYOND {
        return Ordering::Less;
    }
    if real < -BEYOND {
        return Ordering::Greater;
    }
    integer
        .cmp(&(real.trunc() as i64))
        .then_with(|| 0.0_f64.partial_cmp(&real.fract()).unwrap_or(Ordering::Equal))
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.compare(*other) == Ordering::Equal
    }
}

impl From<u64> for Number {
    #[expect(clippy::cast_precision_loss, reason = "what SQLite does with it")]
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Self::Real(number as f64), Self::Integer)
    }
}

impl From<&serde_json::Number> for Number {
    fn from(number: &serde_json::Number) -> Self {
        number.as_i64().map_or_else(|| Self::Real(number.as_f64().unwrap_or_default()), Self::Integer)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => integer.fmt(f),
            Self::Real(real) => real.fmt(f),
        }
    }
}
