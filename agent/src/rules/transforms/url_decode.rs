//! `url_decode`: `%` and two hexadecimal digits become that byte, `+` becomes a space; a `%` without
//! two digits stays.
//!
//! `a%27+b%zz` → `a' b%zz`

use memchr::memchr2;

use super::{hex::pair, rewrite};

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    decode(value, true, out)
}

/// Percent-decoding; `+` becomes a space only where forms are (`plus`), not in a path.
pub(crate) fn decode(value: &[u8], plus: bool, out: &mut Vec<u8>) -> bool {
    let other = if plus { b'+' } else { b'%' };
    rewrite::found(|rest| memchr2(b'%', other, rest), value, out, one)
}

/// Decodes one `%41` or `+`.
pub(super) fn one(escape: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let (byte, used) = match escape {
        [b'%', high, low, ..] => (pair(*high, *low)?, 3),
        [b'+', ..] => (b' ', 1),
        _ => return None,
    };
    out.push(byte);
    Some(used)
}

#[cfg(test)]
#[test]
fn url_decode() {
    super::vectors(
        super::Transform::UrlDecode,
        16,
        &[
            (b"", b""),
            (b"plain", b"plain"),
            (b"a%27+b", b"a' b"),
            (b"%zz%4", b"%zz%4"),
            (b"%", b"%"),
            (b"%2527", b"%27"),
            (b"%00%fF", b"\0\xff"),
            (b"100% +", b"100%  "),
            (b"%+", b"% "),
            (b"%%20", b"% "),
            (b"%0%20", b"%0 "),
            (b"%g0%20%0g", b"%g0 %0g"),
            (b"%u0041", b"%u0041"),
            (b"a\0%41", b"a\0A"),
            (b"%25%25", b"%%"),
            (b"\xff%ff\x80", b"\xff\xff\x80"),
        ],
    );
    let mut out = b"before ".to_vec();
    assert!(decode(b"a+%41", false, &mut out));
    assert_eq!(out, b"before a+A");
}
