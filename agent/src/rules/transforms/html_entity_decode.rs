//! `html_entity_decode`: numeric references (`&#60;`, `&#x3C;`, with any number of leading zeros), of
//! which the lower byte counts, and the names of ASCII characters and the no-break space, whatever
//! their case. The semicolon is optional; a name is all the letters and digits that follow the `&`.
//!
//! ModSecurity knew `quot`, `amp`, `lt`, `gt`, `nbsp` alone until attacks were written with the others;
//! `Tab` is Picket's addition. `NewLine` is none: rules of CRS look for it as it is written. libddwaf writes a
//! number as UTF-8.
//!
//! `&lt;a href=&quot;java&Tab;script&colon;` → `<a href="java⇥script:`

use super::{hex, rewrite};

/// Names and what they stand for. <https://html.spec.whatwg.org/multipage/named-characters.html>
const NAMED: [(&[u8], u8); 44] = [
    (b"amp", b'&'),
    (b"apos", b'\''),
    (b"ast", b'*'),
    (b"bsol", b'\\'),
    (b"caret", b'^'),
    (b"colon", b':'),
    (b"comma", b','),
    (b"commat", b'@'),
    (b"diacriticalgrave", b'`'),
    (b"dollar", b'$'),
    (b"equals", b'='),
    (b"excl", b'!'),
    (b"grave", b'`'),
    (b"gt", b'>'),
    (b"hat", b'^'),
    (b"hyphen", b'-'),
    (b"lbrace", b'{'),
    (b"lbrack", b'['),
    (b"lcub", b'{'),
    (b"lowbar", b'_'),
    (b"lpar", b'('),
    (b"lsqb", b'['),
    (b"lt", b'<'),
    (b"midast", b'*'),
    (b"nbsp", 0xa0),
    (b"num", b'#'),
    (b"percnt", b'%'),
    (b"period", b'.'),
    (b"plus", b'+'),
    (b"quest", b'?'),
    (b"quot", b'"'),
    (b"rbrace", b'}'),
    (b"rbrack", b']'),
    (b"rcub", b'}'),
    (b"rpar", b')'),
    (b"rsqb", b']'),
    (b"semi", b';'),
    (b"sol", b'/'),
    (b"tab", b'\t'),
    (b"tilde", b'~'),
    (b"underbar", b'_'),
    (b"verbar", b'|'),
    (b"verticalline", b'|'),
    (b"vert", b'|'),
];

/// The longest of them.
const LONGEST: usize = 16;

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite::escapes(b'&', value, out, |reference, out| {
        let body = reference.get(1..)?;
        let (byte, used) = match body {
            [b'#', b'x' | b'X', digits @ ..] => number(digits, 16, 2)?,
            [b'#', digits @ ..] => number(digits, 10, 1)?,
            _ => name(body)?,
        };
        out.push(byte);
        let semicolon = usize::from(body.get(used) == Some(&b';'));
        Some(1 + used + semicolon)
    })
}

/// The lower byte of a number, and its length with what stands before it. ModSecurity reads it with
/// `strtol`, which stops at the largest `long`.
fn number(digits: &[u8], radix: u8, prefix: usize) -> Option<(u8, usize)> {
    let mut code = 0_i64;
    let mut len = 0;
    for digit in digits.iter().map_while(|&digit| hex(digit).filter(|value| *value < radix)) {
        code = code.saturating_mul(radix.into()).saturating_add(digit.into());
        len += 1;
    }
    (len > 0).then_some(((code & 0xff) as u8, prefix + len))
}

fn name(body: &[u8]) -> Option<(u8, usize)> {
    // One more than is needed, to see a longer one as such.
    let len = body.iter().take(LONGEST + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = body.get(..len)?;
    let (_, byte) = NAMED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some((*byte, len))
}

#[cfg(test)]
#[test]
fn html_entity_decode() {
    super::vectors(
        super::Transform::HtmlEntityDecode,
        27,
        &[
            (b"", b""),
            (b"a & b &", b"a & b &"),
            (b"&lt;script&gt;", b"<script>"),
            (b"&LT;&quot;&amp;", b"<\"&"),
            (b"&amp;lt;", b"&lt;"),
            (b"&ltscript", b"&ltscript"),
            (b"&lt script&gt>&lt=", b"< script>><="),
            (b"&#60;&#x3c;&#X3C;", b"<<<"),
            (b"&#60&#x3c&#X3C", b"<<<"),
            (b"&#0000060x", b"<x"),
            (b"&#x;&#;&#", b"&#x;&#;&#"),
            (b"&#xg;&#X2g;&#a2;&#3a&#1a0;", b"&#xg;\x02g;&#a2;\x03a\x01a0;"),
            (b"&#x0;&#0;&#x20;\0&#100;", b"\0\0 \0d"),
            (b"java&Tab;script&colon;&NewLine;", b"java\tscript:&NewLine;"),
            (b"&colonx", b"&colonx"),
            (b"&COLON;&Apos;", b":'"),
            (b"&#8364;", b"\xac"),
            (b"&#316;&#x13c;", b"<<"),
            (b"&#99999999999999999999;", b"\xff"),
            (b"&unknown;&nbsp;", b"&unknown;\xa0"),
            (b"&num;&dollar;&percnt;&lpar;&rpar;&ast;&plus;&comma;", b"#$%()*+,"),
            (b"&hyphen;&period;&sol;&semi;&equals;&quest;&commat;", b"-./;=?@"),
            (b"&lbrack;&bsol;&rbrack;&caret;&lowbar;&grave;", b"[\\]^_`"),
            (b"&lbrace;&verbar;&rbrace;&tilde;&excl;", b"{|}~!"),
            (b"&&lt;&#", b"&<&#"),
            (b"&verticalline;&verticallines;", b"|&verticallines;"),
            (b"&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;", b"&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;"),
        ],
    );
    let longest = NAMED.iter().map(|(name, _)| name.len()).max();
    assert_eq!(longest, Some(LONGEST));
}
