//! Texts of which a regular expression needs at least one: what makes a shared prefilter possible.
//!
//! One pass over all literals of all rules says which expressions may match a value; only these are
//! run. Literals are compared with ASCII case ignored, so a hit promises nothing; no hit does.

use regex_syntax::hir::Hir;

use super::need;

/// Longest literal kept; what follows is left to the expression itself.
const LONGEST: usize = 16;

/// Lower-case texts, one of which occurs (ASCII case ignored) in whatever the expression matches.
/// `None` when there is no useful such set.
pub(super) fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    need::literals(hir)
}

/// Cut to what the prefilter keeps, each once.
pub(super) fn shortened(mut set: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    set.iter_mut().for_each(|text| text.truncate(LONGEST));
    set.sort_unstable();
    set.dedup();
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::operators::regex::parse;

    fn of(pattern: &str) -> Option<Vec<String>> {
        let set = required(&parse(pattern, false).unwrap())?;
        Some(shortened(set).into_iter().map(|text| String::from_utf8(text).unwrap()).collect())
    }

    #[test]
    fn finds_what_is_needed() {
        let cases: [(&str, Option<&[&str]>); 14] = [
            ("union", Some(&["union"])),
            (r"\bunion\s+(?:all\s+)?select\b", Some(&["select"])),
            ("UNION|Select", Some(&["select", "union"])),
            (r"union.*|\d+", None),
            (r"(?:a|b)c{2,}xyz", Some(&["ccxyz"])),
            (r"x(?:foo|bar)y", Some(&["xbary", "xfooy"])),
            (r"https?://", Some(&["http://", "https://"])),
            (r"[\\/]etc[\\/]passwd", Some(&["passwd"])),
            (r"\w+", None),
            ("", None),
            ("^$", None),
            (r"a*", None),
            (r"(?:ab)+", Some(&["ab"])),
            (r"é", Some(&["é"])),
        ];
        let mut ran = 0;
        for (pattern, expected) in cases {
            let expected = expected.map(|set| set.iter().map(|&t| t.to_owned()).collect::<Vec<_>>());
            assert_eq!(of(pattern), expected, "{pattern}");
            ran += 1;
        }
        assert_eq!(ran, 14);
    }
}
