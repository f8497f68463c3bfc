//! `sql_hex_decode`: `0x` and pairs of hexadecimal digits become bytes; one digit left over stays, and
//! so does a `0x` without a pair.
//!
//! `0x414243` → `ABC`

use memchr::memchr2;

use super::hex::pair;

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let mut rest = value;
    let mut changed = false;
    while let Some(at) = memchr2(b'x', b'X', rest) {
        let after = rest.get(at + 1..).unwrap_or_default();
        let text = rest.get(..at).unwrap_or_default();
        rest = match (text.strip_suffix(b"0"), after) {
            (Some(text), [high, low, ..]) if pair(*high, *low).is_some() => {
                out.extend_from_slice(text);
                changed = true;
                bytes(after, out)
            }
            _ => {
                out.extend_from_slice(rest.get(..=at).unwrap_or_default());
                after
            }
        };
    }
    if changed {
        out.extend_from_slice(rest);
    }
    changed
}

/// Writes the bytes of the pairs; what is after them.
fn bytes<'v>(text: &'v [u8], out: &mut Vec<u8>) -> &'v [u8] {
    let mut rest = text;
    while let [high, low, after @ ..] = rest {
        let Some(byte) = pair(*high, *low) else { break };
        out.push(byte);
        rest = after;
    }
    rest
}

#[cfg(test)]
#[test]
fn sql_hex_decode() {
    super::vectors(
        super::Transform::SqlHexDecode,
        14,
        &[
            (b"", b""),
            (b"ABC", b"ABC"),
            (b"0x414243", b"ABC"),
            (b"0X41", b"A"),
            (b"00x414243", b"0ABC"),
            (b"0xz0x414243", b"0xzABC"),
            (b"0x4142430x434241", b"ABCCBA"),
            (b"0x4142430x0x434241", b"ABC0xCBA"),
            (b"0x41424", b"AB4"),
            (b"0x4", b"0x4"),
            (b"0x", b"0x"),
            (b"select 0x00ff, x'41'", b"select \0\xff, x'41'"),
            (b"1x41", b"1x41"),
            (b"\x000x3c\0", b"\0<\0"),
        ],
    );
}
