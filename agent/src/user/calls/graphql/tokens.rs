//! The tokens of a document, and what its texts say.

use super::document::Document;

/// A token (section 2.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'d> {
    Name(&'d [u8]),
    Number(&'d [u8]),
    /// Without its quotes, as it stands; a block of text or not.
    Text(&'d [u8], bool),
    /// `...`
    Spread,
    Mark(u8),
}

impl<'d> Document<'d> {
    pub(super) fn peek(&self) -> Option<Token<'d>> {
        { *self }.next()
    }

    pub(super) fn next(&mut self) -> Option<Token<'d>> {
        loop {
            let rest = self.text.get(self.at..)?;
            let first = *rest.first()?;
            let run = |keep: fn(u8) -> bool| rest.iter().take_while(|&&byte| keep(byte)).count();
            let (token, length) = match first {
                b'#' => {
                    self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                    continue;
                }
                b'"' => return Some(self.text(rest)),
                b'.' if rest.starts_with(b"...") => (Token::Spread, 3),
                _ if is_name(first) && !first.is_ascii_digit() => {
                    let length = run(is_name);
                    (Token::Name(rest.get(..length)?), length)
                }
                b'-' | b'0'..=b'9' => {
                    let length = run(|byte| is_name(byte) || matches!(byte, b'-' | b'+' | b'.'));
                    (Token::Number(rest.get(..length)?), length)
                }
                b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|' | b'}' => {
                    (Token::Mark(first), 1)
                }
                // White space, commas, a byte order mark, and what there is not.
                _ => {
                    self.at += 1;
                    continue;
                }
            };
            self.at += length;
            return Some(token);
        }
    }

    /// A text, from its quote on.
    fn text(&mut self, rest: &'d [u8]) -> Token<'d> {
        let block = rest.starts_with(b"\"\"\"");
        let begin = if block { 3 } else { 1 };
        let inner = rest.get(begin..).unwrap_or_default();
        let mut at = 0;
        let end = loop {
            match inner.get(at) {
                Some(b'\\') if block => {
                    at +=
                        if inner.get(at..).is_some_and(|text| text.starts_with(b"\\\"\"\"")) { 4 } else { 1 };
                }
                Some(b'\\') => at += 2,
                Some(b'"') if !block || inner.get(at..).is_some_and(|text| text.starts_with(b"\"\"\"")) => {
                    break at;
                }
                // A text ends with its line.
                Some(b'\n' | b'\r') if !block => break at,
                Some(_) => at += 1,
                None => break inner.len(),
            }
        };
        self.at = (self.at + begin + end + begin).min(self.text.len());
        Token::Text(inner.get(..end).unwrap_or(inner), block)
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What a text says (section 2.9.4). The indentation of blocks is kept.
pub(super) fn decode(raw: &[u8], block: bool, out: &mut Vec<u8>) {
    out.clear();
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        if block {
            if !rest.starts_with(b"\"\"\"") {
                out.push(b'\\');
            }
            continue;
        }
        let Some((&escape, behind)) = rest.split_first() else { break };
        rest = behind;
        match escape {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'u' => {
                let (code, used) = code(rest);
                // Halves of a pair stand for no letter of their own.
                let letter = code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                rest = rest.get(used..).unwrap_or_default();
            }
            other => out.push(other),
        }
    }
    out.extend_from_slice(rest);
}

/// The number of a letter: `00e4`, `{1F600}`, or a pair (`d83d\ude00`); and how many bytes that are.
fn code(text: &[u8]) -> (Option<u32>, usize) {
    let hex = |text: &[u8]| u32::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok();
    if let Some(inner) = text.strip_prefix(b"{") {
        let end = inner.iter().take(8).position(|&byte| byte == b'}');
        return match end {
            Some(end) => (inner.get(..end).and_then(hex), end + 2),
            None => (None, 1),
        };
    }
    let Some(first) = text.get(..4).and_then(hex) else { return (None, 0) };
    let second = text.get(4..).and_then(|rest| rest.strip_prefix(b"\\u"));
    let second = second.and_then(|rest| rest.get(..4)).and_then(hex);
    match second {
        Some(low) if (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&low) => {
            (Some(0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00)), 10)
        }
        _ => (Some(first), 4),
    }
}
