//! `base64_encode`: base64 of the value, in the standard alphabet, padded (RFC 4648 section 4).
//! (libddwaf writes `-` for the last digit of the alphabet; that is no alphabet's.)
//!
//! `TestCase` → `VGVzdENhc2U=`

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    for chunk in value.chunks(3) {
        let (bytes, digits) = match *chunk {
            [a, b, c] => ([a, b, c], 4),
            [a, b] => ([a, b, 0], 3),
            [a] => ([a, 0, 0], 2),
            _ => break,
        };
        let [a, b, c] = bytes.map(usize::from);
        let sextets = [a >> 2, a << 4 | b >> 4, b << 2 | c >> 6, c];
        let text = sextets.map(|sextet| ALPHABET[sextet & 63]);
        out.extend((0..4).zip(text).map(|(at, digit)| if at < digits { digit } else { b'=' }));
    }
    !value.is_empty()
}

#[cfg(test)]
#[test]
fn base64_encode() {
    super::vectors(
        super::Transform::Base64Encode,
        8,
        &[
            (b"", b""),
            (b"f", b"Zg=="),
            (b"fo", b"Zm8="),
            (b"foo", b"Zm9v"),
            (b"foob", b"Zm9vYg=="),
            (b"TestCase", b"VGVzdENhc2U="),
            (b"Test\0Case", b"VGVzdABDYXNl"),
            (b"\xfb\xff\xbf", b"+/+/"),
        ],
    );
}
