//! `js_decode`: escapes of JavaScript: `\uHHHH`, of which the lower byte counts (full-width ASCII
//! becomes ASCII), `\xHH`, octal up to `\377`, `\n` and the like; a backslash before anything else goes.
//! A backslash at the end stays.
//!
//! (libddwaf writes `\uHHHH` as UTF-8 and knows no octal.)
//!
//! `\u0061l\x65rt\50` → `alert(`

use super::{
    hex::{four, pair},
    rewrite,
    url_decode_uni::low,
};

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite::escapes(b'\\', value, out, |escape, out| {
        let (byte, used) = match *escape {
            [_, b'u', a, b, c, d, ..] if four([a, b, c, d]).is_some() => (low(four([a, b, c, d])?.into()), 6),
            [_, b'x', high, low, ..] if pair(high, low).is_some() => (pair(high, low)?, 4),
            [_, b'0'..=b'7', ..] => {
                let (code, len) = octal(escape.get(1..)?);
                // Three digits only where they make a byte.
                if code > 0xff { ((code >> 3) as u8, len) } else { (code as u8, 1 + len) }
            }
            [_, letter, ..] => (control(letter).unwrap_or(letter), 2),
            _ => return None,
        };
        out.push(byte);
        Some(used)
    })
}

/// The number that up to three octal digits make, and how many there are.
pub(super) fn octal(text: &[u8]) -> (u16, usize) {
    let digits = text.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7'));
    digits.fold((0, 0), |(code, len), digit| (code << 3 | u16::from(digit & 7), len + 1))
}

/// What a letter stands for after a backslash.
pub(super) fn control(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'r' => b'\r',
        _ => return None,
    })
}

#[cfg(test)]
#[test]
fn js_decode() {
    super::vectors(
        super::Transform::JsDecode,
        17,
        &[
            (b"", b""),
            (b"plain", b"plain"),
            (b"a\0b", b"a\0b"),
            (
                br#"\a\b\f\n\r\t\v\?\'\"\0\12\123\x00\xff\u0021\uff01"#,
                b"\x07\x08\x0c\n\r\t\x0b?'\"\0\nS\0\xff!!",
            ),
            (
                br"\8\9\666\u00ag\u00ga\u0zaa\uz0aa\xag\xga\0123\u00a",
                b"8966u00agu00gau0zaauz0aaxagxga\n3u00a",
            ),
            (br"\x\x0", b"xx0"),
            (b"\\u\\u0\\u01\\u012\0", b"uu0u01u012\0"),
            (br"\", br"\"),
            (br"\\0", br"\0"),
            (br"<\163\143\162\151\160\164>", b"<script>"),
            (br"\377\200\400", b"\xff\x80\x200"),
            (br"\1\12\18", b"\x01\n\x018"),
            (br"\u0061l\x65rt\50", b"alert("),
            (br"\u20ac\u013c", b"\xac<"),
            (br"\uff00\uff5e\uff5f", b"\0~\x5f"),
            (br"\U0041\X41", b"U0041X41"),
            (b"\\\n\\\0\\\xff\\", b"\n\0\xff\\"),
        ],
    );
}
