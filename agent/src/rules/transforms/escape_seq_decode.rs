//! `escape_seq_decode`: escapes of ANSI C: `\xHH`, octal of up to three digits (the lower byte), `\n`
//! and the like; a backslash before anything else goes. A backslash at the end stays.
//!
//! `\x41\102\n` → `AB⏎`

use super::{
    hex::pair,
    js_decode::{control, octal},
    rewrite,
};

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite::escapes(b'\\', value, out, |escape, out| {
        let (byte, used) = match *escape {
            [_, b'x' | b'X', high, low, ..] if pair(high, low).is_some() => (pair(high, low)?, 4),
            [_, b'0'..=b'7', ..] => {
                let (code, len) = octal(escape.get(1..)?);
                ((code & 0xff) as u8, 1 + len)
            }
            [_, letter, ..] => (control(letter).unwrap_or(letter), 2),
            _ => return None,
        };
        out.push(byte);
        Some(used)
    })
}

#[cfg(test)]
#[test]
fn escape_seq_decode() {
    super::vectors(
        super::Transform::EscapeSeqDecode,
        13,
        &[
            (b"", b""),
            (b"plain", b"plain"),
            (b"a\0b", b"a\0b"),
            (br#"\a\b\f\n\r\t\v\?\'\"\0\12\123\x00\xff"#, b"\x07\x08\x0c\n\r\t\x0b?'\"\0\nS\0\xff"),
            (br"\8\9\666\xag\xga\0123", b"89\xb6xagxga\n3"),
            (br"\x", b"x"),
            (b"\\x\\x0\0", b"xx0\0"),
            (br"\X41", b"A"),
            (br"\0\01\012", b"\0\x01\n"),
            (br"\", br"\"),
            (b"\\\0", b"\0"),
            (br"\\n", br"\n"),
            (br"\u0041", b"u0041"),
        ],
    );
}
