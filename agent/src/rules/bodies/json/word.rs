//! What of JSON is neither a string nor a container (RFC 8259 sections 3 and 6).

/// Whether a byte ends a word.
pub(super) fn ends(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"' | b'\'')
}

/// A number, `true`, `false` or `null`.
pub(super) fn is_literal(word: &[u8]) -> bool {
    matches!(word, b"true" | b"false" | b"null") || is_number(word)
}

fn is_number(word: &[u8]) -> bool {
    let rest = word.strip_prefix(b"-").unwrap_or(word);
    let Some(rest) = (match rest {
        // No zeros before other digits.
        [b'0', rest @ ..] => Some(rest),
        _ => digits(rest),
    }) else {
        return false;
    };
    let Some(rest) = (match rest {
        [b'.', fraction @ ..] => digits(fraction),
        _ => Some(rest),
    }) else {
        return false;
    };
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            digits(exponent).is_some_and(<[u8]>::is_empty)
        }
        _ => false,
    }
}

/// What follows at least one digit.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if len == 0 { None } else { text.get(len..) }
}
