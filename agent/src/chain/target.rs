//! Targets of the two requests: what of one stands in the other.

/// The path and what follows `?`, of a target in origin or absolute form (RFC 9112 section 3.2).
#[must_use]
pub fn split(target: &[u8]) -> (&[u8], &[u8]) {
    let target = match memchr::memmem::find(target, b"://") {
        Some(at) if !target.starts_with(b"/") => {
            let rest = target.get(at + 3..).unwrap_or_default();
            rest.get(memchr::memchr(b'/', rest).unwrap_or(rest.len())..).unwrap_or_default()
        }
        _ => target,
    };
    target.split_at(memchr::memchr(b'?', target).unwrap_or(target.len()))
}

/// From the last slash of the path on: what a proxy that changes the beginning of a path leaves as it is.
#[must_use]
pub fn tail(path: &[u8]) -> &[u8] {
    path.get(memchr::memrchr(b'/', path).unwrap_or(0)..).unwrap_or(path)
}

/// How a path within becomes one of the path in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation<'p> {
    /// The same, or its end: all of it stands in the outer one.
    Within,
    /// Its beginning is another: first the outer path's, then its own.
    Replaced(&'p [u8], &'p [u8]),
}

/// Compares paths whose tails are equal, whole segments at a time.
#[must_use]
pub fn relation<'p>(outer: &'p [u8], inner: &'p [u8]) -> Relation<'p> {
    let pairs = outer.iter().rev().zip(inner.iter().rev());
    let mut common = 0;
    for (at, (a, b)) in (1..).zip(pairs) {
        if a != b {
            break;
        }
        if *a == b'/' {
            common = at;
        }
    }
    let own = inner.get(..inner.len().saturating_sub(common)).unwrap_or_default();
    if own.is_empty() || outer == inner {
        return Relation::Within;
    }
    Relation::Replaced(outer.get(..outer.len().saturating_sub(common)).unwrap_or_default(), own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_split() {
        for (target, path, query) in [
            ("/a/b?x=1?y", "/a/b", "?x=1?y"),
            ("/a", "/a", ""),
            ("http://host:80/p?q", "/p", "?q"),
            ("http://host", "", ""),
            ("/go?u=http://other/x", "/go", "?u=http://other/x"),
            ("*", "*", ""),
            ("", "", ""),
        ] {
            assert_eq!(split(target.as_bytes()), (path.as_bytes(), query.as_bytes()), "{target}");
        }
        for (path, last) in [("/a/b", "/b"), ("/a/", "/"), ("*", "*"), ("", "")] {
            assert_eq!(tail(path.as_bytes()), last.as_bytes(), "{path}");
        }
    }

    #[test]
    fn whole_segments_are_compared() {
        let replaced = |a: &'static str, b: &'static str| Relation::Replaced(a.as_bytes(), b.as_bytes());
        let cases = [
            ("/a/b", "/a/b", Relation::Within),
            ("/api/a/b", "/a/b", Relation::Within),
            ("/api/", "/", Relation::Within),
            ("/front/x/1", "/behind/x/1", replaced("/front", "/behind")),
            ("/x", "/app/x", replaced("", "/app")),
            // "/b" is a piece of "/ab", but no segment of it.
            ("/ab/c", "/b/c", replaced("/ab", "/b")),
            ("", "", Relation::Within),
            ("*", "*", Relation::Within),
        ];
        for (outer, inner, expected) in cases {
            assert_eq!(relation(outer.as_bytes(), inner.as_bytes()), expected, "{outer} {inner}");
        }
    }
}
