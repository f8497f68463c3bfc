//! `html_entity_decode`: numeric references (`&#60;`, `&#x3C;`, with any number of leading zeros, the
//! semicolon optional, as browsers read them) and the named ones that attacks are written with.
//!
//! `&lt;a href=&quot;java&Tab;script&colon;` → `<a href="java⇥script:`

use memchr::memchr;

/// Name, what it stands for, whether HTML reads it without its semicolon too.
/// <https://html.spec.whatwg.org/multipage/named-characters.html>
const NAMED: [(&[u8], u8, bool); 21] = [
    (b"lt", b'<', true),
    (b"LT", b'<', true),
    (b"gt", b'>', true),
    (b"GT", b'>', true),
    (b"amp", b'&', true),
    (b"AMP", b'&', true),
    (b"quot", b'"', true),
    (b"QUOT", b'"', true),
    (b"nbsp", 0xa0, true),
    (b"apos", b'\'', false),
    (b"Tab", b'\t', false),
    (b"NewLine", b'\n', false),
    (b"colon", b':', false),
    (b"lpar", b'(', false),
    (b"rpar", b')', false),
    (b"sol", b'/', false),
    (b"bsol", b'\\', false),
    (b"equals", b'=', false),
    (b"semi", b';', false),
    (b"grave", b'`', false),
    (b"period", b'.', false),
];

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let mut rest = value;
    let mut changed = false;
    while let Some(at) = memchr(b'&', rest) {
        let (before, entity) = rest.split_at(at);
        out.extend(before);
        match entity.get(1..).and_then(|body| reference(body, out)) {
            Some(used) => {
                rest = entity.get(1 + used..).unwrap_or_default();
                changed = true;
            }
            None => {
                out.push(b'&');
                rest = entity.get(1..).unwrap_or_default();
            }
        }
    }
    out.extend(rest);
    changed
}

/// Decodes what follows a `&`; how many bytes it was.
fn reference(body: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    if let [b'#', number @ ..] = body {
        let (radix, prefix) = if matches!(number, [b'x' | b'X', ..]) { (16, 2) } else { (10, 1) };
        let digits = body.get(prefix..)?;
        let len = digits.iter().take_while(|&&d| (d as char).is_digit(radix)).count();
        if len == 0 {
            return None;
        }
        let code = digits.iter().take(len).fold(0u32, |code, &d| {
            code.saturating_mul(radix).saturating_add((d as char).to_digit(radix).unwrap_or(0))
        });
        match u8::try_from(code) {
            Ok(byte) => out.push(byte),
            Err(_) => {
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend(c.encode_utf8(&mut [0; 4]).bytes());
            }
        }
        let semicolon = usize::from(digits.get(len) == Some(&b';'));
        return Some(prefix + len + semicolon);
    }
    let (name, byte, bare) = NAMED
        .iter()
        .find(|(name, _, bare)| body.starts_with(name) && (*bare || body.get(name.len()) == Some(&b';')))?;
    out.push(*byte);
    let semicolon = body.get(name.len()) == Some(&b';');
    debug_assert!(semicolon || *bare);
    Some(name.len() + usize::from(semicolon))
}

#[cfg(test)]
#[test]
fn html_entity_decode() {
    super::vectors(
        super::Transform::HtmlEntityDecode,
        14,
        &[
            (b"", b""),
            (b"a & b &", b"a & b &"),
            (b"&lt;script&gt;", b"<script>"),
            (b"&LT;&quot;&amp;", b"<\"&"),
            (b"&amp;lt;", b"&lt;"),
            (b"&ltscript", b"<script"),
            (b"&#60;&#x3c;&#X3C;", b"<<<"),
            (b"&#0000060x", b"<x"),
            (b"&#x;&#;&#", b"&#x;&#;&#"),
            (b"java&Tab;script&colon;", b"java\tscript:"),
            (b"&colonx", b"&colonx"),
            (b"&#8364;", "€".as_bytes()),
            (b"&#99999999999999999999;", "\u{fffd}".as_bytes()),
            (b"&unknown;&nbsp;", b"&unknown;\xa0"),
        ],
    );
}
