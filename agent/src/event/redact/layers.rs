//! One layer of encoding taken off: `%70` and `\u0070`.
#![forbid(unsafe_code)]

use std::borrow::Cow;

/// Decodes percent-encoding and JSON's `\uXXXX` once; borrowed when there is none. What is malformed stays. Bytes that are no UTF-8
/// afterwards become U+FFFD.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'%') && !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut decoded = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%'
            && let Some(value) = hex(bytes, at + 1, 2)
        {
            decoded = true;
            out.push(value as u8);
            at += 3;
        } else if byte == b'\\'
            && bytes.get(at + 1) == Some(&b'u')
            && let Some(value) = hex(bytes, at + 2, 4)
        {
            decoded = true;
            // Half of a surrogate pair is no letter of a name, and no part of one.
            let c = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            at += 6;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    if !decoded {
        return Cow::Borrowed(text);
    }
    match String::from_utf8(out) {
        Ok(text) => Cow::Owned(text),
        Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

fn hex(bytes: &[u8], at: usize, digits: usize) -> Option<u32> {
    bytes.get(at..at + digits)?.iter().try_fold(0, |value, &b| Some(value * 16 + char::from(b).to_digit(16)?))
}
