//! `utf8_to_unicode`: each character beyond ASCII, written in UTF-8, becomes `%uXXXX` (five or six
//! digits where there are so many), for `url_decode_uni` to read. Also what RFC 3629 forbids, overlong
//! forms and surrogates, which some decoders take.
//!
//! As in ModSecurity a byte that begins a character which does not follow goes, and one that can't
//! begin any stays. ModSecurity drops zero bytes too and writes the first byte of an overlong form
//! after its number: not so here, where that would only hide what comes next.
//!
//! `€` → `%u20ac`

use super::hex::digits;

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    if value.is_ascii() {
        return false;
    }
    let mut rest = value;
    while let [byte, after @ ..] = rest {
        rest = match *rest {
            [lead @ 0xc0..=0xdf, a, ..] if tails([a]) => character(lead & 0x1f, [a], rest, out),
            [lead @ 0xe0..=0xef, a, b, ..] if tails([a, b]) => character(lead & 0x0f, [a, b], rest, out),
            [lead @ 0xf0..=0xf4, a, b, c, ..] if tails([a, b, c]) => {
                character(lead & 0x07, [a, b, c], rest, out)
            }
            [0xc0..=0xf4, ..] => after,
            _ => {
                out.push(*byte);
                after
            }
        };
    }
    out.as_slice() != value
}

/// Whether these may follow a first byte.
fn tails<const N: usize>(tails: [u8; N]) -> bool {
    tails.iter().all(|tail| tail & 0xc0 == 0x80)
}

/// Writes the number of a character; what is after it.
fn character<'v, const N: usize>(lead: u8, tails: [u8; N], text: &'v [u8], out: &mut Vec<u8>) -> &'v [u8] {
    let code = tails.iter().fold(u32::from(lead), |code, tail| code << 6 | u32::from(tail & 0x3f));
    out.extend_from_slice(b"%u");
    let number = code.to_be_bytes().map(digits);
    let number = number.as_flattened();
    // At least four digits.
    let zeros = number.iter().take(4).take_while(|&&digit| digit == b'0').count();
    out.extend_from_slice(number.get(zeros..).unwrap_or_default());
    text.get(1 + N..).unwrap_or_default()
}

#[cfg(test)]
#[test]
fn utf8_to_unicode() {
    super::vectors(
        super::Transform::Utf8ToUnicode,
        16,
        &[
            (b"", b""),
            (b"plain", b"plain"),
            (b"a\0b", b"a\0b"),
            ("Āä ſ".as_bytes(), b"%u0100%u00e4 %u017f"),
            ("€ ■✁".as_bytes(), b"%u20ac %u25a0%u2701"),
            ("＜script＞".as_bytes(), b"%uff1cscript%uff1e"),
            ("😀".as_bytes(), b"%u1f600"),
            ("\u{10ffff}".as_bytes(), b"%u10ffff"),
            (b"\xc0\xbcscript", b"%u003cscript"),
            (b"\xe0\x80\xbc\xf0\x80\x80\xbc", b"%u003c%u003c"),
            (b"\xed\xa0\x80", b"%ud800"),
            (b"caf\xe9 x", b"caf x"),
            (b"\xe2\x82", b"\x82"),
            (b"\x80\xbf\xf5\xff", b"\x80\xbf\xf5\xff"),
            (b"a\0\xc3\xa4", b"a\0%u00e4"),
            (b"\xc3", b""),
        ],
    );
}
