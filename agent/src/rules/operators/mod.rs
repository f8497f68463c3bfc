//! Operators: what is looked for in a value. One file each.

#[cfg_attr(not(test), expect(dead_code, reason = "asked once both languages have one evaluation"))]
pub(super) mod checksum;
#[cfg_attr(not(test), expect(dead_code, reason = "asked once both languages have one evaluation"))]
pub(super) mod compare;
pub(super) mod exact;
#[cfg_attr(not(test), expect(dead_code, reason = "asked once both languages have one evaluation"))]
pub(super) mod exists;
#[cfg_attr(not(test), expect(dead_code, reason = "asked once both languages have one evaluation"))]
pub(super) mod hidden_ascii;
pub(super) mod ip;
pub(super) mod phrases;
mod re2;
pub(super) mod regex;
mod sql_words;
pub(super) mod sqli;
#[cfg_attr(not(test), expect(dead_code, reason = "asked once both languages have one evaluation"))]
pub(super) mod until;
pub(super) mod xss;

use super::model::Operator;

/// An operator, ready to run.
#[derive(Debug)]
pub(super) enum Matcher {
    Regex(regex::Regex),
    Phrases(phrases::Phrases),
    Exact(exact::Exact),
    Ip(ip::Networks),
    Sqli,
    Xss,
}

impl Matcher {
    /// # Errors
    /// Why the operator can't be compiled.
    pub fn new(operator: &Operator) -> Result<Self, String> {
        Ok(match operator {
            Operator::MatchRegex { pattern, case_sensitive, min_length } => {
                Self::Regex(regex::Regex::new(pattern, *case_sensitive, *min_length)?)
            }
            Operator::PhraseMatch { phrases, case_sensitive, word_boundary } => {
                Self::Phrases(phrases::Phrases::new(phrases, *case_sensitive, *word_boundary)?)
            }
            Operator::ExactMatch { values } => Self::Exact(exact::Exact::new(values)),
            Operator::IpMatch { networks } => Self::Ip(ip::Networks::new(networks)),
            Operator::IsSqli => Self::Sqli,
            Operator::IsXss => Self::Xss,
        })
    }

    /// Small-letter texts one of which (ASCII case ignored) is in each value that this can match.
    pub fn literals(&self) -> Option<Vec<Vec<u8>>> {
        match self {
            Self::Regex(regex) => regex.literals(),
            Self::Phrases(phrases) => Some(phrases.literals()),
            Self::Exact(_) | Self::Ip(_) | Self::Sqli | Self::Xss => None,
        }
    }
}
