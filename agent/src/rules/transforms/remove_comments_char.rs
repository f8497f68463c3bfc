//! `remove_comments_char`: the signs go that comments are made of: `/*`, `*/`, `<!--`, `-->`, `--`, `#`.
//! What is between them stays; what only meets when a sign is gone is not looked at again.
//!
//! `UNI/**/ON -- x` → `UNION  x`

use memchr::memchr3;

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    if memchr3(b'*', b'-', b'#', value).is_none() {
        return false;
    }
    let mut rest = value;
    while let [byte, after @ ..] = rest {
        rest = match rest {
            [b'<', b'!', b'-', b'-', after @ ..]
            | [b'-', b'-', b'>', after @ ..]
            | [b'/', b'*', after @ ..]
            | [b'*', b'/', after @ ..]
            | [b'-', b'-', after @ ..]
            | [b'#', after @ ..] => after,
            _ => {
                out.push(*byte);
                after
            }
        };
    }
    out.len() != value.len()
}

#[cfg(test)]
#[test]
fn remove_comments_char() {
    super::vectors(
        super::Transform::RemoveCommentsChar,
        13,
        &[
            (b"", b""),
            (b"plain", b"plain"),
            (b"/*a*/", b"a"),
            (b"UNI/**/ON", b"UNION"),
            (b"a -- b", b"a  b"),
            (b"a # b", b"a  b"),
            (b"<!-- a -->", b" a "),
            (b"-->", b""),
            (b"--->", b"->"),
            (b"a-b/c*d<!-e", b"a-b/c*d<!-e"),
            (b"//**", b"/*"),
            (b"/*/", b"/"),
            (b"\0#\xff", b"\0\xff"),
        ],
    );
}
