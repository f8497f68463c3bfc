//! Wildcards in the path of an `Include`: `*`, `?`, `[a-z]`, `[!a-z]`, in any part of it, as in the shell.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use super::Files;

/// Whether there is a wildcard in a path.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The paths a pattern stands for, sorted. What does not exist is not among them.
pub(super) fn find(pattern: &Path, files: &dyn Files) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let name = match part {
            Component::Normal(name) if is_pattern(&name.to_string_lossy()) => name.to_string_lossy(),
            _ => {
                found.iter_mut().for_each(|path| path.push(part));
                continue;
            }
        };
        let name: Vec<char> = name.chars().collect();
        let mut next = Vec::new();
        for folder in found {
            let here = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
            let names = match files.list(here) {
                Ok(names) => names,
                // A file among folders, a folder that is not there: nothing in it matches.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
                {
                    continue;
                }
                Err(error) => return Err(error),
            };
            let names = names.into_iter().filter(|other| matches(&name, &other.to_string_lossy()));
            next.extend(names.map(|name| folder.join(name)));
        }
        found = next;
    }
    found.sort_unstable();
    Ok(found)
}

/// Whether a name is one of those a pattern stands for. A dot at the start has to be in both.
fn matches(pattern: &[char], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    if name.first() == Some(&'.') && pattern.first() != Some(&'.') {
        return false;
    }
    let (mut p, mut n) = (0, 0);
    // Behind the last star, and the first character it has not taken yet: only the last one is ever
    // tried again, so that the work is at most the product of the lengths.
    let mut star = None;
    while let Some(&c) = name.get(n) {
        let next = match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some('?') => Some(p + 1),
            Some('[') => class(pattern, p, c),
            Some(&other) => (other == c).then_some(p + 1),
            None => None,
        };
        match (next, star) {
            (Some(next), _) => (p, n) = (next, n + 1),
            (None, Some((behind, taken))) => {
                star = Some((behind, taken + 1));
                (p, n) = (behind, taken + 1);
            }
            (None, None) => return false,
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|&c| c == '*')
}

/// The offset behind a class of the pattern that begins here, when the character is in it. A `[` that
/// is never closed stands for itself.
fn class(pattern: &[char], open: usize, c: char) -> Option<usize> {
    let negated = matches!(pattern.get(open + 1), Some('!' | '^'));
    let first = open + 1 + usize::from(negated);
    let mut at = first;
    let mut inside = false;
    loop {
        match (pattern.get(at), pattern.get(at + 1), pattern.get(at + 2)) {
            (None, ..) => return (c == '[').then_some(open + 1),
            (Some(']'), ..) if at > first => return (inside != negated).then_some(at + 1),
            (Some(low), Some('-'), Some(high)) if *high != ']' => {
                inside |= (*low..=*high).contains(&c);
                at += 3;
            }
            (Some(&other), ..) => {
                inside |= other == c;
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn names() {
        let vectors = [
            ("*.conf", "a.conf", true),
            ("*.conf", ".conf", false),
            ("*.conf", ".a.conf", false),
            (".*.conf", ".a.conf", true),
            ("*.conf", "a.conf.bak", false),
            ("REQUEST-9??-*.conf", "REQUEST-942-APPLICATION-ATTACK-SQLI.conf", true),
            ("REQUEST-9??-*.conf", "REQUEST-94-X.conf", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("[]x]y", "]y", true),
            ("[a-]y", "-y", true),
            ("[a", "[a", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("**", "", true),
            ("", "a", false),
            ("ä?", "äö", true),
        ];
        let mut ran = 0;
        for (pattern, name, expected) in vectors {
            let pattern_chars: Vec<char> = pattern.chars().collect();
            assert_eq!(matches(&pattern_chars, name), expected, "{pattern} of {name}");
            ran += 1;
        }
        assert_eq!(ran, 18);
    }

    #[test]
    fn paths() {
        let names = ["r/b.conf", "r/a.conf", "r/.c.conf", "r/x.data", "r/d/e.conf", "s/a.conf"];
        let files: BTreeMap<PathBuf, Vec<u8>> = names.iter().map(|name| (name.into(), Vec::new())).collect();
        let vectors: [(&str, &[&str]); 6] = [
            ("r/*.conf", &["r/a.conf", "r/b.conf"]),
            ("?/a.conf", &["r/a.conf", "s/a.conf"]),
            ("[rs]/*/*", &["r/d/e.conf"]),
            ("r/*.none", &[]),
            ("none/*.conf", &[]),
            ("r/x.data/*", &[]),
        ];
        let mut ran = 0;
        for (pattern, expected) in vectors {
            let found = find(Path::new(pattern), &files).unwrap();
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            let there: Vec<_> = found.into_iter().filter(|path| files.contains_key(path)).collect();
            assert_eq!(there, expected, "{pattern}");
            ran += 1;
        }
        assert_eq!(ran, 6);
    }
}
