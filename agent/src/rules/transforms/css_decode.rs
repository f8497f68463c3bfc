//! `css_decode`: escapes of CSS (CSS 2, section 4.1.3): a backslash and one to six hexadecimal digits, of
//! whose number the lower byte counts (full-width ASCII becomes ASCII), and one white space after them;
//! a backslash before a line end goes with it, before anything else or at the end alone.
//!
//! (libddwaf writes the character as UTF-8.)
//!
//! `ja\vascript` → `javascript`; `\6a avascript` → `javascript`

use super::{hex, rewrite, url_decode_uni::low, whitespace::is_space};

/// Digits that an escape has at most.
const DIGITS: usize = 6;

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite::escapes(b'\\', value, out, |escape, out| {
        let body = escape.get(1..)?;
        let mut code = 0_u32;
        let mut len = 0;
        for digit in body.iter().take(DIGITS).map_while(|&digit| hex(digit)) {
            code = code << 4 | u32::from(digit);
            len += 1;
        }
        if len > 0 {
            out.push(low(code));
            let space = body.get(len).is_some_and(|&byte| is_space(byte));
            return Some(1 + len + usize::from(space));
        }
        out.extend(body.first().filter(|&&byte| byte != b'\n'));
        Some(1 + body.len().min(1))
    })
}

#[cfg(test)]
#[test]
fn css_decode() {
    super::vectors(
        super::Transform::CssDecode,
        17,
        &[
            (b"", b""),
            (b"plain", b"plain"),
            (b"a\0b", b"a\0b"),
            (br#"t\a\b\f\n\r\t\v\?\'\"\0"#, b"t\n\x0b\x0fnrtv?'\"\0"),
            (br"\12\123\1234\12345\123456\ff01\ff5e", b"\x12\x23\x34\x45\x56!~"),
            (b"\\\n\\0  string", b"\0 string"),
            (br"test\", b"test"),
            (br"\1A\1 A\1234567\123456 7\1x\1 x", b"\x1a\x01A\x567\x567\x01x\x01x"),
            (br"ja\vascript", b"javascript"),
            (br"\6a avascript", b"javascript"),
            (br"\00006aavascript", b"javascript"),
            (br"\0ff3c\00ff3c\10ff3c\1ff3c", b"\\\\<<"),
            (br"\ff00\ff5f", b"\0\x5f"),
            (b"\\41\r\n", b"A\n"),
            (br"\\41", br"\41"),
            (b"\\\\\n\\\0", b"\\\n\0"),
            (br"\zz\", b"zz"),
        ],
    );
}
