//! `url_decode_uni`: as `url_decode`, and IIS's `%uXXXX`: below `%u0100` that byte, full-width ASCII
//! (`%uff01` to `%uff5e`) its ASCII byte, others their UTF-8.
//!
//! `%u0027%uff1cscript>` → `'<script>`

use memchr::memchr2;

use super::hex;

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(first) = memchr2(b'%', b'+', value) else { return false };
    let (before, mut rest) = value.split_at(first);
    out.extend(before);
    let mut changed = false;
    while let [byte, tail @ ..] = rest {
        (rest, changed) = match (byte, tail) {
            (b'%', [b'u' | b'U', a, b, c, d, after @ ..]) if four([*a, *b, *c, *d]).is_some() => {
                push(four([*a, *b, *c, *d]).unwrap_or(0), out);
                (after, true)
            }
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                out.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                (after, true)
            }
            (b'+', _) => {
                out.push(b' ');
                (tail, true)
            }
            _ => {
                out.push(*byte);
                (tail, changed)
            }
        };
    }
    changed
}

fn four(digits: [u8; 4]) -> Option<u32> {
    digits.iter().try_fold(0, |code, &digit| Some(code << 4 | u32::from(hex(digit)?)))
}

fn push(code: u32, out: &mut Vec<u8>) {
    match code {
        0xff01..=0xff5e => out.extend(u8::try_from(code - 0xff00 + 0x20)),
        _ => match u8::try_from(code) {
            Ok(byte) => out.push(byte),
            Err(_) => {
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend(c.encode_utf8(&mut [0; 4]).bytes());
            }
        },
    }
}

#[cfg(test)]
#[test]
fn url_decode_uni() {
    super::vectors(
        super::Transform::UrlDecodeUni,
        9,
        &[
            (b"plain", b"plain"),
            (b"%u0027%27", b"''"),
            (b"%uff1cscript%UFF1e", b"<script>"),
            (b"%u00e4", b"\xe4"),
            (b"%u20ac", "€".as_bytes()),
            (b"%ud800", "\u{fffd}".as_bytes()),
            (b"%u002", b"%u002"),
            (b"%u00zz%zz", b"%u00zz%zz"),
            (b"a+b%2b", b"a b+"),
        ],
    );
}
