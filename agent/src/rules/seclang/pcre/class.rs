//! Character classes: `[^]a-z\d[:punct:]]`.

use super::escape::{shorthand, word};
use super::parse::Parser;
use crate::rules::bytes::ByteSet;

/// A class while it is read.
pub(super) struct Class;

/// A member: one byte may begin a range, a set can't.
enum Member {
    Byte(u8),
    Set(ByteSet),
}

impl Class {
    /// From behind the `[` to behind the `]`.
    pub fn read(parser: &mut Parser<'_>) -> Result<ByteSet, String> {
        const UNCLOSED: &str = "unclosed class: `]` is missing";
        let negated = parser.take(b"^");
        let mut set = ByteSet::EMPTY;
        let mut first = true;
        let mut quoting = false;
        loop {
            if quoting && parser.take(b"\\E") {
                quoting = false;
                continue;
            }
            if !quoting && parser.take(b"\\Q") {
                quoting = true;
                continue;
            }
            if !quoting && parser.take(b"\\E") {
                continue;
            }
            // The first `]` stands for itself.
            if !quoting && !first && parser.take(b"]") {
                break;
            }
            first = false;
            let from = match Self::member(parser, quoting)? {
                Some(Member::Byte(byte)) => byte,
                Some(Member::Set(members)) => {
                    set = set.union(members);
                    continue;
                }
                None => return Err(UNCLOSED.to_owned()),
            };
            let rest = parser.pattern.get(parser.at..).unwrap_or_default();
            if quoting || !rest.starts_with(b"-") || rest.starts_with(b"-]") {
                set.insert(from);
                continue;
            }
            parser.at += 1;
            match Self::member(parser, false)? {
                Some(Member::Byte(to)) if to >= from => set = set.union(ByteSet::of_bytes(from..=to)),
                Some(Member::Byte(to)) => {
                    let range = [from, b'-', to];
                    return Err(format!("range out of order in a class: {}", range.escape_ascii()));
                }
                // `[a-\d]`: three members, one of them the hyphen.
                Some(Member::Set(members)) => {
                    set = set.union(ByteSet::of_bytes([from, b'-'])).union(members);
                }
                None => return Err(UNCLOSED.to_owned()),
            }
        }
        // Case first: `[^a]` with case ignored takes neither `a` nor `A`.
        let set = if parser.flags.ignore_case { set.folded() } else { set };
        Ok(if negated { set.complement() } else { set })
    }

    fn member(parser: &mut Parser<'_>, quoting: bool) -> Result<Option<Member>, String> {
        let Some(byte) = parser.next() else { return Ok(None) };
        if quoting {
            return Ok(Some(Member::Byte(byte)));
        }
        if byte == b'['
            && let Some(set) = posix(parser)?
        {
            return Ok(Some(Member::Set(set)));
        }
        if byte != b'\\' {
            return Ok(Some(Member::Byte(byte)));
        }
        match parser.peek() {
            Some(b'b') => {
                parser.at += 1;
                Ok(Some(Member::Byte(0x08)))
            }
            Some(b'p' | b'P') => parser.property().map(|set| Some(Member::Set(set))),
            Some(letter) => match shorthand(letter) {
                Some(set) => {
                    parser.at += 1;
                    Ok(Some(Member::Set(set)))
                }
                None => parser.escaped_byte().map(|byte| Some(Member::Byte(byte))),
            },
            None => Err("a backslash at the end".to_owned()),
        }
    }
}

/// `[:alpha:]`, `[:^alpha:]`, from behind the bracket; `None` when it is no such thing.
fn posix(parser: &mut Parser<'_>) -> Result<Option<ByteSet>, String> {
    let rest = parser.pattern.get(parser.at..).unwrap_or_default();
    let Some((&sort @ (b':' | b'.' | b'='), inside)) = rest.split_first() else { return Ok(None) };
    let negated = inside.first() == Some(&b'^');
    let name = inside.get(usize::from(negated)..).unwrap_or_default();
    let len = name.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    if name.get(len..len + 2) != Some(&[sort, b']']) {
        return Ok(None);
    }
    if sort != b':' {
        return Err("collating elements, [.x.] and [=x=], are not supported, by PCRE neither".to_owned());
    }
    let is = |test: fn(&u8) -> bool| ByteSet::of_bytes((0..=u8::MAX).filter(test));
    let name = name.get(..len).unwrap_or_default();
    let set = match name {
        b"alnum" => is(u8::is_ascii_alphanumeric),
        b"alpha" => is(u8::is_ascii_alphabetic),
        b"ascii" => is(u8::is_ascii),
        b"blank" => ByteSet::of_bytes(*b" \t"),
        b"cntrl" => is(u8::is_ascii_control),
        b"digit" => is(u8::is_ascii_digit),
        b"graph" => is(u8::is_ascii_graphic),
        b"lower" => is(u8::is_ascii_lowercase),
        b"print" => ByteSet::of_bytes(b' '..=b'~'),
        b"punct" => is(u8::is_ascii_punctuation),
        b"space" => ByteSet::of_bytes(*b" \t\n\x0b\x0c\r"),
        b"upper" => is(u8::is_ascii_uppercase),
        b"word" => word(),
        b"xdigit" => is(u8::is_ascii_hexdigit),
        _ => return Err(format!("unknown class [:{}:]", name.escape_ascii())),
    };
    parser.at += 1 + usize::from(negated) + len + 2;
    Ok(Some(if negated { set.complement() } else { set }))
}
