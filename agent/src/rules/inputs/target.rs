//! The request target (RFC 9112 section 3.2): path and query.

use memchr::{memchr, memmem};

use super::{Address, Inputs, NodeId, form};

pub(super) fn read(target: &[u8], inputs: &mut Inputs<'_>) {
    inputs.value(Address::UriRaw, NodeId::ROOT, target);
    let (path, query) = split(target);
    inputs.value_decoded(Address::Path, NodeId::ROOT, path, false);
    if inputs.wants(Address::PathParams) {
        for (index, segment) in (0..).zip(path.split(|&b| b == b'/').filter(|s| !s.is_empty())) {
            if inputs.is_full() {
                break;
            }
            let node = inputs.indexed(Address::PathParams, NodeId::ROOT, index);
            inputs.value_decoded(Address::PathParams, node, segment, false);
        }
    }
    if let Some(query) = query {
        inputs.value(Address::QueryRaw, NodeId::ROOT, query);
        if inputs.wants(Address::Query) {
            form::read(Address::Query, query, inputs);
        }
    }
}

/// Path and query of a target in any form; the authority of an absolute form is not part of either.
pub(crate) fn split(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    let (before, query) = match memchr(b'?', target) {
        Some(at) => (target.get(..at).unwrap_or_default(), target.get(at + 1..)),
        None => (target, None),
    };
    let path = match memmem::find(before, b"://") {
        // Only a scheme may stand before it: `/redirect/http://x` is a path.
        Some(at) if before.iter().take(at).all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)) => {
            let authority = before.get(at + 3..).unwrap_or_default();
            let path = memchr(b'/', authority).and_then(|slash| authority.get(slash..));
            path.unwrap_or(b"/")
        }
        _ => before,
    };
    (path, query)
}

#[cfg(test)]
#[test]
fn splits_every_form() {
    let cases: [(&str, &str, Option<&str>); 8] = [
        ("/a/b?x=1?y", "/a/b", Some("x=1?y")),
        ("/a", "/a", None),
        ("/?", "/", Some("")),
        ("http://host:80/p?q", "/p", Some("q")),
        ("http://host?q", "/", Some("q")),
        ("/go/http://other/x", "/go/http://other/x", None),
        ("*", "*", None),
        ("host:443", "host:443", None),
    ];
    for (target, path, query) in cases {
        assert_eq!(split(target.as_bytes()), (path.as_bytes(), query.map(str::as_bytes)), "{target}");
    }
}
