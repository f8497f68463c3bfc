//! Texts compared as they are, case and all.
//!
//! `@contains /etc/`, `@within GET HEAD %{tx.methods}`

use memchr::memmem;

use super::Found;
use crate::rules::need::Need;
use crate::rules::operators::phrases::stands_alone;

/// How the text and the argument are compared.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text {
    BeginsWith,
    /// `strmatch` too, which differs in how it searches only.
    Contains,
    ContainsWord,
    EndsWith,
    Equals,
    Within,
}

impl Text {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "beginswith" => Self::BeginsWith,
            "contains" | "strmatch" => Self::Contains,
            "containsword" => Self::ContainsWord,
            "endswith" => Self::EndsWith,
            "streq" => Self::Equals,
            "within" => Self::Within,
            _ => return None,
        })
    }

    pub fn find(self, text: &[u8], argument: &[u8]) -> Option<Found> {
        let at = |start: usize| Found { start, end: start + argument.len() };
        match self {
            Self::BeginsWith => text.starts_with(argument).then(|| at(0)),
            Self::Contains => memmem::find(text, argument).map(at),
            Self::ContainsWord => {
                // An empty word is everywhere (libmodsecurity).
                let alone =
                    |&start: &usize| argument.is_empty() || stands_alone(text, start, start + argument.len());
                memmem::find_iter(text, argument).find(alone).map(at)
            }
            Self::EndsWith => text.ends_with(argument).then(|| at(text.len() - argument.len())),
            Self::Equals => (text == argument).then(|| at(0)),
            // An empty text is within everything.
            Self::Within => memmem::find(argument, text).map(|_| Found::all(text)),
        }
    }

    pub fn need(self, argument: &[u8]) -> Need {
        match self {
            Self::Within => Need::NOTHING,
            _ => Need::one_of([argument.to_vec()]),
        }
    }
}
