//! `unicode_normalize`: letters without their accents, compatible forms (full-width, ligatures,
//! circled) as the plain ones, ASCII for what looks like it (`‹`, `’`, `–`), nothing for what can't be
//! seen; upper and lower case stay. It is In-App WAF's: NFKD (UAX #15) without marks and default
//! ignorables, and the "lump" table of utf8proc; the zero-width joiner stays, which emoji are made with.
//! Bytes that are no UTF-8 go.
//!
//! `＜ＳＣＲÎPT＞` → `<SCRIPT>`

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// A value becomes at most so many times as long: U+FDFA has three bytes, and 33 decomposed.
pub(super) const GROWTH: usize = 11;

/// Zero-width joiner.
const JOINER: char = '\u{200d}';

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    if value.is_ascii() {
        return false;
    }
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_ascii() || c == JOINER {
                push(c, out);
            } else {
                decompose_compatible(c, |part| plain(part, out));
            }
        }
    }
    out.as_slice() != value
}

/// Writes a decomposed character as what it is taken for.
fn plain(c: char, out: &mut Vec<u8>) {
    if is_combining_mark(c) || is_ignorable(c) {
        return;
    }
    if c.is_ascii() {
        push(c, out);
    } else if let Some(byte) = lookalike(c) {
        out.push(byte);
    } else if c.is_lowercase() {
        // There and back: `ß` is `ss` then, and `ı` is `i`.
        c.to_uppercase().flat_map(char::to_lowercase).for_each(|c| push(c, out));
    } else if c.is_uppercase() {
        c.to_lowercase().flat_map(char::to_uppercase).for_each(|c| push(c, out));
    } else {
        push(c, out);
    }
}

fn push(c: char, out: &mut Vec<u8>) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// What utf8proc lumps together (its `lump.md`): spaces (Zs), dashes (Pd), connectors (Pc), and others.
fn lookalike(c: char) -> Option<u8> {
    Some(match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => b' ',
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{2c8}' => b'\'',
        '\u{58a}' | '\u{5be}' | '\u{1400}' | '\u{1806}' | '\u{2010}'..='\u{2015}' | '\u{2212}' => b'-',
        '\u{2e17}' | '\u{2e1a}' | '\u{2e3a}' | '\u{2e3b}' | '\u{2e40}' | '\u{2e5d}' | '\u{301c}' => b'-',
        '\u{3030}' | '\u{30a0}' | '\u{10ead}' => b'-',
        '\u{2044}' | '\u{2215}' => b'/',
        '\u{2236}' => b':',
        '\u{2039}' | '\u{2329}' | '\u{3008}' => b'<',
        '\u{203a}' | '\u{232a}' | '\u{3009}' => b'>',
        '\u{2216}' => b'\\',
        '\u{2c4}' | '\u{2c6}' | '\u{2038}' | '\u{2303}' => b'^',
        '\u{203f}' | '\u{2040}' | '\u{2054}' | '\u{2cd}' => b'_',
        '\u{2cb}' => b'`',
        '\u{2223}' => b'|',
        '\u{223c}' => b'~',
        _ => return None,
    })
}

/// `Default_Ignorable_Code_Point` of the Unicode character database.
fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::transforms::{Transform, vectors};

    #[test]
    fn unicode_normalize() {
        vectors(
            Transform::UnicodeNormalize,
            25,
            &[
                (b"", b""),
                (b"plain", b"plain"),
                (b"a\0b", b"a\0b"),
                ("ÀÉÎõü".as_bytes(), b"AEIou"),
                ("e\u{301}".as_bytes(), b"e"),
                ("＜ＳＣＲÎPT＞".as_bytes(), b"<SCRIPT>"),
                ("ﬁ ⓐ ª № …".as_bytes(), b"fi a a No ..."),
                ("ß ẞ ı İ ſ".as_bytes(), b"ss SS i I s"),
                ("‹a› 〈b〉".as_bytes(), b"<a> <b>"),
                ("’‘ʼŉ".as_bytes(), b"''''n"),
                ("– — ‑ −".as_bytes(), b"- - - -"),
                ("a\u{a0}b\u{3000}c\u{1680}d".as_bytes(), b"a b c d"),
                ("½ ⁄ ∕ ∶ ∖ ∣ ∼ ‿".as_bytes(), b"1/2 / / : \\ | ~ _"),
                ("\u{2c6}\u{2cb}".as_bytes(), b"^`"),
                ("sel\u{200b}e\u{ad}ct\u{feff}".as_bytes(), b"select"),
                ("👩\u{200d}💻".as_bytes(), "👩\u{200d}💻".as_bytes()),
                ("日本 пра".as_bytes(), "日本 пра".as_bytes()),
                ("й Ω ς".as_bytes(), "и Ω σ".as_bytes()),
                ("K Å".as_bytes(), b"K A"),
                ("한".as_bytes(), "\u{1112}\u{1161}\u{11ab}".as_bytes()),
                (b"a\xffb", b"ab"),
                (b"\xe9\xc3\xa9", b"e"),
                (b"\xed\xa0\x80", b""),
                (b"\xc0\xbc", b""),
                ("㎏ ㏂".as_bytes(), b"kg a.m."),
            ],
        );
    }

    #[test]
    fn every_character() {
        let mut out = Vec::new();
        let (mut ran, mut most) = (0, 0);
        for c in char::MIN..=char::MAX {
            let text = c.encode_utf8(&mut [0; 4]).to_owned();
            let changed = Transform::UnicodeNormalize.apply(text.as_bytes(), &mut out);
            if changed {
                most = most.max(out.len().div_ceil(text.len()));
                let again = std::str::from_utf8(&out).unwrap().to_owned();
                assert!(!Transform::UnicodeNormalize.apply(again.as_bytes(), &mut out), "{c:?} twice");
            }
            ran += 1;
        }
        assert_eq!((ran, most), (0x11_0000 - 0x800, GROWTH));
    }
}
