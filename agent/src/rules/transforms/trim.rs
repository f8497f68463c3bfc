//! `trim`, `trim_left`, `trim_right`: white space (C's `isspace`) at the ends goes.
//!
//! `\t a b\n` → `a b`

use super::whitespace::is_space;

pub(super) fn both(value: &[u8], out: &mut Vec<u8>) -> bool {
    take(value, ends(ends(value, true), false), out)
}

pub(super) fn left(value: &[u8], out: &mut Vec<u8>) -> bool {
    take(value, ends(value, true), out)
}

pub(super) fn right(value: &[u8], out: &mut Vec<u8>) -> bool {
    take(value, ends(value, false), out)
}

fn ends(value: &[u8], left: bool) -> &[u8] {
    let mut rest = value;
    loop {
        rest = match rest {
            [first, after @ ..] if left && is_space(*first) => after,
            [before @ .., last] if !left && is_space(*last) => before,
            _ => return rest,
        };
    }
}

fn take(value: &[u8], kept: &[u8], out: &mut Vec<u8>) -> bool {
    let changes = kept.len() != value.len();
    if changes {
        out.extend_from_slice(kept);
    }
    changes
}

#[cfg(test)]
#[test]
fn trim() {
    use super::Transform;
    let value = b" \t\n\x0b\x0c\r a \0 b\xa0 \r\n";
    super::vectors(
        Transform::Trim,
        5,
        &[(b"", b""), (b" ", b""), (b"a b", b"a b"), (value, b"a \0 b\xa0"), (b"\t\n\t", b"")],
    );
    super::vectors(
        Transform::TrimLeft,
        5,
        &[(b"", b""), (b" ", b""), (b"a b ", b"a b "), (value, b"a \0 b\xa0 \r\n"), (b"  x", b"x")],
    );
    super::vectors(
        Transform::TrimRight,
        5,
        &[
            (b"", b""),
            (b" ", b""),
            (b" a b", b" a b"),
            (value, b" \t\n\x0b\x0c\r a \0 b\xa0"),
            (b"x  ", b"x"),
        ],
    );
}
