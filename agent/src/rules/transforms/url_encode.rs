//! `url_encode`: ASCII letters, digits and `*` stay, a space becomes `+`, all other bytes `%41`, digits
//! in small letters.
//!
//! `a b/c` → `a+b%2fc`

use super::hex::digits;
use crate::rules::bytes::ByteSet;

/// The bytes that stay.
pub(super) const KEPT: ByteSet = ByteSet::range(b'A', b'Z')
    .union(ByteSet::range(b'a', b'z'))
    .union(ByteSet::range(b'0', b'9'))
    .union(ByteSet::from_text(b"*"));

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    if value.iter().all(|&byte| KEPT.contains(byte)) {
        return false;
    }
    for &byte in value {
        match byte {
            b' ' => out.push(b'+'),
            _ if KEPT.contains(byte) => out.push(byte),
            _ => {
                let [high, low] = digits(byte);
                out.extend_from_slice(&[b'%', high, low]);
            }
        }
    }
    true
}

#[cfg(test)]
#[test]
fn url_encode() {
    super::vectors(
        super::Transform::UrlEncode,
        7,
        &[
            (b"", b""),
            (b"TestCase0189*", b"TestCase0189*"),
            (b"Test Case", b"Test+Case"),
            (b"%0g ", b"%250g+"),
            (b"-_.~/+", b"%2d%5f%2e%7e%2f%2b"),
            (b"\0\n\x7f\xff", b"%00%0a%7f%ff"),
            ("ä".as_bytes(), b"%c3%a4"),
        ],
    );
}
