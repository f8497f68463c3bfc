//! What bytes a text may hold, and how they must be encoded. These operators hold when the text breaks
//! the rule.
//!
//! `@validateByteRange 1-255`, `@validateUrlEncoding`, `@validateUtf8Encoding`

use memchr::memchr_iter;

use super::Found;
use crate::rules::bytes::ByteSet;

/// The bytes of `10,13,32-126`.
pub(super) fn byte_range(argument: &str) -> Result<ByteSet, String> {
    let mut allowed = ByteSet::EMPTY;
    for text in argument.split(',').map(str::trim) {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let byte = |text: &str| {
            let number = text.trim().parse::<u8>();
            number
                .map_err(|_| format!("`{text}` is no byte: a number from 0 to 255, or two with a - between"))
        };
        let (first, last) = (byte(first)?, byte(last)?);
        if first > last {
            return Err(format!("{first}-{last}: the numbers are out of order"));
        }
        allowed = allowed.union(ByteSet::of_bytes(first..=last));
    }
    Ok(allowed)
}

/// The first byte that is not allowed.
pub(super) fn outside(text: &[u8], allowed: ByteSet) -> Option<Found> {
    let start = text.iter().position(|&byte| !allowed.contains(byte))?;
    Some(Found { start, end: start + 1 })
}

/// The first percent sign that two hexadecimal digits do not follow.
pub(super) fn invalid_url_encoding(text: &[u8]) -> Option<Found> {
    let invalid = |start: &usize| {
        let digits = text.get(start + 1..start + 3);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let start = memchr_iter(b'%', text).find(invalid)?;
    Some(Found { start, end: text.len().min(start + 3) })
}

/// The first byte that is not UTF-8 as RFC 3629 has it: surrogates, overlong forms and what is beyond
/// U+10FFFF are none.
pub(super) fn invalid_utf8(text: &[u8]) -> Option<Found> {
    let start = std::str::from_utf8(text).err()?.valid_up_to();
    Some(Found { start, end: start + 1 })
}
