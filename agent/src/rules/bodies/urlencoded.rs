//! `application/x-www-form-urlencoded`: queries and bodies.
//!
//! As ModSecurity reads it: pieces between separators, the name is what stands before the first `=`,
//! both are percent-decoded once with `+` as a space, what is not decodable stays. An empty piece is a
//! parameter without name and value, except behind a last separator.

use memchr::{memchr, memchr2};

use super::{Buffers, Over, Sink};
use crate::rules::transforms::hex;

/// What the flags need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Urlencoded {
    /// A percent sign without two hexadecimal digits: `URLENCODED_ERROR`.
    pub invalid: bool,
    /// The sink has no room.
    pub over: Option<Over>,
}

/// The separator unless `SecArgumentSeparator` says another.
pub const SEPARATOR: u8 = b'&';

/// Tells the parameters of a query or a body.
pub fn read(text: &[u8], separator: u8, buffers: &mut Buffers, sink: &mut impl Sink) -> Urlencoded {
    let mut read = Urlencoded::default();
    let mut rest = text;
    while !rest.is_empty() {
        let end = memchr(separator, rest).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        let (name, value) = match memchr(b'=', piece) {
            Some(at) => (piece.get(..at).unwrap_or_default(), piece.get(at + 1..).unwrap_or_default()),
            None => (piece, &b""[..]),
        };
        let name = decoded(name, &mut buffers.name, &mut read.invalid);
        let value = decoded(value, &mut buffers.value, &mut read.invalid);
        if !sink.arg(name, value) {
            read.over = Some(Over::Sink);
            return read;
        }
    }
    read
}

/// The text itself when there is nothing to decode.
fn decoded<'t>(text: &'t [u8], out: &'t mut Vec<u8>, invalid: &mut bool) -> &'t [u8] {
    let Some(first) = memchr2(b'%', b'+', text) else { return text };
    out.clear();
    let mut rest = text;
    let mut next = Some(first);
    while let Some(at) = next {
        let (before, here) = rest.split_at(at);
        out.extend_from_slice(before);
        let used = match here {
            [b'+', ..] => {
                out.push(b' ');
                1
            }
            [_, high, low, ..] if hex(*high).is_some() && hex(*low).is_some() => {
                out.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                3
            }
            _ => {
                *invalid = true;
                out.push(b'%');
                1
            }
        };
        rest = here.get(used..).unwrap_or_default();
        next = memchr2(b'%', b'+', rest);
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::super::seen::Seen;
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &[u8], separator: u8) -> (Vec<String>, bool) {
        let mut seen = Seen::default();
        let read = read(text, separator, &mut Buffers::default(), &mut seen);
        assert_eq!(read.over, None);
        (seen.lines, read.invalid)
    }

    #[test]
    fn vectors() {
        // What libmodsecurity 3.0.9 makes of them.
        let cases: [(&str, &[&str], bool); 19] = [
            ("", &[], false),
            ("a=1", &["a=1"], false),
            ("a=1&b=2", &["a=1", "b=2"], false),
            ("a=1&a=2", &["a=1", "a=2"], false),
            ("a=1&&b=2", &["a=1", "=", "b=2"], false),
            ("a=1&", &["a=1"], false),
            ("&a", &["=", "a="], false),
            ("a", &["a="], false),
            ("=1", &["=1"], false),
            ("a=1=2", &["a=1=2"], false),
            ("a+b=%41%", &["a b=A%"], true),
            ("a=%zz", &["a=%zz"], true),
            ("a=%4", &["a=%4"], true),
            ("%61%3D=%26%2541", &["a==&%41"], false),
            ("a=%u0041", &["a=%u0041"], true),
            ("a=%%41", &["a=%A"], true),
            ("a=%00%0a%FF", &["a=\\x00\\n\\xff"], false),
            ("a=1;b=2", &["a=1;b=2"], false),
            ("a=+%2b+", &["a= + "], false),
        ];
        let mut ran = 0;
        for (text, expected, invalid) in cases {
            let (lines, found) = lines(text.as_bytes(), SEPARATOR);
            assert_eq!(lines, expected, "{text}");
            assert_eq!(found, invalid, "{text}");
            ran += 1;
        }
        assert_eq!(ran, 19);
        assert_eq!(lines(b"a=1;b=2&c", b';').0, ["a=1", "b=2&c"]);
    }

    #[test]
    fn a_full_sink_ends_it() {
        let mut seen = Seen { room: Some(2), ..Seen::default() };
        let read = read(b"a&b&c", SEPARATOR, &mut Buffers::default(), &mut seen);
        assert_eq!(read.over, Some(Over::Sink));
        assert_eq!(seen.lines, ["a=", "b="]);
    }

    proptest! {
        #[test]
        fn any_bytes(text in prop::collection::vec(prop_oneof![any::<u8>(),
            prop::sample::select(&b"%+&=;41az"[..])], 0..100), separator in any::<u8>()) {
            let (lines, _) = lines(&text, separator);
            prop_assert!(lines.len() <= text.iter().filter(|&&b| b == separator).count() + 1);
        }

        #[test]
        fn gives_back_what_was_encoded(pairs in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 1..8), prop::collection::vec(any::<u8>(), 0..20)), 0..8)) {
            let encode = |text: &[u8]| -> String { text.iter().map(|b| format!("%{b:02x}")).collect() };
            let body: Vec<String> = pairs.iter().map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect();
            let expected: Vec<String> =
                pairs.iter().map(|(n, v)| format!("{}={}", n.escape_ascii(), v.escape_ascii())).collect();
            let (lines, invalid) = lines(body.join("&").as_bytes(), SEPARATOR);
            prop_assert_eq!(lines, expected);
            prop_assert!(!invalid);
        }
    }
}
