//! `equals`, `greater_than`, `lower_than`: a value is, or is more or less than, the one given.
//!
//! Each says nothing of a value that is of another kind: it holds on it as little as its opposite does.
//! Whole numbers are of one kind for `equals`, whether signed or not, and numbers with a fraction of another;
//! which of two is greater can be said of any two numbers. (As libddwaf 2.1 does it.)
//!
//! `"type": "unsigned", "value": 404`

use std::cmp::Ordering;

use crate::rules::inapp::ast::{Expected, Number};

/// One value of a transaction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::rules) enum Value<'v> {
    /// A text.
    Text(&'v [u8]),
    /// True or false.
    Boolean(bool),
    /// A whole number from 0.
    Unsigned(u64),
    /// A whole number.
    Signed(i64),
    /// A number with a fraction.
    Float(f64),
}

/// Whether a value is the expected one; nothing if it is of another kind.
pub(in crate::rules) fn equals(expected: &Expected, value: Value<'_>) -> Option<bool> {
    Some(match (expected, value) {
        (Expected::String(expected), Value::Text(text)) => expected.as_bytes() == text,
        (Expected::Boolean(expected), Value::Boolean(value)) => *expected == value,
        (Expected::Float { value: expected, delta }, Value::Float(value)) => {
            (expected - value).abs() < *delta
        }
        (Expected::Unsigned(expected), value) => whole(value)? == i128::from(*expected),
        (Expected::Signed(expected), value) => whole(value)? == i128::from(*expected),
        _ => return None,
    })
}

/// Whether a value is greater than a number; nothing if it is none.
pub(in crate::rules) fn greater_than(number: Number, value: Value<'_>) -> Option<bool> {
    compare(number, value).map(|order| order == Some(Ordering::Greater))
}

/// Whether a value is lower than a number; nothing if it is none.
pub(in crate::rules) fn lower_than(number: Number, value: Value<'_>) -> Option<bool> {
    compare(number, value).map(|order| order == Some(Ordering::Less))
}

/// How a value stands to a number; NaN stands to none.
fn compare(number: Number, value: Value<'_>) -> Option<Option<Ordering>> {
    let than = match number {
        Number::Unsigned(number) => Value::Unsigned(number),
        Number::Signed(number) => Value::Signed(number),
        Number::Float(number) => Value::Float(number),
    };
    match (whole(value), whole(than)) {
        (Some(value), Some(than)) => Some(Some(value.cmp(&than))),
        _ => Some(float(value)?.partial_cmp(&float(than)?)),
    }
}

fn whole(value: Value<'_>) -> Option<i128> {
    match value {
        Value::Unsigned(value) => Some(value.into()),
        Value::Signed(value) => Some(value.into()),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "beside a fraction, more precision means nothing")]
fn float(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Unsigned(value) => Some(value as f64),
        Value::Signed(value) => Some(value as f64),
        Value::Float(value) => Some(value),
        Value::Text(_) | Value::Boolean(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const U: fn(u64) -> Value<'static> = Value::Unsigned;
    const S: fn(i64) -> Value<'static> = Value::Signed;
    const F: fn(f64) -> Value<'static> = Value::Float;
    const T: fn(&'static [u8]) -> Value<'static> = Value::Text;
    const B: fn(bool) -> Value<'static> = Value::Boolean;

    #[test]
    fn equal() {
        let float = |value, delta| Expected::Float { value, delta };
        let text = |text: &str| Expected::String(text.to_owned());
        let vectors = [
            (Expected::Unsigned(5), U(5), Some(true)),
            (Expected::Unsigned(5), S(5), Some(true)),
            (Expected::Unsigned(5), S(-5), Some(false)),
            (Expected::Unsigned(5), F(5.0), None),
            (Expected::Unsigned(5), T(b"5"), None),
            (Expected::Unsigned(5), B(true), None),
            (Expected::Unsigned(u64::MAX), S(-1), Some(false)),
            (Expected::Unsigned(u64::MAX), U(u64::MAX), Some(true)),
            (Expected::Signed(-5), S(-5), Some(true)),
            (Expected::Signed(5), U(5), Some(true)),
            (Expected::Signed(-1), U(u64::MAX), Some(false)),
            (float(5.0, 0.01), F(5.009), Some(true)),
            (float(5.0, 0.01), F(5.011), Some(false)),
            (float(5.0, 0.01), F(4.995), Some(true)),
            (float(5.0, 0.5), F(5.5), Some(false)),
            (float(5.0, 0.01), F(f64::NAN), Some(false)),
            (float(5.0, 0.01), U(5), None),
            (float(5.0, 0.01), T(b"5.0"), None),
            (Expected::Boolean(true), B(true), Some(true)),
            (Expected::Boolean(true), B(false), Some(false)),
            (Expected::Boolean(true), T(b"true"), None),
            (Expected::Boolean(true), U(1), None),
            (text("s"), T(b"s"), Some(true)),
            (text("s"), T(b"S"), Some(false)),
            (text(""), T(b""), Some(true)),
            (text("5"), U(5), None),
        ];
        let mut ran = 0;
        for (expected, value, holds) in vectors {
            assert_eq!(equals(&expected, value), holds, "{expected:?} {value:?}");
            ran += 1;
        }
        assert_eq!(ran, 26);
    }

    #[test]
    fn order() {
        // Number, value, greater, lower.
        let vectors = [
            (Number::Unsigned(5), U(4), Some(false), Some(true)),
            (Number::Unsigned(5), U(5), Some(false), Some(false)),
            (Number::Unsigned(5), U(6), Some(true), Some(false)),
            (Number::Unsigned(5), S(-1), Some(false), Some(true)),
            (Number::Unsigned(5), F(5.5), Some(true), Some(false)),
            (Number::Unsigned(5), T(b"6"), None, None),
            (Number::Unsigned(5), B(true), None, None),
            (Number::Signed(-5), S(-6), Some(false), Some(true)),
            (Number::Signed(-5), U(u64::MAX), Some(true), Some(false)),
            (Number::Signed(-5), F(5.5), Some(true), Some(false)),
            (Number::Float(5.5), U(5), Some(false), Some(true)),
            (Number::Float(5.5), U(6), Some(true), Some(false)),
            (Number::Float(5.5), F(5.5), Some(false), Some(false)),
            (Number::Float(5.5), F(f64::NAN), Some(false), Some(false)),
        ];
        let mut ran = 0;
        for (number, value, greater, lower) in vectors {
            assert_eq!(greater_than(number, value), greater, "{value:?} > {number:?}");
            assert_eq!(lower_than(number, value), lower, "{value:?} < {number:?}");
            ran += 1;
        }
        assert_eq!(ran, 14);
    }
}
