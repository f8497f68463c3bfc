//! Base64, whose digits go together by four to make three bytes.
//!
//! `base64_decode`: in the standard or the URL alphabet, padded or not, when the whole value (white
//! space at its ends aside) is that and has at least four characters; any other value stays, so that a
//! rule sees it either way. This is In-App WAF's, which knows the standard alphabet alone and takes
//! shorter values.
//!
//! `base64_decode_prefix`: in the standard alphabet up to the first byte that is not of it (line ends
//! aside), which may be nothing. This is SecLang's `base64Decode`.
//!
//! `PHNjcmlwdD4=` → `<script>`

use crate::rules::bytes::ByteSet;

/// The digits of both alphabets.
pub(super) const ALPHABET: ByteSet = ByteSet::range(b'A', b'Z')
    .union(ByteSet::range(b'a', b'z'))
    .union(ByteSet::range(b'0', b'9'))
    .union(ByteSet::from_text(b"+/-_"));

pub(super) fn whole(value: &[u8], out: &mut Vec<u8>) -> bool {
    let text = value.trim_ascii();
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    let digits = text.get(..text.len() - padding).unwrap_or_default();
    let complete = padding == 0 || (padding <= 2 && (digits.len() + padding) % 4 == 0);
    if text.len() < 4 || digits.len() % 4 == 1 || !complete {
        return false;
    }
    let mut bytes = Bytes::default();
    digits.iter().all(|&digit| sextet(digit).map(|six| bytes.push(six, out)).is_some())
}

pub(super) fn prefix(value: &[u8], out: &mut Vec<u8>) -> bool {
    let mut bytes = Bytes::default();
    for &digit in value.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        match sextet(digit) {
            Some(six) if !matches!(digit, b'-' | b'_') => bytes.push(six, out),
            _ => break,
        }
    }
    !value.is_empty()
}

/// Value of a digit of either alphabet.
pub(super) fn sextet(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Bits that are not yet a byte.
#[derive(Default)]
pub(super) struct Bytes {
    bits: u32,
    count: u32,
}

impl Bytes {
    /// Takes a digit's six bits, and writes the byte that they complete.
    pub fn push(&mut self, six: u8, out: &mut Vec<u8>) {
        self.bits = self.bits << 6 | u32::from(six);
        self.count += 6;
        if self.count >= 8 {
            self.count -= 8;
            out.push((self.bits >> self.count & 0xff) as u8);
        }
    }
}

#[cfg(test)]
#[test]
fn base64_decode() {
    super::vectors(
        super::Transform::Base64Decode,
        12,
        &[
            (b"", b""),
            (b"abc", b"abc"),
            (b"PHNjcmlwdD4=", b"<script>"),
            (b"PHNjcmlwdD4", b"<script>"),
            (b" PHNjcmlwdD4=\n", b"<script>"),
            (b"Zm9vYmE=", b"fooba"),
            (b"Zm9vYg==", b"foob"),
            (b"Zm9vYg=", b"Zm9vYg="),
            (b"Zm9vY", b"Zm9vY"),
            (b"-_-_", b"\xfb\xff\xbf"),
            (b"+/+/", b"\xfb\xff\xbf"),
            (b"not base64!", b"not base64!"),
        ],
    );
    super::vectors(
        super::Transform::Base64DecodePrefix,
        16,
        &[
            (b"", b""),
            (b"VGVzdENhc2U=", b"TestCase"),
            (b"VGVzdENhc2Ux", b"TestCase1"),
            (b"VGVzdENhc2UxMg==", b"TestCase12"),
            (b"VGVzdENhc2UxMg", b"TestCase12"),
            (b"VGVzdABDYXNl", b"Test\0Case"),
            (b"VGVzdENhc2U=\0VGVzdENhc2U=", b"TestCase"),
            (b"VGVz\r\ndENhc2U=", b"TestCase"),
            (b"PHNjcmlwdD4.PHNjcmlwdD4", b"<script>"),
            (b"PHNj cmlwdD4", b"<sc"),
            (b"A", b""),
            (b"QQ", b"A"),
            (b"-_-_", b""),
            (b"+/+/", b"\xfb\xff\xbf"),
            (b"'; drop", b""),
            (b"=", b""),
        ],
    );
}
