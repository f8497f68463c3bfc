//! Text and values of attributes, decoded (XML 1.0 sections 2.11, 3.3.3, 4.1).

use memchr::memchr;

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Between tags.
    Content,
    /// In a CDATA section: no references.
    Cdata,
    /// In an attribute: white space is spaces.
    Attribute,
}

/// Decodes to the end of `out`; what is wrong with the text first, and where. `definition`: names that are
/// not known may be defined somewhere.
pub(super) fn decode(
    raw: &[u8],
    place: Place,
    definition: bool,
    out: &mut Vec<u8>,
) -> Option<(&'static str, usize)> {
    let mut wrong = None;
    if place == Place::Content
        && let Some(at) = memchr::memmem::find(raw, b"]]>")
    {
        wrong = Some(("the end of a CDATA section that was not begun", at));
    }
    let mut note = |what, at| {
        if wrong.is_none_or(|(_, first)| at < first) {
            wrong = Some((what, at));
        }
    };
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        let rest = raw.get(at..).unwrap_or_default();
        let plain = rest.iter().take_while(|&&byte| !is_special(byte, place)).count();
        if plain > 0 {
            out.extend_from_slice(rest.get(..plain).unwrap_or_default());
            at += plain;
            continue;
        }
        let used = match byte {
            b'&' => {
                let (used, what) = reference(rest, definition, out);
                if let Some(what) = what {
                    note(what, at);
                }
                used
            }
            b'\r' => {
                out.push(if place == Place::Attribute { b' ' } else { b'\n' });
                1 + usize::from(rest.get(1) == Some(&b'\n'))
            }
            b'\n' | b'\t' => {
                out.push(if place == Place::Attribute { b' ' } else { byte });
                1
            }
            b'<' => {
                note("a tag in an attribute", at);
                out.push(byte);
                1
            }
            _ => {
                note("a control byte", at);
                out.push(byte);
                1
            }
        };
        at += used;
    }
    wrong
}

fn is_special(byte: u8, place: Place) -> bool {
    match byte {
        b'&' => place != Place::Cdata,
        b'<' => place == Place::Attribute,
        b'\n' | b'\t' => place == Place::Attribute,
        _ => byte < b' ',
    }
}

/// Longest name of an entity or number of a character that is looked at.
const LONGEST: usize = 64;

/// Decodes what begins with `&`: how many bytes it was, and what is wrong with it. What can't be decoded
/// stays as it is.
fn reference(text: &[u8], definition: bool, out: &mut Vec<u8>) -> (usize, Option<&'static str>) {
    let near = text.get(..LONGEST).unwrap_or(text);
    let Some(end) = memchr(b';', near) else {
        out.push(b'&');
        return (1, Some("an ampersand without a reference"));
    };
    let name = near.get(1..end).unwrap_or_default();
    let byte = match name {
        b"lt" => b'<',
        b"gt" => b'>',
        b"amp" => b'&',
        b"apos" => b'\'',
        b"quot" => b'"',
        [b'#', number @ ..] => {
            let Some(c) = character(number) else {
                out.push(b'&');
                return (1, Some("a reference to no character"));
            };
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return (end + 1, None);
        }
        _ => {
            out.push(b'&');
            return (1, (!definition || !is_name(name)).then_some("an entity that is not defined"));
        }
    };
    out.push(byte);
    (end + 1, None)
}

fn character(number: &[u8]) -> Option<char> {
    let (radix, digits) = match number {
        [b'x', digits @ ..] => (16, digits),
        digits => (10, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let code = digits.iter().try_fold(0u32, |code, &digit| {
        Some(code.saturating_mul(radix).saturating_add((digit as char).to_digit(radix)?))
    })?;
    char::from_u32(code).filter(|&c| c >= ' ' || matches!(c, '\t' | '\n' | '\r'))
}

/// What is left when a reference at the end is taken away that does not end.
pub(super) fn without_half_reference(raw: &[u8]) -> &[u8] {
    let from = raw.len().saturating_sub(LONGEST);
    let near = raw.get(from..).unwrap_or_default();
    match memchr::memrchr2(b'&', b';', near) {
        Some(at) if near.get(at) == Some(&b'&') => raw.get(..from + at).unwrap_or_default(),
        _ => raw,
    }
}

/// XML 1.0: `S`.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// XML 1.0: `Name`; what is not ASCII may be in one.
pub(super) fn is_name(name: &[u8]) -> bool {
    let start = |byte: u8| byte.is_ascii_alphabetic() || b"_:".contains(&byte) || byte >= 0x80;
    let Some((&first, rest)) = name.split_first() else { return false };
    start(first) && rest.iter().all(|&byte| start(byte) || byte.is_ascii_digit() || b"-.".contains(&byte))
}
