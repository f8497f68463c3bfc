//! Operators of conditions and scanners, ready to run on objects.

use std::sync::{Mutex, PoisonError};

use crate::rules::inapp::ast::{Expected, List, Number, Operator};
use crate::rules::inapp::object::Object;
use crate::rules::operators::{
    checksum::RegexWithChecksum,
    compare::{self, Value},
    hidden_ascii,
    ip::Networks,
    phrases::Phrases,
    regex::{Cache, Regex},
    until::TextsUntil,
};

/// An operator, compiled.
#[derive(Debug)]
pub(super) enum Matcher {
    Regex(Regex),
    /// It is rare, and off the clean path: one cache does.
    Checked(RegexWithChecksum, Box<Mutex<Cache>>),
    Phrases(Phrases),
    Exact(TextsUntil),
    Ip(Networks),
    HiddenAscii,
    Equals(Expected),
    GreaterThan(Number),
    LowerThan(Number),
    Exists,
}

impl Matcher {
    /// # Errors
    /// Why it can't be asked here.
    pub fn new(operator: &Operator) -> Result<Self, String> {
        Ok(match operator {
            Operator::MatchRegex(pattern) => {
                Self::Regex(Regex::new(&pattern.regex, pattern.case_sensitive, pattern.min_length)?)
            }
            Operator::MatchRegexWithChecksum { pattern, checksum } => {
                let regex = Regex::new(&pattern.regex, pattern.case_sensitive, pattern.min_length)?;
                let cache = Box::new(Mutex::new(regex.cache()));
                Self::Checked(RegexWithChecksum::new(regex, *checksum), cache)
            }
            Operator::PhraseMatch { phrases, case_sensitive, word_boundary } => {
                Self::Phrases(Phrases::new(phrases, *case_sensitive, *word_boundary)?)
            }
            Operator::ExactMatch(List::Here(list)) => Self::Exact(TextsUntil::always(list)),
            Operator::IpMatch(List::Here(networks)) => Self::Ip(Networks::new(networks)),
            Operator::HiddenAscii => Self::HiddenAscii,
            Operator::Equals(expected) => Self::Equals(expected.clone()),
            Operator::GreaterThan(number) => Self::GreaterThan(*number),
            Operator::LowerThan(number) => Self::LowerThan(*number),
            Operator::Exists => Self::Exists,
            Operator::ExactMatch(List::Data(_)) | Operator::IpMatch(List::Data(_)) => {
                return Err(format!("`{}` takes no `data` here: give it a `list`", operator.name()));
            }
            Operator::IsSqli | Operator::IsXss | Operator::InProcess(_) => {
                return Err(format!("`{}` is for rules: ask something else here", operator.name()));
            }
        })
    }

    /// Whether it holds for a value that has no parts. `None`: it says nothing about values of this type.
    pub fn holds(&self, value: &Object<'_>) -> Option<bool> {
        match self {
            Self::Exists => Some(true),
            Self::Equals(expected) => compare::equals(expected, scalar(value)?),
            Self::GreaterThan(number) => compare::greater_than(*number, scalar(value)?),
            Self::LowerThan(number) => compare::lower_than(*number, scalar(value)?),
            of_texts => Some(of_texts.holds_for_text(value.text()?)),
        }
    }

    /// Whether it holds for a text.
    pub fn holds_for_text(&self, text: &[u8]) -> bool {
        match self {
            Self::Regex(regex) => regex.find_pooled(text).is_some(),
            Self::Checked(regex, cache) => {
                let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
                regex.find(text, &mut cache).is_some()
            }
            Self::Phrases(phrases) => phrases.find(text).is_some(),
            Self::Exact(exact) => exact.matches(text, 0),
            Self::Ip(networks) => networks.find(text).is_some(),
            Self::HiddenAscii => hidden_ascii::find(text).is_some(),
            Self::Equals(expected) => compare::equals(expected, Value::Text(text)) == Some(true),
            Self::GreaterThan(_) | Self::LowerThan(_) => false,
            Self::Exists => true,
        }
    }
}

fn scalar<'v>(value: &'v Object<'_>) -> Option<Value<'v>> {
    Some(match value {
        Object::String(text) => Value::Text(text),
        Object::Bool(is) => Value::Boolean(*is),
        Object::Signed(number) => Value::Signed(*number),
        Object::Unsigned(number) => Value::Unsigned(*number),
        Object::Float(number) => Value::Float(*number),
        Object::Unknown | Object::Null | Object::Array(_) | Object::Map(_) => return None,
    })
}

#[cfg(test)]
#[test]
fn vectors() {
    use crate::rules::inapp::ast::{Checksum, Pattern};

    let text = |text: &'static str| Object::String(text.as_bytes().into());
    let ip = Operator::IpMatch(List::Here(vec!["192.0.2.0/24".parse().unwrap()]));
    let exact = Operator::ExactMatch(List::Here(vec!["a".into()]));
    let checked = Operator::MatchRegexWithChecksum {
        pattern: Pattern { regex: r"\d{16}".into(), case_sensitive: false, min_length: 16 },
        checksum: Checksum::Luhn,
    };
    let vectors = [
        (checked.clone(), text("4111111111111111"), Some(true)),
        (checked, text("4111111111111112"), Some(false)),
        (ip.clone(), text("192.0.2.7"), Some(true)),
        (ip.clone(), text("192.0.3.7"), Some(false)),
        (ip, Object::Null, None),
        (exact.clone(), text("a"), Some(true)),
        (exact, Object::Unsigned(1), None),
        (Operator::Equals(Expected::Boolean(true)), Object::Bool(true), Some(true)),
        (Operator::Equals(Expected::Boolean(true)), text("true"), None),
        (Operator::Equals(Expected::String("a".into())), text("A"), Some(false)),
        (Operator::GreaterThan(Number::Unsigned(5)), Object::Signed(6), Some(true)),
        (Operator::LowerThan(Number::Float(1.5)), Object::Unsigned(1), Some(true)),
        (Operator::LowerThan(Number::Unsigned(5)), text("1"), None),
        (Operator::HiddenAscii, text("plain"), Some(false)),
        (Operator::Exists, Object::Unknown, Some(true)),
    ];
    for (operator, value, expected) in &vectors {
        let matcher = Matcher::new(operator).unwrap();
        assert_eq!(matcher.holds(value), *expected, "{operator:?} {value:?}");
        if let Some(text) = value.text() {
            assert_eq!(matcher.holds_for_text(text), expected.unwrap_or(false), "{operator:?} {value:?}");
        }
    }
    assert_eq!(vectors.len(), 15);
    let problem = Matcher::new(&Operator::IpMatch(List::Data("x".into()))).unwrap_err();
    assert_eq!(problem, "`ip_match` takes no `data` here: give it a `list`");
    let problem = Matcher::new(&Operator::IsXss).unwrap_err();
    assert_eq!(problem, "`is_xss` is for rules: ask something else here");
}
