//! `compress_whitespace`: each run of space, `\t`, `\n`, `\v`, `\f`, `\r` and Latin-1's no-break space
//! becomes one space. (libmodsecurity 3 does not count the last, the manual does; libddwaf knows the
//! space alone.)
//!
//! `union \t\n select` → `union select`

use super::whitespace::Spaces;

pub(super) fn apply(value: &[u8], out: &mut Vec<u8>) -> bool {
    let mut spaces = Spaces::default();
    let (mut in_run, mut changes) = (false, false);
    for (at, &byte) in value.iter().enumerate() {
        let space = spaces.is_space(byte);
        if !changes && space && (in_run || byte != b' ') {
            changes = true;
            out.extend_from_slice(value.get(..at).unwrap_or_default());
        }
        if changes && !(space && in_run) {
            out.push(if space { b' ' } else { byte });
        }
        in_run = space;
    }
    changes
}

#[cfg(test)]
#[test]
fn compress_whitespace() {
    super::vectors(
        super::Transform::CompressWhitespace,
        13,
        &[
            (b"", b""),
            (b"a b", b"a b"),
            (b"a  b", b"a b"),
            (b"a\tb", b"a b"),
            (b"union \t\r\n\x0b\x0c select", b"union select"),
            (b"\t", b" "),
            (b"  ", b" "),
            (b"a b  ", b"a b "),
            (b" a  b c", b" a b c"),
            (b"a\xa0b", b"a b"),
            (b"a\xa0\xa0 b", b"a b"),
            ("à  la".as_bytes(), "à la".as_bytes()),
            ("à la".as_bytes(), "à la".as_bytes()),
        ],
    );
}
