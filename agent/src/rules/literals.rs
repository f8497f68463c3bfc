//! Texts of which a regular expression needs at least one: what makes a shared prefilter possible.
//!
//! One pass over all literals of all rules says which expressions may match a value; only these are
//! run. Literals are compared with ASCII case ignored, so a hit promises nothing; no hit does.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Longest literal kept; what follows is left to the expression itself.
const LONGEST: usize = 16;
/// Most literals of one expression; with more it runs on every value.
const MOST: usize = 4000;
/// Most texts that the parts of a concatenation are multiplied out to.
const MOST_PRODUCTS: usize = 128;

/// Lower-case texts, one of which occurs (ASCII case ignored) in whatever the expression matches.
/// `None` when there is no useful such set.
pub(super) fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let Need { exact, best } = need(hir);
    let set = better(exact, best)?;
    (shortest(&set) > 0).then_some(set)
}

/// What a part of an expression is known to need.
struct Need {
    /// All texts it matches, when they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// Texts one of which is in each match.
    best: Option<Vec<Vec<u8>>>,
}

impl Need {
    const NOTHING: Self = Self { exact: None, best: None };

    fn exactly(texts: Vec<Vec<u8>>) -> Self {
        Self { exact: Some(texts), best: None }
    }
}

fn need(hir: &Hir) -> Need {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Need::exactly(vec![Vec::new()]),
        HirKind::Literal(literal) => Need::exactly(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => few(class).map_or(Need::NOTHING, Need::exactly),
        HirKind::Capture(capture) => need(&capture.sub),
        HirKind::Repetition(repetition) => {
            let sub = need(&repetition.sub);
            match (repetition.min, repetition.max) {
                (1, Some(1)) => sub,
                (0, Some(1)) => match sub.exact {
                    Some(mut texts) => {
                        texts.push(Vec::new());
                        Need::exactly(texts)
                    }
                    None => Need::NOTHING,
                },
                (0, _) => Need::NOTHING,
                _ => Need { exact: None, best: better(sub.exact, sub.best) },
            }
        }
        HirKind::Concat(parts) => concat(parts),
        HirKind::Alternation(parts) => alternation(parts),
    }
}

fn concat(parts: &[Hir]) -> Need {
    let mut best = None;
    // Texts that the last parts match exactly.
    let mut run = vec![Vec::new()];
    let mut whole = true;
    for part in parts {
        let part = need(part);
        match part.exact {
            Some(texts) if texts.len() * run.len() <= MOST_PRODUCTS => run = product(&run, &texts),
            Some(texts) => {
                best = better(best, Some(std::mem::replace(&mut run, texts)));
                whole = false;
            }
            None => {
                best = better(best, Some(std::mem::replace(&mut run, vec![Vec::new()])));
                best = better(best, part.best);
                whole = false;
            }
        }
    }
    if whole { Need::exactly(run) } else { Need { exact: None, best: better(best, Some(run)) } }
}

fn product(left: &[Vec<u8>], right: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut all: Vec<_> = left.iter().flat_map(|l| right.iter().map(|r| [&l[..], r].concat())).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn alternation(parts: &[Hir]) -> Need {
    let mut exact = Some(Vec::new());
    let mut best = Some(Vec::new());
    for part in parts {
        let part = need(part);
        let any = better(part.exact.clone(), part.best);
        best = best.zip(any).map(joined).filter(|texts| texts.len() <= MOST);
        exact = exact.zip(part.exact).map(joined).filter(|texts| texts.len() <= MOST);
    }
    Need { exact, best }
}

fn joined((mut left, right): (Vec<Vec<u8>>, Vec<Vec<u8>>)) -> Vec<Vec<u8>> {
    left.extend(right);
    left
}

/// The members of a class, in small letters, when there are at most eight.
fn few(class: &Class) -> Option<Vec<Vec<u8>>> {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut add = |text: &[u8]| {
        let text = text.to_ascii_lowercase();
        if !texts.contains(&text) {
            texts.push(text);
        }
    };
    match class {
        Class::Bytes(class) => {
            for range in class.ranges().iter() {
                if range.len() > 16 {
                    return None;
                }
                (range.start()..=range.end()).for_each(|byte| add(&[byte]));
            }
        }
        Class::Unicode(class) => {
            for range in class.ranges().iter() {
                if range.len() > 16 {
                    return None;
                }
                (range.start()..=range.end()).for_each(|c| add(c.encode_utf8(&mut [0; 4]).as_bytes()));
            }
        }
    }
    (texts.len() <= 8 && !texts.is_empty()).then_some(texts)
}

/// The set that says more: longer texts first, then fewer.
fn better(one: Option<Vec<Vec<u8>>>, other: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if worth(&one) >= worth(&other) { one } else { other }),
        (one, other) => one.or(other),
    }
}

fn worth(set: &[Vec<u8>]) -> usize {
    // A set with an empty text says nothing; beyond six bytes, fewer texts are worth more.
    shortest(set).min(6) * 2 * MOST + MOST.saturating_sub(set.len())
}

fn shortest(set: &[Vec<u8>]) -> usize {
    set.iter().map(Vec::len).min().unwrap_or(0)
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
            (r"(?:a|b)c{2,}xyz", Some(&["xyz"])),
            (r"x(?:foo|bar)y", Some(&["xbary", "xfooy"])),
            (r"https?://", Some(&["http://", "https://"])),
            (r"[\\/]etc[\\/]passwd", Some(&["/etc/passwd", "/etc\\passwd", "\\etc/passwd", "\\etc\\passwd"])),
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
