//! `url_decode_uni`: as `url_decode`, and `%uXXXX` as IIS reads it: what the map of Unicode says
//! ([`UnicodeMap`], by default of code page 20127, which is ASCII); else the lower byte of the number,
//! and for full-width ASCII (`%uff01` to `%uff5e`) the ASCII byte.
//!
//! `%u0027%uff1cscript>` → `'<script>`

use memchr::memchr2;

use super::{UnicodeMap, hex::four, rewrite, url_decode};

pub(super) fn apply(value: &[u8], map: &UnicodeMap, out: &mut Vec<u8>) -> bool {
    rewrite::found(
        |rest| memchr2(b'%', b'+', rest),
        value,
        out,
        |escape, out| match escape {
            [b'%', b'u' | b'U', a, b, c, d, ..] => {
                let code = four([*a, *b, *c, *d])?;
                out.push(map.get(code).unwrap_or_else(|| low(code.into())));
                Some(6)
            }
            _ => url_decode::one(escape, out),
        },
    )
}

/// The byte that a character is taken for without a map: its lower one, full-width ASCII as ASCII.
pub(super) fn low(code: u32) -> u8 {
    let byte = (code & 0xff) as u8;
    if (0xff01..=0xff5e).contains(&code) { byte + 0x20 } else { byte }
}

#[cfg(test)]
#[test]
fn url_decode_uni() {
    super::vectors(
        super::Transform::UrlDecodeUni,
        24,
        &[
            (b"", b""),
            (b"plain", b"plain"),
            (b"%u0027%27", b"''"),
            (b"%uff1cscript%UFF1e", b"<script>"),
            (b"%uff01%uff5e%uff1f", b"!~?"),
            (b"%uff00%uff5f%uffff", b"\0\x5f\xff"),
            (b"%u00e4%u2019%u2215", b"a'\x15"),
            (b"%u0000%u007f%u0080", b"\0\x7f\x80"),
            (b"%u1127", b"'"),
            (b"%u20ac", b"\xac"),
            (b"%ud800", b"\0"),
            (b"%u002", b"%u002"),
            (b"%u00zz%zz", b"%u00zz%zz"),
            (b"%u%u0020", b"%u "),
            (b"%u000%u0020", b"%u000 "),
            (b"%u000g%20", b"%u000g "),
            (b"a+b%2b", b"a b+"),
            (b"%+%%20", b"% % "),
            (b"%0%1%g0%0g%", b"%0%1%g0%0g%"),
            (b"%25u0027", b"%u0027"),
            (b"%%u0020", b"% "),
            (b"%u00411", b"A1"),
            (b"Test\0Case", b"Test\0Case"),
            (b"%c3%a4", b"\xc3\xa4"),
        ],
    );
    // Without a map as libmodsecurity without `SecUnicodeMapFile`.
    let none = UnicodeMap::default();
    let mut out = Vec::new();
    assert!(super::Transform::UrlDecodeUni.apply_mapped(b"%u00e4%uff1c%u2019", &none, &mut out));
    assert_eq!(out, b"\xe4<\x19");
}
