//! `url_decode_iis`: as In-App WAF decodes (`urlDecodeUni`): `%41`, `+`, and `%uXXXX`, which becomes
//! UTF-8 (a surrogate U+FFFD); over and over, until there is nothing left to decode.
//!
//! No two escapes overlap, so it doesn't matter which is decoded first: here it is the one that ends
//! first, as soon as its last byte stands in the output, and that takes linear time.
//!
//! `%252527` → `'`

use memchr::memchr2;

use super::hex::{four, pair};

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(first) = memchr2(b'%', b'+', value) else { return false };
    let (before, rest) = value.split_at(first.min(value.len()));
    out.extend_from_slice(before);
    let mut changed = false;
    for &byte in rest {
        changed |= push(byte, out);
    }
    changed
}

/// Writes a byte, or what it completes; whether that is another than the byte.
fn push(byte: u8, out: &mut Vec<u8>) -> bool {
    out.push(if byte == b'+' { b' ' } else { byte });
    let mut changed = byte == b'+';
    // What an escape stands for may be the last byte of another.
    while let Some((code, used)) = escape_at_end(out) {
        changed = true;
        out.truncate(out.len() - used);
        match u8::try_from(code).ok().filter(|byte| used == 3 || *byte < 0x80) {
            Some(b'+') => out.push(b' '),
            Some(byte) => out.push(byte),
            None => {
                let c = char::from_u32(code.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
    changed
}

/// The number that the text ends with as an escape, and the length of that.
fn escape_at_end(text: &[u8]) -> Option<(u16, usize)> {
    match *text {
        [.., b'%', high, low] => Some((pair(high, low)?.into(), 3)),
        [.., b'%', b'u' | b'U', a, b, c, d] => Some((four([a, b, c, d])?, 6)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::transforms::{Transform, vectors};

    #[test]
    fn url_decode_iis() {
        vectors(
            Transform::UrlDecodeIis,
            20,
            &[
                (b"", b""),
                (b"plain", b"plain"),
                (b"a%27+b", b"a' b"),
                (b"%2527", b"'"),
                (b"%252525252527", b"'"),
                (b"%u0027%U003c", b"'<"),
                (b"%u002527", b"'"),
                (b"%25u0027", b"'"),
                (b"%%32%37", b"'"),
                (b"%2%37", b"'"),
                (b"%2b%252b%u002b", b"   "),
                (b"%u00e4", "ä".as_bytes()),
                (b"%e4", b"\xe4"),
                (b"%uff1c%u20ac", "＜€".as_bytes()),
                (b"%ud800", "\u{fffd}".as_bytes()),
                (b"%u0000%00", b"\0\0"),
                (b"%u002", b"%u002"),
                (b"%zz%4%", b"%zz%4%"),
                (b"%u00zz%zz", b"%u00zz%zz"),
                (b"100%+", b"100% "),
            ],
        );
    }

    /// One pass over the value, as libddwaf does it; whether anything was decoded.
    fn pass(value: &[u8]) -> (Vec<u8>, bool) {
        let (mut out, mut rest, mut changed) = (Vec::new(), value, false);
        while let [byte, after @ ..] = rest {
            let (text, used) = match *rest {
                [b'+', ..] => (vec![b' '], 1),
                [b'%', high, low, ..] if pair(high, low).is_some() => (vec![pair(high, low).unwrap()], 3),
                [b'%', b'u' | b'U', a, b, c, d, ..] if four([a, b, c, d]).is_some() => {
                    let code = four([a, b, c, d]).unwrap();
                    let c = char::from_u32(code.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
                    (c.to_string().into_bytes(), 6)
                }
                _ => (vec![*byte], 0),
            };
            out.extend(text);
            changed |= used > 0;
            rest = rest.get(used..).filter(|_| used > 0).unwrap_or(after);
        }
        (out, changed)
    }

    proptest! {
        #[test]
        fn is_what_many_passes_make(
            value in prop::collection::vec(prop::sample::select(&b"%%%%u2570bBeEdD8+a"[..]), 0..60),
        ) {
            let (mut text, mut changed, mut again) = (value.clone(), false, true);
            while again {
                (text, again) = pass(&text);
                changed |= again;
            }
            let mut out = Vec::new();
            prop_assert_eq!(Transform::UrlDecodeIis.apply(&value, &mut out), changed);
            prop_assert_eq!(if changed { out } else { value }, text);
        }
    }
}
