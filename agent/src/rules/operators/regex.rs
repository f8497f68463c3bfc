//! `match_regex`: a regular expression matches somewhere in the value.
//!
//! Expressions are RE2's and work on bytes (`.` is any byte but a line feed, `\w` is ASCII), case is ignored unless
//! asked, and the time is linear in the value: no look-around, no back-references.
//!
//! `"regex": "\\bunion\\s+select\\b"`

use regex_automata::{Input, meta};
use regex_syntax::{ParserBuilder, hir::Hir};

use super::re2;
use crate::rules::automata::compile;
use crate::rules::need::Need;

#[derive(Debug)]
pub(in crate::rules) struct Regex {
    need: Need,
    regex: meta::Regex,
    min_length: usize,
}

/// What one worker needs to run one expression.
pub(in crate::rules) type Cache = meta::Cache;

impl Regex {
    pub fn new(pattern: &str, case_sensitive: bool, min_length: usize) -> Result<Self, String> {
        let hir = parse(pattern, case_sensitive)?;
        let regex = compile(&hir)?;
        Ok(Self { need: Need::of(&hir), regex, min_length })
    }

    pub fn cache(&self) -> Cache {
        self.regex.create_cache()
    }

    /// Start and end of the first match. In an empty value there is none, as in libddwaf.
    pub fn find(&self, value: &[u8], cache: &mut Cache) -> Option<(usize, usize)> {
        if value.is_empty() || value.len() < self.min_length {
            return None;
        }
        self.regex.search_with(cache, &Input::new(value)).map(|found| (found.start(), found.end()))
    }

    /// What each value has in which it matches.
    pub fn need(&self) -> Need {
        self.need.clone()
    }

    /// The same with a cache out of a pool that the expression has: for what is off the clean path.
    pub fn find_pooled(&self, value: &[u8]) -> Option<(usize, usize)> {
        if value.len() < self.min_length {
            return None;
        }
        self.regex.find(value).map(|found| (found.start(), found.end()))
    }
}

/// Parses an expression.
///
/// # Errors
/// What is wrong with it, on one line.
pub(in crate::rules) fn parse(pattern: &str, case_sensitive: bool) -> Result<Hir, String> {
    let pattern = re2::translated(pattern);
    // Classes beyond ASCII need Unicode's rules.
    parse_as(&pattern, case_sensitive, false)
        .or_else(|error| parse_as(&pattern, case_sensitive, true).map_err(|_| error))
}

fn parse_as(pattern: &str, case_sensitive: bool, unicode: bool) -> Result<Hir, String> {
    let mut parser = ParserBuilder::new()
        .unicode(unicode)
        .utf8(false)
        .case_insensitive(!case_sensitive)
        .nest_limit(100)
        .build();
    parser.parse(pattern).map_err(|error| {
        let (kind, span) = match &error {
            regex_syntax::Error::Parse(error) => (error.kind().to_string(), Some(error.span())),
            regex_syntax::Error::Translate(error) => (error.kind().to_string(), Some(error.span())),
            other => (other.to_string(), None),
        };
        let place = span.and_then(|span| pattern.get(span.start.offset..span.end.offset));
        match place {
            Some(place) if !place.is_empty() => format!("{kind}: {place}"),
            _ => kind,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pattern: &str, value: &[u8]) -> Option<(usize, usize)> {
        let regex = Regex::new(pattern, false, 0).unwrap();
        regex.find(value, &mut regex.cache())
    }

    #[test]
    fn vectors() {
        type Vector = (&'static str, &'static [u8], Option<(usize, usize)>);
        let vectors: [Vector; 8] = [
            ("union", b"a UNION b", Some((2, 7))),
            (r"\bor\b", b"for", None),
            (r"\bor\b", "für or".as_bytes(), Some((5, 7))),
            ("a.c", b"a\nc", None),
            ("(?s)a.c", b"a\nc", Some((0, 3))),
            (r"\x00.\xff", b"\x00a\xff", Some((0, 3))),
            ("[äö]", "xö".as_bytes(), Some((1, 3))),
            (r"(?-i)Ab", b"ab", None),
        ];
        let mut ran = 0;
        for (pattern, value, expected) in vectors {
            assert_eq!(find(pattern, value), expected, "{pattern}");
            ran += 1;
        }
        assert_eq!(ran, 8);
        assert_eq!(find("^$|.*", b""), None, "empty");
        let regex = Regex::new("a", true, 3).unwrap();
        assert_eq!(regex.find(b"aa", &mut regex.cache()), None, "min_length");
        assert_eq!(regex.find(b"AAA", &mut regex.cache()), None, "case_sensitive");
        assert_eq!(regex.find(b"aaa", &mut regex.cache()), Some((0, 1)));
    }

    #[test]
    fn what_takes_more_than_linear_time_is_refused() {
        for (pattern, says) in [
            ("(?=a)", "look-around"),
            ("(?<!a)b", "look-around"),
            (r"(a)\1", "backreferences are not supported"),
            ("(a", "unclosed group"),
            ("a++", ""),
        ] {
            match parse(pattern, false) {
                Err(problem) => assert!(problem.contains(says), "{pattern}: {problem}"),
                Ok(_) => assert_eq!(says, "", "{pattern} is taken"),
            }
        }
        let problem = Regex::new(r"(?:a{1000}){1000}", false, 0).unwrap_err();
        assert!(problem.contains("larger than"), "{problem}");
    }
}
