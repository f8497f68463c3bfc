//! The request target, taken apart for an event (RFC 9112 section 3.2).
#![forbid(unsafe_code)]

/// Authority, path and query of a target in any form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'t> {
    /// Of the absolute form (`http://host/…`) or the authority form (`CONNECT host:443`).
    pub authority: Option<&'t str>,
    pub path: &'t str,
    pub query: Option<&'t str>,
}

pub(super) fn split<'t>(method: &[u8], target: &'t str) -> Target<'t> {
    if method == b"CONNECT" {
        return Target { authority: Some(target), path: "", query: None };
    }
    let (before, query) = match target.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (target, None),
    };
    let scheme = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    match before.split_once("://") {
        Some((before, rest)) if scheme(before) => {
            let slash = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(slash);
            Target { authority: Some(authority), path: if path.is_empty() { "/" } else { path }, query }
        }
        _ => Target { authority: None, path: before, query },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        let cases = [
            ("GET", "/a/b?x=1?y", None, "/a/b", Some("x=1?y")),
            ("GET", "/a", None, "/a", None),
            ("GET", "/?", None, "/", Some("")),
            ("GET", "http://host:80/p?q", Some("host:80"), "/p", Some("q")),
            ("GET", "http://host?q", Some("host"), "/", Some("q")),
            ("GET", "/go/http://other/x", None, "/go/http://other/x", None),
            ("GET", "", None, "", None),
            ("OPTIONS", "*", None, "*", None),
            ("CONNECT", "host:443", Some("host:443"), "", None),
        ];
        for (method, target, authority, path, query) in cases {
            let expected = Target { authority, path, query };
            assert_eq!(split(method.as_bytes(), target), expected, "{method} {target}");
        }
    }
}
