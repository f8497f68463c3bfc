//! `hex_decode`, `hex_encode`: pairs of hexadecimal digits and the bytes they stand for.
//!
//! `54657374` ↔ `Test`

/// Value of a hexadecimal digit.
pub(crate) fn digit(digit: u8) -> Option<u8> {
    Some(match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => return None,
    })
}

/// Value of two hexadecimal digits.
pub(super) fn pair(high: u8, low: u8) -> Option<u8> {
    Some(digit(high)? << 4 | digit(low)?)
}

/// Value of four hexadecimal digits.
pub(super) fn four(digits: [u8; 4]) -> Option<u16> {
    let [a, b, c, d] = digits;
    Some(u16::from_be_bytes([pair(a, b)?, pair(c, d)?]))
}

/// The digits of a byte, small letters.
pub(super) fn digits(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|four| if four < 10 { b'0' + four } else { b'a' - 10 + four })
}

pub(super) fn decode(value: &[u8], out: &mut Vec<u8>) -> bool {
    let pairs = value.chunks_exact(2);
    out.extend(pairs.map(|pair| match *pair {
        [high, low] => (any(high) << 4).wrapping_add(any(low)),
        _ => 0,
    }));
    !value.is_empty()
}

/// What ModSecurity takes for the value of a digit, any byte being one: `x2c` has no check, and its
/// tests hold what comes of that.
fn any(digit: u8) -> u8 {
    if digit >= b'A' { (digit & 0xdf).wrapping_sub(b'A').wrapping_add(10) } else { digit.wrapping_sub(b'0') }
}

pub(super) fn encode(value: &[u8], out: &mut Vec<u8>) -> bool {
    out.extend(value.iter().flat_map(|&byte| digits(byte)));
    !value.is_empty()
}

#[cfg(test)]
#[test]
fn hex() {
    super::vectors(
        super::Transform::HexDecode,
        10,
        &[
            (b"", b""),
            (b"5465737443617365", b"TestCase"),
            (b"54657374004361", b"Test\0Ca"),
            (b"3C3c", b"<<"),
            (b"fFFf", b"\xff\xff"),
            (b"0", b""),
            (b"01234567890a0", b"\x01\x23\x45\x67\x89\x0a"),
            (b"01234567890az", b"\x01\x23\x45\x67\x89\x0a"),
            (b"01234567890a0z01", b"\x01\x23\x45\x67\x89\x0a\x23\x01"),
            (b"zz", b"\x53"),
        ],
    );
    super::vectors(
        super::Transform::HexEncode,
        5,
        &[
            (b"", b""),
            (b"TestCase", b"5465737443617365"),
            (b"Test\0Case", b"546573740043617365"),
            (b"\xff\x0a", b"ff0a"),
            (b"<", b"3c"),
        ],
    );
}
