//! Which rules are meant: `942100`, `picket-sqli-*`, `920000-920999`, `tag:attack-xss`.

use std::fmt;

use super::glob::Glob;
use crate::rules::model::RuleMeta;

/// Rules by id or tag, whatever language they are written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Ids; `*` stands for any text.
    Id(Glob),
    /// Ids that are numbers, both ends included.
    Range(u64, u64),
    /// A tag; `*` stands for any text. The tags of a JSON rule are its `type`, and `key:value` of each.
    Tag(Glob),
}

impl Selector {
    /// What is expected, for error messages.
    pub const EXPECTED: &str = "an id, a range of ids or a tag, such as \"942100\", \"picket-sqli-*\", \"920000-920999\" or \"tag:attack-xss\"";

    /// Reads one.
    ///
    /// # Errors
    /// What to do about it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.trim() != text {
            return Err("without white space around it".to_owned());
        }
        if let Some(tag) = text.strip_prefix("tag:") {
            return if tag.is_empty() {
                Err("a tag follows: \"tag:attack-xss\"".to_owned())
            } else {
                Ok(Self::Tag(Glob::new(tag)))
            };
        }
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u64>().ok()).flatten()
        };
        if let Some((first, last)) = text.split_once('-')
            && let (Some(first), Some(last)) = (number(first.trim_end()), number(last.trim_start()))
        {
            return if first <= last {
                Ok(Self::Range(first, last))
            } else {
                Err(format!("the range is empty: write \"{last}-{first}\""))
            };
        }
        Ok(Self::Id(Glob::new(text)))
    }

    /// Whether a rule is meant; `tags` are those it has beside the ones in `meta`.
    #[must_use]
    pub fn fits(&self, meta: &RuleMeta, tags: &[String]) -> bool {
        match self {
            Self::Id(id) => id.fits(&meta.id),
            Self::Range(first, last) => {
                meta.id.parse::<u64>().is_ok_and(|number| (*first..=*last).contains(&number))
            }
            Self::Tag(tag) => {
                tags.iter().any(|given| tag.fits(given))
                    || meta.tags.iter().any(|(key, value)| {
                        (key == "type" && tag.fits(value)) || tag.fits(format!("{key}:{value}"))
                    })
            }
        }
    }

    /// Whether it names one rule, which then has to be there.
    #[must_use]
    pub fn is_one(&self) -> bool {
        matches!(self, Self::Id(id) if id.is_plain())
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => f.write_str(id.as_str()),
            Self::Range(first, last) => write!(f, "{first}-{last}"),
            Self::Tag(tag) => write!(f, "tag:{}", tag.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_meant() {
        let own = RuleMeta {
            id: "picket-sqli-001".into(),
            name: String::new(),
            tags: [("type".to_owned(), "sql_injection".to_owned()), ("confidence".into(), "high".into())]
                .into(),
        };
        let crs = RuleMeta { id: "942100".into(), ..RuleMeta::default() };
        let tags = ["attack-sqli".to_owned(), "paranoia-level/1".to_owned()];
        let cases = [
            ("picket-sqli-001", true, false),
            ("picket-*", true, false),
            ("942100", false, true),
            ("942000-942999", false, true),
            ("942101-942999", false, false),
            ("942100-942100", false, true),
            ("tag:attack-sqli", false, true),
            ("tag:attack-*", false, true),
            ("tag:attack", false, false),
            ("tag:sql_injection", true, false),
            ("tag:confidence:high", true, false),
            ("tag:high", false, false),
            ("*", true, true),
        ];
        for (text, of_own, of_crs) in cases {
            let selector = Selector::parse(text).unwrap();
            assert_eq!(selector.to_string(), text);
            assert_eq!((selector.fits(&own, &[]), selector.fits(&crs, &tags)), (of_own, of_crs), "{text}");
        }
        for (text, says) in
            [("", "white space"), (" 1", "white space"), ("tag:", "a tag follows"), ("9-1", "\"1-9\"")]
        {
            assert!(Selector::parse(text).unwrap_err().contains(says), "{text}");
        }
        // Numbers are no ranges when one of them is none.
        assert_eq!(Selector::parse("a-1"), Ok(Selector::Id(Glob::new("a-1"))));
    }
}
