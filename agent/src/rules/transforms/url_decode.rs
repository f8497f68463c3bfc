//! `url_decode`: `%` and two hexadecimal digits become that byte, `+` becomes a space; a `%` without
//! two digits stays.
//!
//! `a%27+b%zz` → `a' b%zz`

use memchr::memchr2;

use super::hex;

pub(crate) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    decode(value, true, out)
}

/// Percent-decoding; `+` becomes a space only where forms are (`plus`), not in a path.
pub(crate) fn decode(value: &[u8], plus: bool, out: &mut Vec<u8>) -> bool {
    let Some(first) = memchr2(b'%', if plus { b'+' } else { b'%' }, value) else { return false };
    let (start, changed_from) = (out.len(), value.len());
    let (before, mut rest) = value.split_at(first);
    out.extend(before);
    let mut changed = false;
    while let [byte, tail @ ..] = rest {
        (rest, changed) = match (byte, tail) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                out.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                (after, true)
            }
            (b'+', _) if plus => {
                out.push(b' ');
                (tail, true)
            }
            _ => {
                out.push(*byte);
                (tail, changed)
            }
        };
    }
    debug_assert!(out.len() - start <= changed_from);
    changed
}

#[cfg(test)]
#[test]
fn url_decode() {
    super::vectors(
        super::Transform::UrlDecode,
        8,
        &[
            (b"", b""),
            (b"plain", b"plain"),
            (b"a%27+b", b"a' b"),
            (b"%zz%4", b"%zz%4"),
            (b"%", b"%"),
            (b"%2527", b"%27"),
            (b"%00%fF", b"\0\xff"),
            (b"100% +", b"100%  "),
        ],
    );
}
