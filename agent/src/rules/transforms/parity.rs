//! `parity_even_7bit`, `parity_odd_7bit`, `parity_zero_7bit`: the highest bit of each byte becomes the
//! parity of the seven others, or 0. (ModSecurity counts the highest bit of the value in; the manual
//! speaks of 7-bit data, for which it is all the same.)
//!
//! `abc` → `\xe1\xe2c`

use crate::rules::bytes::ByteSet;

/// Bytes with an odd number of bits.
pub(super) const ODD_NOW: ByteSet = EVEN_NOW.complement();

/// Bytes with an even number of bits.
pub(super) const EVEN_NOW: ByteSet = {
    let mut set = ByteSet::EMPTY;
    let mut byte = 0_u16;
    while byte < 256 {
        if byte.count_ones() & 1 == 0 {
            set = set.with(byte as u8);
        }
        byte += 1;
    }
    set
};

pub(super) fn even(value: &[u8], out: &mut Vec<u8>) -> bool {
    each(value, out, |byte| byte & 0x7f | if (byte & 0x7f).count_ones() & 1 == 0 { 0 } else { 0x80 })
}

pub(super) fn odd(value: &[u8], out: &mut Vec<u8>) -> bool {
    each(value, out, |byte| byte & 0x7f | if (byte & 0x7f).count_ones() & 1 == 0 { 0x80 } else { 0 })
}

pub(super) fn zero(value: &[u8], out: &mut Vec<u8>) -> bool {
    each(value, out, |byte| byte & 0x7f)
}

fn each(value: &[u8], out: &mut Vec<u8>, parity: impl Fn(u8) -> u8) -> bool {
    out.extend(value.iter().map(|&byte| parity(byte)));
    out.as_slice() != value
}

#[cfg(test)]
#[test]
fn parity() {
    use super::Transform;
    super::vectors(
        Transform::ParityEven7bit,
        5,
        &[
            (b"", b""),
            (b"cefijloqrtwx03569ABDGHKMNPSUVYZ", b"cefijloqrtwx03569ABDGHKMNPSUVYZ"),
            (b"abc\x000123", b"\xe1\xe2c\x000\xb1\xb23"),
            (b"\x7f\x80", b"\xff\0"),
            (b"\xe1\xe2", b"\xe1\xe2"),
        ],
    );
    super::vectors(
        Transform::ParityOdd7bit,
        4,
        &[
            (b"", b""),
            (b"abdghkmnpsuvyz12478CEFIJLOQRTW", b"abdghkmnpsuvyz12478CEFIJLOQRTW"),
            (b"abc\x000123", b"ab\xe3\x80\xb012\xb3"),
            (b"\x7f\xe3", b"\x7f\xe3"),
        ],
    );
    super::vectors(
        Transform::ParityZero7bit,
        4,
        &[(b"", b""), (b"abc\0", b"abc\0"), (b"\xe1\xe2c\x80\xff", b"abc\0\x7f"), (b"\x7f", b"\x7f")],
    );
}
