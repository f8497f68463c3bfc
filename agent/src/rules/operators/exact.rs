//! `exact_match`: the value is, byte for byte, one of these. An empty value is none of them, as in libddwaf.
//!
//! `"list": ["TRACE", "TRACK"]`

use std::collections::HashSet;

#[derive(Debug)]
pub(in crate::rules) struct Exact(HashSet<Vec<u8>>);

impl Exact {
    pub fn new(values: &[String]) -> Self {
        Self(values.iter().map(|value| value.as_bytes().to_vec()).collect())
    }

    pub fn find(&self, value: &[u8]) -> Option<(usize, usize)> {
        (!value.is_empty() && self.0.contains(value)).then_some((0, value.len()))
    }
}

#[cfg(test)]
#[test]
fn vectors() {
    let exact = Exact::new(&["TRACE".to_owned(), "ä".to_owned(), String::new()]);
    let vectors: [(&[u8], bool); 7] = [
        (b"TRACE", true),
        ("ä".as_bytes(), true),
        (b"trace", false),
        (b"TRACE ", false),
        (b"TRAC", false),
        (b"\xff", false),
        (b"", false),
    ];
    for (value, expected) in vectors {
        assert_eq!(exact.find(value).is_some(), expected, "{}", value.escape_ascii());
    }
}
