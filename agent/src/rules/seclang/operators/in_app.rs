//! Operators of the In-App WAF: those that SecLang has too, and others.
//!
//! Meanings are libddwaf's (its `src/matcher/`).

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};

use ipnet::IpNet;

use super::{Cache, Found, Kind, number};
use crate::rules::{
    inapp::ast::{DataValues, Expected, Expiring, List, Number, Operator, Pattern},
    need::Need,
    operators::{ip::Networks, phrases::Phrases, regex::Regex},
};

/// Entries of `rules_data` or `exclusion_data`, by id.
pub(in crate::rules) type Data = BTreeMap<Arc<str>, DataValues>;

/// Values of a list up to which the filter looks for them; longer lists are asked about every value.
const LOOKED_FOR: usize = 256;

/// An operator that SecLang does not have.
#[derive(Debug)]
pub(super) enum InApp {
    Regex(Regex),
    /// Texts and when they cease to count, seconds since 1970; 0: never.
    Texts(HashMap<Vec<u8>, u64>),
    /// Networks of which at least one ceases to count.
    Networks(Vec<Expiring<IpNet>>),
    HiddenAscii,
    Exists,
    Equals(Expected),
    Greater(Number),
    Lower(Number),
}

pub(super) fn kind(operator: &Operator, data: &Data) -> Result<Kind, String> {
    Ok(match operator {
        Operator::MatchRegex(Pattern { regex, case_sensitive, min_length }) => {
            Kind::InApp(InApp::Regex(Regex::new(regex, *case_sensitive, *min_length)?))
        }
        Operator::PhraseMatch { phrases, case_sensitive, word_boundary } => {
            Kind::Phrases(Phrases::new(phrases, *case_sensitive, *word_boundary)?)
        }
        Operator::ExactMatch(list) => {
            let all = match list {
                List::Here(texts) => texts.iter().map(|text| (text.clone().into_bytes(), 0)).collect(),
                List::Data(id) => match data.get(id.as_str()) {
                    Some(DataValues::Text(texts)) => {
                        texts.iter().map(|text| (text.value.clone().into_bytes(), text.until)).collect()
                    }
                    _ => HashMap::new(),
                },
            };
            Kind::InApp(InApp::Texts(all))
        }
        Operator::IpMatch(List::Here(networks)) => Kind::Address(Networks::new(networks)),
        Operator::IpMatch(List::Data(id)) => match data.get(id.as_str()) {
            Some(DataValues::Ip(networks)) if networks.iter().any(|network| network.until != 0) => {
                Kind::InApp(InApp::Networks(networks.clone()))
            }
            Some(DataValues::Ip(networks)) => {
                let networks: Vec<_> = networks.iter().map(|network| network.value).collect();
                Kind::Address(Networks::new(&networks))
            }
            _ => Kind::Address(Networks::new(&[])),
        },
        Operator::IsSqli => Kind::Sqli,
        Operator::IsXss => Kind::Xss,
        Operator::HiddenAscii => Kind::InApp(InApp::HiddenAscii),
        Operator::Exists => Kind::InApp(InApp::Exists),
        Operator::Equals(expected) => Kind::InApp(InApp::Equals(expected.clone())),
        Operator::GreaterThan(number) => Kind::InApp(InApp::Greater(*number)),
        Operator::LowerThan(number) => Kind::InApp(InApp::Lower(*number)),
        Operator::MatchRegexWithChecksum { .. } | Operator::InProcess(_) => {
            return Err(format!("{} can't be asked of a transaction", operator.name()));
        }
    })
}

impl InApp {
    pub fn find(&self, text: &[u8], argument: &[u8], cache: &mut Option<Cache>) -> Option<Found> {
        let counts =
            |until: u64| until == 0 || i64::try_from(until).is_ok_and(|until| number::read(argument) < until);
        let holds = match self {
            Self::Regex(regex) => {
                return regex.find(text, Cache::of_regex(cache, regex)).map(Found::from);
            }
            Self::Texts(texts) => texts.get(text).is_some_and(|&until| counts(until)),
            Self::Networks(networks) => {
                let address = std::str::from_utf8(text).ok().and_then(|text| text.parse::<IpAddr>().ok());
                address.is_some_and(|address| {
                    let address = address.to_canonical();
                    networks.iter().any(|network| network.value.contains(&address) && counts(network.until))
                })
            }
            Self::HiddenAscii => return hidden(text),
            Self::Exists => true,
            Self::Equals(expected) => equals(expected, text),
            Self::Greater(than) => compared(text, than).is_some_and(std::cmp::Ordering::is_gt),
            Self::Lower(than) => compared(text, than).is_some_and(std::cmp::Ordering::is_lt),
        };
        holds.then_some(Found::all(text))
    }

    pub fn need(&self) -> Need {
        match self {
            Self::Regex(regex) => regex.need(),
            Self::Texts(texts) if texts.len() <= LOOKED_FOR => Need::one_of(texts.keys().cloned()),
            _ => Need::NOTHING,
        }
    }

    /// Whether some of what it looks for ceases to count.
    pub fn looks_at_time(&self) -> bool {
        match self {
            Self::Texts(texts) => texts.values().any(|&until| until != 0),
            Self::Networks(_) => true,
            _ => false,
        }
    }

    /// Whether it judges numbers, true and false (`word`), or texts.
    pub fn takes(&self, word: bool) -> bool {
        match self {
            Self::Equals(Expected::String(_)) => !word,
            Self::Equals(_) | Self::Greater(_) | Self::Lower(_) => word,
            _ => true,
        }
    }
}

/// Code points of the block Tags (U+E0000 to U+E007F): ASCII that shows nothing.
fn hidden(text: &[u8]) -> Option<Found> {
    let start = memchr::memmem::find_iter(text, b"\xf3\xa0").find(|&at| {
        matches!(text.get(at + 2), Some(0x80 | 0x81)) && matches!(text.get(at + 3), Some(0x80..=0xbf))
    })?;
    Some(Found { start, end: start + 4 })
}

fn equals(expected: &Expected, text: &[u8]) -> bool {
    let word = std::str::from_utf8(text).unwrap_or_default();
    match expected {
        Expected::String(string) => string.as_bytes() == text,
        Expected::Boolean(expected) => word == if *expected { "true" } else { "false" },
        Expected::Unsigned(number) => word.parse::<u64>().is_ok_and(|found| found == *number),
        Expected::Signed(number) => word.parse::<i64>().is_ok_and(|found| found == *number),
        Expected::Float { value, delta } => {
            !is_whole(word) && word.parse::<f64>().is_ok_and(|found| (found - value).abs() < *delta)
        }
    }
}

/// How a number stands to another; whole numbers are not compared with fractions.
fn compared(text: &[u8], than: &Number) -> Option<std::cmp::Ordering> {
    let word = std::str::from_utf8(text).ok()?;
    match than {
        Number::Unsigned(than) => Some(word.parse::<i128>().ok()?.cmp(&i128::from(*than))),
        Number::Signed(than) => Some(word.parse::<i128>().ok()?.cmp(&i128::from(*than))),
        Number::Float(_) if is_whole(word) => None,
        Number::Float(than) => word.parse::<f64>().ok()?.partial_cmp(than),
    }
}

fn is_whole(word: &str) -> bool {
    word.parse::<i128>().is_ok()
}
