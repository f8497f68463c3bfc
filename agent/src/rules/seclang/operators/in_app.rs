//! Operators of the In-App WAF that SecLang does not have.
//!
//! Meanings are libddwaf's (its `src/matcher/`).

use std::{collections::BTreeMap, sync::Arc};

use super::{Cache, Found, Kind, number};
use crate::rules::{
    bytes::ByteSet,
    inapp::ast::{DataValues, Expected, Expiring, List, Number, Operator, Pattern},
    need::Need,
    operators::{
        checksum::RegexWithChecksum,
        compare::{self, Value},
        hidden_ascii,
        ip::Networks,
        phrases::Phrases,
        regex::Regex,
        until::{NetworksUntil, TextsUntil},
    },
};

/// Entries of `rules_data` or `exclusion_data`, by id.
pub(in crate::rules) type Data = BTreeMap<Arc<str>, DataValues>;

/// Texts of a list up to which the filter looks for them; of longer lists, each value is asked about.
const LOOKED_FOR: usize = 256;

/// An operator that SecLang does not have.
#[derive(Debug)]
pub(super) enum InApp {
    Regex(Box<Regex>),
    Checksum(Box<RegexWithChecksum>),
    /// Texts, what each value has that is one of them, and whether one of them ceases to count.
    Texts(TextsUntil, Need, bool),
    Networks(NetworksUntil),
    HiddenAscii,
    Exists,
    Equals(Expected),
    Greater(Number),
    Lower(Number),
}

pub(super) fn kind(operator: &Operator, data: &Data) -> Result<Kind, String> {
    Ok(match operator {
        Operator::MatchRegex(Pattern { regex, case_sensitive, min_length }) => {
            Kind::InApp(InApp::Regex(Box::new(Regex::new(regex, *case_sensitive, *min_length)?)))
        }
        Operator::MatchRegexWithChecksum { pattern, checksum } => {
            let regex = Regex::new(&pattern.regex, pattern.case_sensitive, pattern.min_length)?;
            Kind::InApp(InApp::Checksum(Box::new(RegexWithChecksum::new(regex, *checksum))))
        }
        Operator::PhraseMatch { phrases, case_sensitive, word_boundary } => {
            Kind::Phrases(Phrases::new(phrases, *case_sensitive, *word_boundary)?)
        }
        Operator::ExactMatch(List::Here(texts)) => {
            let texts: Vec<_> = texts.iter().map(|text| Expiring { value: text.clone(), until: 0 }).collect();
            self::texts(&texts)
        }
        Operator::ExactMatch(List::Data(id)) => match data.get(id.as_str()) {
            Some(DataValues::Text(texts)) => self::texts(texts),
            _ => Kind::Never,
        },
        Operator::IpMatch(List::Here(networks)) => Kind::Address(Networks::new(networks)),
        Operator::IpMatch(List::Data(id)) => match data.get(id.as_str()) {
            Some(DataValues::Ip(networks)) => Kind::InApp(InApp::Networks(NetworksUntil::new(networks))),
            _ => Kind::Never,
        },
        Operator::IsSqli => Kind::Sqli,
        Operator::IsXss => Kind::Xss,
        Operator::HiddenAscii => Kind::InApp(InApp::HiddenAscii),
        Operator::Exists => Kind::InApp(InApp::Exists),
        Operator::Equals(expected) => Kind::InApp(InApp::Equals(expected.clone())),
        Operator::GreaterThan(number) => Kind::InApp(InApp::Greater(*number)),
        Operator::LowerThan(number) => Kind::InApp(InApp::Lower(*number)),
        Operator::InProcess(_) => {
            return Err(format!("{} can't be asked of a transaction", operator.name()));
        }
    })
}

fn texts(texts: &[Expiring<String>]) -> Kind {
    let need = match texts.len() {
        0 => return Kind::Never,
        1..=LOOKED_FOR => Need::one_of(texts.iter().map(|text| text.value.to_ascii_lowercase().into_bytes())),
        _ => Need::NOTHING,
    };
    let ends = texts.iter().any(|text| text.until != 0);
    Kind::InApp(InApp::Texts(TextsUntil::new(texts), need, ends))
}

impl InApp {
    /// `argument` is the time, where it is looked at.
    pub fn find(&self, text: &[u8], argument: &[u8], cache: &mut Option<Cache>) -> Option<Found> {
        let now = || u64::try_from(number::read(argument)).unwrap_or(0);
        let holds = match self {
            Self::Regex(regex) => {
                return regex.find(text, Cache::of_regex(cache, regex)).map(Found::from);
            }
            Self::Checksum(regex) => {
                return regex.find(text, Cache::of_regex(cache, regex.regex())).map(Found::from);
            }
            Self::HiddenAscii => return hidden_ascii::find(text).map(Found::from),
            Self::Texts(texts, ..) => texts.matches(text, now()),
            Self::Networks(networks) => networks.matches(text, now()),
            Self::Exists => true,
            Self::Equals(expected @ Expected::String(_)) => {
                compare::equals(expected, Value::Text(text)) == Some(true)
            }
            Self::Equals(expected) => value(text).and_then(|v| compare::equals(expected, v)) == Some(true),
            Self::Greater(than) => value(text).and_then(|v| compare::greater_than(*than, v)) == Some(true),
            Self::Lower(than) => value(text).and_then(|v| compare::lower_than(*than, v)) == Some(true),
        };
        holds.then_some(Found::all(text))
    }

    pub fn need(&self) -> Need {
        match self {
            Self::Regex(regex) => regex.need(),
            Self::Checksum(regex) => regex.regex().need(),
            Self::Texts(_, need, _) => need.clone(),
            Self::HiddenAscii => Need::byte_of(ByteSet::of_bytes([0xf3])),
            _ => Need::NOTHING,
        }
    }

    /// Whether some of what it looks for ceases to count.
    pub fn looks_at_time(&self) -> bool {
        matches!(self, Self::Texts(_, _, true) | Self::Networks(_))
    }

    /// Whether it can judge a value: some take texts, some take numbers, true and false.
    pub fn takes(&self, text: &[u8], word: bool) -> bool {
        match self {
            Self::Equals(Expected::String(_)) => !word,
            Self::Equals(Expected::Boolean(_)) => word && matches!(value(text), Some(Value::Boolean(_))),
            Self::Equals(_) | Self::Greater(_) | Self::Lower(_) => {
                word && matches!(value(text), Some(Value::Unsigned(_) | Value::Signed(_) | Value::Float(_)))
            }
            _ => true,
        }
    }
}

/// What a word of JSON is.
fn value(word: &[u8]) -> Option<Value<'_>> {
    let word = std::str::from_utf8(word).ok()?;
    match word {
        "true" => Some(Value::Boolean(true)),
        "false" => Some(Value::Boolean(false)),
        _ => {
            let unsigned = word.parse().map(Value::Unsigned);
            let signed = || word.parse().map(Value::Signed);
            let float = || word.parse().map(Value::Float);
            unsigned.or_else(|_| signed()).or_else(|_| float()).ok()
        }
    }
}
