//! Strings of JSON (RFC 8259 section 7).

use memchr::memchr2;

use crate::rules::transforms::hex;

/// A string that was read.
pub(super) struct Found<'t> {
    /// The string, when it has no escapes; with escapes it was written to the buffer, and this is empty.
    pub plain: &'t [u8],
    /// What follows it in the text.
    pub end: usize,
    /// Whether its closing quote is there.
    pub closed: bool,
    /// What is wrong with it, and where.
    pub wrong: Option<(&'static str, usize)>,
}

/// Reads the string whose first byte, behind the quote, is at `start`.
pub(super) fn read<'t>(text: &'t [u8], start: usize, quote: u8, out: &mut Vec<u8>) -> Found<'t> {
    let mut found = Found { plain: b"", end: start, closed: false, wrong: None };
    let mut escaped = false;
    loop {
        let rest = text.get(found.end..).unwrap_or_default();
        let stop = memchr2(quote, b'\\', rest);
        let (piece, stopped) = rest.split_at(stop.unwrap_or(rest.len()));
        control(piece, found.end, &mut found.wrong);
        found.end += piece.len();
        found.closed = stopped.first() == Some(&quote);
        if found.closed || stopped.is_empty() {
            found.end += usize::from(found.closed);
            if escaped {
                out.extend_from_slice(piece);
            } else {
                found.plain = piece;
            }
            return found;
        }
        escaped = true;
        out.extend_from_slice(piece);
        let used = escape(stopped.get(1..).unwrap_or_default(), out);
        if used.is_none() {
            found.wrong.get_or_insert(("an escape that is none", found.end));
        }
        // What is no escape stays as it is, without the backslash.
        found.end += 1 + used.unwrap_or(0);
    }
}

/// Control bytes may only be there escaped.
fn control(piece: &[u8], at: usize, wrong: &mut Option<(&'static str, usize)>) {
    // All of it rather than up to the first: that is what the compiler makes wide instructions of.
    if piece.iter().fold(false, |any, &byte| any | (byte < b' ')) && wrong.is_none() {
        let first = piece.iter().position(|&byte| byte < b' ').unwrap_or(0);
        *wrong = Some(("a control byte in a string", at + first));
    }
}

/// Decodes what follows a backslash; how many bytes it was.
fn escape(body: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    out.push(match body.first()? {
        b'"' => b'"',
        b'\\' => b'\\',
        b'/' => b'/',
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => return unicode(body, out),
        _ => return None,
    });
    Some(1)
}

/// `u0041`, and pairs of surrogates. Half a pair becomes `?`, as libmodsecurity's reader makes of it.
fn unicode(body: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let code = four(body.get(1..)?)?;
    let low = || match body.get(5..)? {
        [b'\\', b'u', digits @ ..] => four(digits).filter(|low| (0xdc00..0xe000).contains(low)),
        _ => None,
    };
    let (code, used) = match code {
        0xd800..=0xdbff => match low() {
            Some(low) => (0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), 11),
            None => (u32::from(b'?'), 5),
        },
        _ => (code, 5),
    };
    let c = char::from_u32(code).unwrap_or('?');
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    Some(used)
}

fn four(digits: &[u8]) -> Option<u32> {
    digits.get(..4)?.iter().try_fold(0, |code, &digit| Some(code << 4 | u32::from(hex(digit)?)))
}
