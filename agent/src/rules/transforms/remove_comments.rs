//! `remove_comments`: `/* … */` and `<!-- … -->` go; from `--` or `#` on everything goes. A comment
//! without an end becomes a space, and either end ends either comment, as in ModSecurity.
//!
//! libddwaf takes `//` for a comment as well; that would leave `http:` of a URL, so it isn't one here.
//!
//! `UNI/**/ON -- x` → `UNION `

use memchr::{memchr2, memchr3};

use crate::rules::bytes::ByteSet;

/// A byte of each sign that begins a comment.
pub(super) const TRIGGERS: ByteSet = ByteSet::from_text(b"*-#");

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    if memchr3(b'*', b'-', b'#', value).is_none() {
        return false;
    }
    let mut rest = value;
    let mut changed = false;
    while let Some((before, comment)) = next(rest) {
        out.extend_from_slice(before);
        changed = true;
        rest = match comment {
            Comment::Until(after) => after,
            Comment::Unended => {
                out.push(b' ');
                return true;
            }
            Comment::Rest => return true,
        };
    }
    out.extend_from_slice(rest);
    changed
}

/// How far a comment goes.
enum Comment<'v> {
    /// What is after it.
    Until(&'v [u8]),
    /// It should have an end and has none.
    Unended,
    /// To the end of the value, as it should.
    Rest,
}

/// The text before the next comment, and the comment.
fn next(text: &[u8]) -> Option<(&[u8], Comment<'_>)> {
    let mut at = 0;
    loop {
        let comment = match text.get(at..)? {
            [b'/', b'*', inside @ ..] | [b'<', b'!', b'-', b'-', inside @ ..] => {
                end(inside).map_or(Comment::Unended, Comment::Until)
            }
            [b'-', b'-', ..] | [b'#', ..] => Comment::Rest,
            [] => return None,
            _ => {
                at += 1;
                continue;
            }
        };
        return Some((text.get(..at)?, comment));
    }
}

/// What is after the end of a comment.
fn end(inside: &[u8]) -> Option<&[u8]> {
    let mut rest = inside;
    loop {
        let (_, sign) = rest.split_at_checked(memchr2(b'*', b'-', rest)?)?;
        match sign {
            [b'*', b'/', after @ ..] | [b'-', b'-', b'>', after @ ..] => return Some(after),
            _ => rest = sign.get(1..)?,
        }
    }
}

#[cfg(test)]
#[test]
fn remove_comments() {
    super::vectors(
        super::Transform::RemoveComments,
        24,
        &[
            (b"", b""),
            (b"plain", b"plain"),
            (b"a\0b", b"a\0b"),
            (b"/* c */", b""),
            (b"/**/", b""),
            (b"a/* c */b", b"ab"),
            (b"UNI/**//**/ON", b"UNION"),
            (b"a<!-- c --><!-- d -->b", b"ab"),
            (b"a c */ b", b"a c */ b"),
            (b"/*a/* b\r\nc ", b" "),
            (b"a /* b\nc ", b"a  "),
            (b"a /* */ b */ c", b"a  b */ c"),
            (b"a <!-- b", b"a  "),
            (b"a <!-- b */ c", b"a  c"),
            (b"a /* b --> c", b"a  c"),
            (b"id=1 -- x", b"id=1 "),
            (b"id=1 # x", b"id=1 "),
            (b"id=1 - - x/y<!-z", b"id=1 - - x/y<!-z"),
            (b"/*/", b" "),
            (b"/*/*/", b""),
            (b"a/*--", b"a "),
            (b"/* # */b", b"b"),
            (b"http://x/", b"http://x/"),
            (b"#", b""),
        ],
    );
}
